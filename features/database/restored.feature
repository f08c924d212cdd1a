Feature: The database goes back to where it was
  What was restored is made beside the live database, looked at, and then takes its place. Writers are stopped first, so
  that nothing that clients are told is safe is given up after that. How much was given up is told from the ledger.

  Background:
    Given every service is live in 2.4.0
    And the steady state is observed for 2 s
    And a rollback is called for when the error rate of tracklist-service is above 5 % for 1 s

  Scenario: A table is dropped, and the moment before that comes back
    Given a base backup of the database is taken
    When the table tracklist_items is dropped
    Then clients feel it within 5 s
    And a rollback is called for within 10 s
    And the database is restored to the moment before the fault within 60 s
    And clients get good answers again within 20 s, for 5 s on end
    And the database has its tables within 5 s
    And every critical service is healthy 10 times in a row within 5 s
    And the recovery time is at most 90 s
    And the recovery point is at most 30 s

  Scenario: Rows are deleted, and a restore point that was set before comes back
    Given a base backup of the database is taken
    When all rows of tracklists are deleted
    Then clients feel it within 5 s
    And a rollback is called for within 10 s
    And the database is restored to a restore point before the fault within 60 s
    And clients get good answers again within 20 s, for 5 s on end
    And the recovery time is at most 90 s
    And the recovery point is at most 30 s

  Scenario: A table is dropped, and the newest dump comes back
    Given the database is dumped
    When the table tracklist_items is dropped
    Then clients feel it within 5 s
    And a rollback is called for within 10 s
    And the database is restored from its newest dump within 60 s
    And clients get good answers again within 20 s, for 5 s on end
    And the recovery time is at most 90 s
    And the recovery point is at most 30 s

  Scenario: What a restore gives up counts against the recovery point
    Given the database is dumped
    When the table tracklist_items is dropped
    Then clients feel it within 5 s
    And a rollback is called for within 10 s
    And the database is restored from its newest dump within 60 s
    And clients get good answers again within 20 s, for 5 s on end
    And no acknowledged write is lost
    And the drill is missed because an objective was missed

  Scenario: The newest dump is too old, which is told, and is better than none
    Given the database is dumped
    When the table tracklist_items is dropped
    And the dump is too old
    Then clients feel it within 5 s
    And a rollback is called for within 10 s
    And the database is restored from its newest dump within 60 s
    And clients get good answers again within 20 s, for 5 s on end
    And the recovery time is at most 90 s
    And the recovery point is at most 30 s
