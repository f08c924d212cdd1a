@triggers
Feature: What a rollback needs and costs is looked at before it begins
  The report says what was ready and what was not, with a remedy for each, and what
  goes with the release: a rollback is a decision with a price.

  Scenario: A rollback for which all is there
    Given every service is live in 2.4.0
    And the steady state is observed for 2 s
    And a rollback is called for when the error rate of analysis-service is above 5 % for 2 s
    When analysis-service is released as 2.5.0
    Then clients feel it within 5 s
    And a rollback is called for within 10 s
    And it is decided within 2 s
    And traffic is back on 2.4.0 within 10 s
    And clients get good answers again within 10 s, for 5 s on end
    And every critical service is healthy 10 times in a row within 5 s
    And the recovery time is at most 30 s
    And no acknowledged write is lost

  @control
  Scenario: Nothing stands by, and the report says what to do instead
    Given every service is live in 2.4.0
    And the steady state is observed for 2 s
    And a rollback is called for when the error rate of analysis-service is above 5 % for 2 s
    When analysis-service is updated in place to 2.5.0
    Then clients feel it within 5 s
    And a rollback is called for within 10 s
    And analysis-service is to be rolled back to 2.4.0 by switching traffic
    But the rollback is refused because the standby cannot take over
    And analysis-service answers as 2.4.0 within 5 s
