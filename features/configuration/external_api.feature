Feature: An external API that is down keeps nothing from going back
  It is somebody else's, and services get along without it. A rollback tries to reach it as it tries the database, says
  that it cannot, and goes on. Its loss alone is felt by nobody but where a release leans on it, and then that goes back.

  Background:
    Given every service is live in 2.4.0
    And services are told of an external API
    And the configuration is archived as 2.4.0
    And the steady state is observed for 2 s

  Scenario: A key that a service needs is gone, and so is the external API
    Given a rollback is called for when the error rate of analysis-service is above 5 % for 1 s
    When database.pool_size is removed from analysis-service.toml of analysis-service
    And the external API is down
    Then clients feel it within 5 s
    And a rollback is called for within 10 s
    And the configuration is rolled back to 2.4.0 within 60 s
    And clients get good answers again within 10 s, for 5 s on end
    And the configuration of analysis-service is that of 2.4.0 within 5 s
    And the recovery time is at most 60 s

  Scenario: A release asks the external API for every answer, and hangs with it
    Given tracklist-service is live in 2.4.6, with 2.4.0 on standby
    And a rollback is called for when the error rate of tracklist-service is above 5 % for 1 s
    When the external API answers only after 20 s
    Then clients feel it within 8 s
    And a rollback is called for within 10 s
    And tracklist-service is rolled back to 2.4.0 by switching traffic within 10 s
    And clients get good answers again within 10 s, for 3 s on end
    And tracklist-service answers as 2.4.0 within 5 s
    And the recovery time is at most 30 s
    And no acknowledged write is lost

  @control
  Scenario: Nothing is wrong but that the external API does not answer
    Given a rollback is called for when the error rate of analysis-service is above 5 % for 1 s
    When the external API is down
    Then clients feel it within 2 s
    And the configuration is rolled back to 2.4.0 within 60 s
    And the drill is invalid because the fault had no effect
