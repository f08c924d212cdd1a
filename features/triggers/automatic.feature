@triggers
Feature: A rollback without a person keeps within its guards
  It acts rarely, and never twice for one release: then a person must find out why
  that release serves again.

  Scenario: The last automatic rollback was long ago, of another release
    Given every service is live in 2.4.0
    And the steady state is observed for 2 s
    And a rollback is called for when the error rate of analysis-service is above 5 % for 2 s
    And 2.5.1 of analysis-service was rolled back automatically 3 h ago
    When analysis-service is released as 2.5.0
    Then clients feel it within 5 s
    And a rollback is called for within 10 s
    And it is decided within 2 s
    And traffic is back on 2.4.0 within 10 s
    And clients get good answers again within 10 s, for 5 s on end
    And the recovery time is at most 30 s
    And every critical service is healthy 10 times in a row within 5 s
    And no acknowledged write is lost

  @control
  Scenario: The same release was rolled back before
    Given every service is live in 2.4.0
    And the steady state is observed for 2 s
    And a rollback is called for when the error rate of analysis-service is above 5 % for 2 s
    And 2.5.0 of analysis-service was rolled back automatically 3 h ago
    When analysis-service is released as 2.5.0
    Then clients feel it within 5 s
    And a rollback is called for within 10 s
    And traffic is back on 2.4.0 within 10 s
    And analysis-service answers as 2.4.0 within 5 s
    And the drill is missed because no rollback was called for
