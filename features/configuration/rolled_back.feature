Feature: The configuration goes back to an earlier version
  A configuration is read, parsed and tried before anything is changed, and what was there is kept. Services get it one
  after the other: each is started with it beside what serves, which goes only once the new one is ready.

  Background:
    Given every service is live in 2.4.0
    And the configuration is archived as 2.4.0
    And the steady state is observed for 2 s
    And a rollback is called for when the error rate of analysis-service is above 5 % for 1 s

  Scenario: A key that a service needs is gone
    When database.pool_size is removed from analysis-service.toml of analysis-service
    Then clients feel it within 5 s
    And a rollback is called for within 10 s
    And the configuration is rolled back to 2.4.0 within 60 s
    And clients get good answers again within 10 s, for 5 s on end
    And the configuration of analysis-service is that of 2.4.0 within 5 s
    And every critical service is healthy 10 times in a row within 5 s
    And the recovery time is at most 60 s
    And no acknowledged write is lost

  Scenario: A service is given a wrong password
    When analysis-service is given a wrong password for the database
    Then clients feel it within 5 s
    And a rollback is called for within 10 s
    And the configuration is rolled back to 2.4.0 within 60 s
    And clients get good answers again within 10 s, for 5 s on end
    And nothing is left of the fault within 5 s
    And the recovery time is at most 60 s
    And no acknowledged write is lost
