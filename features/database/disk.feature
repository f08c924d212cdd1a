Feature: A database whose disk is full comes back on another one
  It cannot write its log, so it gives up, and it starts again only when there is room. Its log was kept elsewhere, but for
  what was acknowledged in the moment in which it gave up.

  Background:
    Given every service is live in 2.4.0
    And the database has a disk of 128 MB of its own
    And the steady state is observed for 1 s
    And a rollback is called for when the error rate of tracklist-service is above 5 % for 1 s

  Scenario: The disk is full, and the moment before that comes back
    Given a base backup of the database is taken
    When the disk of the database is full
    Then clients feel it within 5 s
    And a rollback is called for within 10 s
    And the database is restored to the moment before the fault within 60 s
    And clients get good answers again within 20 s, for 3 s on end
    And nothing is left of the fault within 5 s
    And the recovery time is at most 90 s
    And the recovery point is at most 30 s

  Scenario: The disk is full, and a dump has nowhere to go
    Given the database is dumped
    When the disk of the database is full
    Then clients feel it within 5 s
    And a rollback is called for within 10 s
    And the database is restored from its newest dump within 60 s
    And the rollback is refused because the disk has no room for a restore
