Feature: A service that nobody can reach is taken out of the way
  Its processes run, and nothing has crashed: they hang, or the network does. Clients are sent to what stands by.

  Background:
    Given every service is live in 2.4.0
    And the steady state is observed for 2 s

  Scenario: A service hangs
    Given tracklist-service is live in 2.4.0, with 2.4.1 on standby
    And a rollback is called for when tracklist-service is down for 3 s
    When tracklist-service hangs
    Then clients feel it within 5 s
    And a rollback is called for within 10 s
    And traffic is back on 2.4.1 within 10 s
    And clients get good answers again within 10 s, for 5 s on end
    And every critical service is healthy 10 times in a row within 5 s
    And the recovery time is at most 30 s
    And no acknowledged write is lost

  Scenario: Connections are refused
    Given tracklist-service is live in 2.4.0, with 2.4.1 on standby
    And a rollback is called for when tracklist-service is down for 3 s
    When connections to tracklist-service are refused
    Then clients feel it within 5 s
    And a rollback is called for within 10 s
    And traffic is back on 2.4.1 within 10 s
    And clients get good answers again within 10 s, for 5 s on end
    And every critical service is healthy 10 times in a row within 5 s
    And the recovery time is at most 30 s
    And no acknowledged write is lost

  Scenario: Connections are black-holed
    Given tracklist-service is live in 2.4.0, with 2.4.1 on standby
    And a rollback is called for when tracklist-service is down for 3 s
    When connections to tracklist-service are black-holed
    Then clients feel it within 5 s
    And a rollback is called for within 10 s
    And traffic is back on 2.4.1 within 10 s
    And clients get good answers again within 10 s, for 5 s on end
    And every critical service is healthy 10 times in a row within 5 s
    And the recovery time is at most 30 s
    And no acknowledged write is lost

  Scenario: A third of the answers are lost
    Given tracklist-service is live in 2.4.0, with 2.4.1 on standby
    And a rollback is called for when the error rate of tracklist-service is above 5 % for 3 s
    When 30 % of the answers of tracklist-service are lost
    Then clients feel it within 5 s
    And a rollback is called for within 10 s
    And traffic is back on 2.4.1 within 10 s
    And clients get good answers again within 10 s, for 5 s on end
    And every critical service is healthy 10 times in a row within 5 s
    And the recovery time is at most 30 s
    And no acknowledged write is lost
