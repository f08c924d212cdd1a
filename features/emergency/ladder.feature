@emergency
Feature: In an emergency the first way back that works is enough
  Five minutes in all, whatever is tried: traffic to the standby, then the release
  before, then a restart of what is there. Each way is cut to the time that is left.

  Scenario: The standby ends it
    Given every service is live in 2.4.0
    And the steady state is observed for 2 s
    And a rollback is called for when the error rate of analysis-service is above 5 % for 2 s
    When analysis-service is released as 2.5.0
    Then clients feel it within 5 s
    And a rollback is called for within 10 s
    And it is decided within 5 s
    And analysis-service is rolled back to 2.4.0 by the emergency ladder within 300 s
    And clients get good answers again within 10 s, for 5 s on end
    And every critical service is healthy 10 times in a row within 5 s
    And the recovery time is at most 30 s
    And no acknowledged write is lost

  Scenario: Nothing stands by, and the release before ends it
    Given every service is live in 2.4.0
    And the steady state is observed for 2 s
    And a rollback is called for when the error rate of analysis-service is above 5 % for 2 s
    When analysis-service is updated in place to 2.5.0
    Then clients feel it within 5 s
    And a rollback is called for within 10 s
    And it is decided within 5 s
    And analysis-service is rolled back to 2.4.0 by the emergency ladder within 300 s
    And clients get good answers again within 10 s, for 5 s on end
    And the business path works within 10 s
    And the recovery time is at most 60 s
    And no acknowledged write is lost

  Scenario: There is no release to go back to, and a restart ends it
    Given every service is live in 2.4.0
    And the steady state is observed for 2 s
    And a rollback is called for when tracklist-service is down for 2 s
    When tracklist-service crashes and stays down
    Then clients feel it within 5 s
    And a rollback is called for within 10 s
    And it is decided within 5 s
    And tracklist-service is rolled back to 2.4.0 by the emergency ladder within 300 s
    And clients get good answers again within 10 s, for 5 s on end
    And every critical service is healthy 10 times in a row within 5 s
    And the recovery time is at most 60 s
    And no acknowledged write is lost

  @control
  Scenario: The release to go back to does not start
    Given every service is live in 2.4.0
    And the steady state is observed for 2 s
    And a rollback is called for when the error rate of analysis-service is above 5 % for 2 s
    When analysis-service is updated in place to 2.5.0
    Then clients feel it within 5 s
    And a rollback is called for within 10 s
    And analysis-service is rolled back to 2.4.2 by the emergency ladder within 300 s
    And clients get good answers again within 3 s, for 2 s on end
    And every critical service is healthy 3 times in a row within 5 s
    And the drill is missed because the rollback did not bring its target back
