@release
Feature: Slow answers are an outage too
  Answers become so slow that clients give up on them, and they are sent to
  the slot whose answers are as fast as before.

  Scenario: Answers become five times slower
    Given every service is live in 2.4.0
    And file-watcher is live in 2.4.1, with 2.4.0 on standby
    And a good answer of file-watcher takes at most 180 ms
    And the steady state is observed for 2 s
    And a rollback is called for when responses of file-watcher take more than 3 times their baseline for 3 s
    When answers of file-watcher become 5 times slower
    Then clients feel it within 5 s
    And a rollback is called for within 10 s
    And it is decided within 2 s
    And traffic is back on 2.4.0 within 10 s
    And clients get good answers again within 10 s, for 5 s on end
    And every critical service is healthy 10 times in a row within 5 s
    And file-watcher answers as 2.4.0 within 5 s
    And every service gives good answers to its business request within 5 s
    And the recovery time is at most 30 s
    And no acknowledged write is lost
