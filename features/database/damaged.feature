Feature: What is damaged, and not gone, is taken back, too
  Every row is there, every table, and the version of the schema is the right one. Only who reads what clients read
  finds out, and only a restore knows how it was.

  Background:
    Given every service is live in 2.4.0
    And the steady state is observed for 2 s
    And a rollback is called for when the error rate of tracklist-service is above 5 % for 1 s

  Scenario: Wrong values are written, and the moment before that comes back
    Given a base backup of the database is taken
    When wrong values are written into tracklists
    Then clients feel it within 5 s
    And a rollback is called for within 10 s
    And the database is restored to the moment before the fault within 60 s
    And clients get good answers again within 20 s, for 5 s on end
    And the check 'every tracklist is whole' holds within 5 s
    And the recovery time is at most 90 s
    And the recovery point is at most 30 s

  Scenario: A leak uses up every connection, and the restore ends the sessions that have them
    Given a base backup of the database is taken
    When the database's connections are used up
    Then clients feel it within 5 s
    And a rollback is called for within 10 s
    And the database is restored to the end of its log within 60 s
    And clients get good answers again within 20 s, for 5 s on end
    And the recovery time is at most 90 s
    And no acknowledged write is lost

  Scenario: A migration is half done, and the moment before that comes back
    Given a base backup of the database is taken
    When the migration to 2.6.0 is half done
    Then clients feel it within 5 s
    And a rollback is called for within 10 s
    And the database is restored to the moment before the fault within 60 s
    And clients get good answers again within 20 s, for 5 s on end
    And the recovery time is at most 90 s
    And the recovery point is at most 30 s

  Scenario: A migration is half done, and the schema says that nothing has happened
    When the migration to 2.6.0 is half done
    Then clients feel it within 5 s
    And a rollback is called for within 10 s
    And the schema is rolled back to 2.4.0 within 20 s
    And the rollback is refused because the schema is another one
