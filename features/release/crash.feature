@release
Feature: A service that stays down is replaced by its standby
  A service crashes, every new start of it fails too, and clients are sent to
  the release that stands by.

  Scenario: A service crashes and stays down
    Given every service is live in 2.4.0
    And tracklist-service is live in 2.4.1, with 2.4.0 on standby
    And the steady state is observed for 2 s
    And a rollback is called for when tracklist-service is down for 3 s
    When tracklist-service crashes and stays down
    Then clients feel it within 5 s
    And a rollback is called for within 10 s
    And it is decided within 2 s
    And traffic is back on 2.4.0 within 10 s
    And clients get good answers again within 10 s, for 5 s on end
    And every critical service is healthy 10 times in a row within 5 s
    And tracklist-service answers as 2.4.0 within 5 s
    And every service gives good answers to its business request within 5 s
    And the recovery time is at most 30 s
    And no acknowledged write is lost
