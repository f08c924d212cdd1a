@kind
Feature: An upgrade that hangs in pending is undone
  The pipeline that upgrades a service dies over it. Its revision stays pending,
  the release is live all the same, and the way back goes by the revision before
  that worked.

  Scenario: A Helm upgrade hangs in pending
    Given every service is live in 2.4.0
    And the steady state is observed for 2 s
    And a rollback is called for when the error rate of analysis-service is above 5 % for 3 s
    When the upgrade of analysis-service to 2.5.0 hangs in pending
    Then clients feel it within 5 s
    And a rollback is called for within 10 s
    And it is decided within 5 s
    And analysis-service is rolled back to 2.4.0 by its revision within 30 s
    And clients get good answers again within 10 s, for 5 s on end
    And every critical service is healthy 10 times in a row within 5 s
    And analysis-service answers as 2.4.0 within 5 s
    And every service gives good answers to its business request within 5 s
    And the recovery time is at most 60 s
    And no acknowledged write is lost
