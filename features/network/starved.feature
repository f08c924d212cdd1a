Feature: A service that gets too little of the machine is taken out of the way
  Its release is good, and nothing has crashed of itself: the machine, or a limit that somebody has set too low, gives it
  too little. Clients are sent to what stands by, which has enough.

  Background:
    Given every service is live in 2.4.0
    And tracklist-service is live in 2.4.0, with 2.4.1 on standby
    And the steady state is observed for 1 s
    And a rollback is called for when the error rate of tracklist-service is above 5 % for 1 s

  Scenario: A service is throttled
    When tracklist-service gets 2 % of a processor's time
    Then clients feel it within 5 s
    And a rollback is called for within 10 s
    And traffic is back on 2.4.1 within 10 s
    And clients get good answers again within 10 s, for 3 s on end
    And nothing is left of the fault within 5 s
    And the recovery time is at most 30 s
    And no acknowledged write is lost

  Scenario: A service is killed for the memory that it has
    When tracklist-service may have 50 % of the memory that it needs
    Then clients feel it within 5 s
    And a rollback is called for within 10 s
    And traffic is back on 2.4.1 within 10 s
    And clients get good answers again within 10 s, for 3 s on end
    And nothing is left of the fault within 5 s
    And the recovery time is at most 30 s
    And no acknowledged write is lost
