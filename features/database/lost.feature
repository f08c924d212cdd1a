Feature: A database that is lost with its disk comes back from what was kept elsewhere
  A base backup and the log that was received since are all there is. A second server is made of them, and takes the
  place of the lost one.

  Background:
    Given every service is live in 2.4.0
    And the steady state is observed for 2 s
    And a rollback is called for when the error rate of tracklist-service is above 5 % for 1 s

  Scenario: The database is lost with its disk, and not one acknowledged write
    Given a base backup of the database is taken
    When the database is lost with its disk
    Then clients feel it within 5 s
    And a rollback is called for within 10 s
    And the database is restored to the end of its log within 60 s
    And clients get good answers again within 20 s, for 5 s on end
    And the recovery time is at most 90 s
    And no acknowledged write is lost
