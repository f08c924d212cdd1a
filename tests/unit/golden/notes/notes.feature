Feature: Notes

  Scenario: A release fails all of its requests
    Given every service is live in 1.0.0
    And the steady state is observed for 1 s
    And a rollback is called for when the error rate of notes is above 5 % for 1 s
    When notes is released as 2.0.0
    Then clients feel it within 3 s
    And a rollback is called for within 5 s
    And it is decided within 2 s
    And traffic is back on 1.0.0 within 5 s
    And clients get good answers again within 5 s, for 1 s on end
    And notes answers as 1.0.0 within 5 s
    And every service gives good answers to its business request within 5 s
    And the recovery time is at most 20 s
    And no acknowledged write is lost
