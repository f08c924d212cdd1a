Feature: A restore that cannot succeed is refused before it touches anything
  Whoever finds out halfway that a backup is truncated has lost two databases. So everything is looked at first: the
  whole backup is read, the log is followed to the target, the disk is asked. What served before serves on.

  Background:
    Given every service is live in 2.4.0
    And the steady state is observed for 2 s
    And a rollback is called for when the error rate of tracklist-service is above 5 % for 1 s

  Scenario: There is no backup
    When the table tracklist_items is dropped
    Then clients feel it within 5 s
    And a rollback is called for within 10 s
    And the database is restored to the moment before the fault within 60 s
    And the rollback is refused because there is no backup to go back to

  Scenario Outline: The newest dump is damaged
    Given the database is dumped
    When the table tracklist_items is dropped
    And the dump is <damage>
    Then clients feel it within 5 s
    And a rollback is called for within 10 s
    And the database is restored from its newest dump within 60 s
    And the rollback is refused because the backup cannot be read

    Examples:
      | damage    |
      | corrupt   |
      | truncated |
      | missing   |

  Scenario: A base backup is corrupt
    Given a base backup of the database is taken
    When the table tracklist_items is dropped
    And the base backup is corrupt
    Then clients feel it within 5 s
    And a rollback is called for within 10 s
    And the database is restored to the moment before the fault within 60 s
    And the rollback is refused because the backup cannot be read

  Scenario: The log has a gap
    Given a base backup of the database is taken
    When the table tracklist_items is dropped
    And the base backup is cut off from its log
    Then clients feel it within 5 s
    And a rollback is called for within 10 s
    And the database is restored to the moment before the fault within 60 s
    And the rollback is refused because the log does not lead to the target

  Scenario Outline: A backup is of another version of the database
    Given <taken>
    When the table tracklist_items is dropped
    And <backup> is of another version
    Then clients feel it within 5 s
    And a rollback is called for within 10 s
    And <back> within 60 s
    And the rollback is refused because the backup cannot be read

    Examples:
      | taken                                   | backup          | back                                                   |
      | the database is dumped                  | the dump        | the database is restored from its newest dump          |
      | a base backup of the database is taken  | the base backup | the database is restored to the moment before the fault |
