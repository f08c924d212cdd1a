Feature: What goes wrong during a restore costs no write
  A restore is made beside the live database, from a backup and a log that lie elsewhere. So it may lose the live one on
  its way, and its own process, too.

  Background:
    Given every service is live in 2.4.0
    And the steady state is observed for 2 s
    And a rollback is called for when the error rate of tracklist-service is above 5 % for 1 s
    And a base backup of the database is taken

  Scenario: The live database is lost in the middle of the restore
    When a page of tracklist_items is damaged on the disk
    And the live database is lost in the middle of the restore
    Then clients feel it within 5 s
    And a rollback is called for within 10 s
    And the database is restored to the end of its log within 60 s
    And clients get good answers again within 20 s, for 5 s on end
    And the recovery time is at most 90 s
    And no acknowledged write is lost

  Scenario: The engine is killed while writers are stopped, and another one resumes
    When a page of tracklist_items is damaged on the disk
    And the engine is killed after step 7 of the rollback, which is then resumed
    Then clients feel it within 5 s
    And a rollback is called for within 10 s
    And the database is restored to the end of its log within 60 s
    And clients get good answers again within 20 s, for 5 s on end
    And the recovery time is at most 90 s
    And no acknowledged write is lost
