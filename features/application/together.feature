@rollback
Feature: All services go back together
  A release of the whole application is taken back service by service, those that
  others need first: by its standby where one is ready, else in its own slot.

  Scenario: The application goes back, each service by the way that is open to it
    Given every service is live in 2.4.1
    And file-watcher is live in 2.4.1, with 2.4.0 on standby
    And tracklist-service is live in 2.4.1, with 2.4.0 on standby
    And the steady state is observed for 2 s
    And a rollback is called for when the error rate of analysis-service is above 5 % for 3 s
    When analysis-service is updated in place to 2.5.0
    Then clients feel it within 5 s
    And a rollback is called for within 10 s
    And it is decided within 10 s
    And the application is rolled back to 2.4.0 within 60 s
    And clients get good answers again within 15 s, for 5 s on end
    And every critical service is healthy 10 times in a row within 5 s
    And every critical service answers as 2.4.0 within 5 s
    And the configuration of notification-service is that of 2.4.0 within 5 s
    And the business path works within 10 s
    And the recovery time is at most 60 s
    And no acknowledged write is lost

  @control
  Scenario: A release that does not start takes no other service with it
    Given every service is live in 2.4.0
    And the steady state is observed for 2 s
    And a rollback is called for when the error rate of analysis-service is above 5 % for 3 s
    When analysis-service is updated in place to 2.5.0
    Then clients feel it within 5 s
    And a rollback is called for within 10 s
    And the application is rolled back to 2.4.2 within 60 s
    And tracklist-service answers as 2.4.0 within 5 s
    And the drill is missed because the rollback failed
