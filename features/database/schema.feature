Feature: The schema goes back to an earlier version
  Each script runs in one transaction, in which the version is changed too: either both are done, or neither.

  Background:
    Given every service is live in 2.4.0
    And the steady state is observed for 2 s
    And a rollback is called for when the error rate of analysis-service is above 5 % for 1 s

  Scenario: A migration comes too early
    When the schema is migrated to 2.6.0
    Then clients feel it within 5 s
    And a rollback is called for within 10 s
    And the schema is rolled back to 2.4.0 within 20 s
    And clients get good answers again within 10 s, for 5 s on end
    And the recovery time is at most 30 s
    And no acknowledged write is lost

  Scenario: No script leads to the version that is wanted
    When the schema is migrated to 2.6.0
    Then clients feel it within 5 s
    And a rollback is called for within 10 s
    And the schema is rolled back to 2.3.0 within 20 s
    And the rollback is refused because no script leads back

  Scenario: A forgotten transaction holds what the script must change
    When the schema is migrated to 2.6.0
    And a transaction that has read analysis_results is left idle
    Then clients feel it within 5 s
    And a rollback is called for within 10 s
    And the schema is rolled back to 2.4.0 within 20 s
    And the drill is missed because the rollback failed
