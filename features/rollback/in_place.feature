@rollback
Feature: A release that replaced the one before is taken back in its own slot
  A release goes live in the slot that serves, so nothing stands by that traffic
  could be sent to: the service itself goes back to the release before.

  Scenario: A release in place is taken back by its revision
    Given every service is live in 2.4.0
    And the steady state is observed for 2 s
    And a rollback is called for when the error rate of analysis-service is above 5 % for 3 s
    When analysis-service is updated in place to 2.5.0
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

  Scenario: A release in place is taken back batch by batch
    Given every service is live in 2.4.0
    And the steady state is observed for 2 s
    And a rollback is called for when the error rate of analysis-service is above 5 % for 3 s
    When analysis-service is updated in place to 2.5.0
    Then clients feel it within 5 s
    And a rollback is called for within 10 s
    And it is decided within 5 s
    And analysis-service is rolled back to 2.4.0 batch by batch within 90 s
    And clients get good answers again within 10 s, for 5 s on end
    And every critical service is healthy 10 times in a row within 5 s
    And analysis-service answers as 2.4.0 within 5 s
    And every service gives good answers to its business request within 5 s
    And the recovery time is at most 2 min
    And no acknowledged write is lost
