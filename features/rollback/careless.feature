@rollback
Feature: A release that nobody waited for is taken back by switching traffic
  Clients are sent to a release before anybody looked whether it starts. The
  release before still runs in the other slot, and takes over again.

  Scenario: A release ends at its start, again and again
    Given every service is live in 2.4.0
    And the steady state is observed for 2 s
    And a rollback is called for when analysis-service is down for 3 s
    When analysis-service is released as 2.4.2 without waiting for it
    Then clients feel it within 5 s
    And a rollback is called for within 10 s
    And it is decided within 5 s
    And traffic is back on 2.4.0 within 10 s
    And clients get good answers again within 10 s, for 5 s on end
    And every critical service is healthy 10 times in a row within 5 s
    And analysis-service answers as 2.4.0 within 5 s
    And every service gives good answers to its business request within 5 s
    And the recovery time is at most 30 s
    And no acknowledged write is lost

  Scenario: A release is never ready
    Given every service is live in 2.4.0
    And the steady state is observed for 2 s
    And a rollback is called for when tracklist-service is down for 3 s
    When tracklist-service is released as 2.4.3 without waiting for it
    Then clients feel it within 5 s
    And a rollback is called for within 10 s
    And it is decided within 5 s
    And traffic is back on 2.4.0 within 10 s
    And clients get good answers again within 10 s, for 5 s on end
    And every critical service is healthy 10 times in a row within 5 s
    And tracklist-service answers as 2.4.0 within 5 s
    And every service gives good answers to its business request within 5 s
    And the recovery time is at most 30 s
    And no acknowledged write is lost
