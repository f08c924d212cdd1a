Feature: A configuration that would not help is refused before anything is changed
  Whoever finds out after the restart that a password is dead has taken down what still served. So the archive is read to
  its end, its files are parsed, and its credentials are tried first.

  Background:
    Given every service is live in 2.4.0
    And the configuration is archived as 2.4.0
    And the steady state is observed for 2 s
    And a rollback is called for when the error rate of analysis-service is above 5 % for 1 s

  Scenario: The archive has a password that leaked and was rotated since
    When the leaked password of the database is rotated, and analysis-service is not told
    Then clients feel it within 5 s
    And a rollback is called for within 10 s
    And the configuration is rolled back to 2.4.0 within 60 s
    And the rollback is refused because a credential of the target is dead

  Scenario Outline: The archive is of no use
    When database.pool_size is removed from analysis-service.toml of analysis-service
    And the archive of the configuration 2.4.0 is <how>
    Then clients feel it within 5 s
    And a rollback is called for within 10 s
    And the configuration is rolled back to 2.4.0 within 60 s
    And the rollback is refused because <why>

    Examples:
      | how       | why                                              |
      | truncated | the archive of the configuration cannot be used |
      | not valid | the configuration of the target is not valid    |

  Scenario: The archive is from another time, and a service does not start with it
    When database.pool_size is removed from analysis-service.toml of analysis-service
    And the archive of the configuration 2.4.0 is one that services do not start with
    Then clients feel it within 5 s
    And a rollback is called for within 10 s
    And the configuration is rolled back to 2.4.0 within 60 s
    And the drill is missed because the rollback failed
