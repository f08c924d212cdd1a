@release
Feature: A bad release is taken back by switching traffic
  A release goes live, clients get bad answers, and the traffic is sent back to
  the slot that still runs the release before.

  Scenario: A release fails 40 % of its requests
    Given every service is live in 2.4.0
    And the steady state is observed for 2 s
    And a rollback is called for when the error rate of analysis-service is above 5 % for 3 s
    When analysis-service is released as 2.5.0
    Then clients feel it within 5 s
    And a rollback is called for within 10 s
    And it is decided within 2 s
    And traffic is back on 2.4.0 within 10 s
    And clients get good answers again within 10 s, for 5 s on end
    And every critical service is healthy 10 times in a row within 5 s
    And analysis-service answers as 2.4.0 within 5 s
    And every service gives good answers to its business request within 5 s
    And the schema is at version 2.4.0 within 5 s
    And the recovery time is at most 30 s
    And no acknowledged write is lost
