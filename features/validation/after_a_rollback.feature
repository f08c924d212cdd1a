@validation
Feature: A rollback is validated from every side
  That clients get good answers again is not all. What was given back must be
  whole: versions, schema, configuration, data, and the way through all of it.

  Scenario: A release is taken back and nothing of it is left
    Given every service is live in 2.4.0
    And clients probe every service 30 times a second
    And the steady state is observed for 2 s
    And a rollback is called for when the error rate of analysis-service is above 5 % for 3 s
    When analysis-service is released as 2.5.0
    Then clients feel it within 5 s
    And a rollback is called for within 10 s
    And it is decided within 5 s
    And traffic is back on 2.4.0 within 10 s
    And clients get good answers again within 10 s, for 5 s on end
    And every critical service is healthy 10 times in a row within 5 s
    And every critical service answers as 2.4.0 within 5 s
    And 95 % of the answers of analysis-service take at most 250 ms within 5 s
    And every service gives good answers to its business request within 5 s
    And the business path works within 10 s
    And the database answers within 5 s
    And the database has its tables within 5 s
    And audio_files holds at least 20 rows within 5 s
    And no foreign key has orphans within 10 s
    And the schema is that of release 2.4.0 within 5 s
    And the configuration of analysis-service is that of 2.4.0 within 5 s
    And the check 'the first set begins with the night ferry' holds within 5 s
    And nothing is left of the fault within 5 s
    And the recovery time is at most 30 s
    And no acknowledged write is lost

  Scenario: A release in place is taken back and nothing of it is left
    Given every service is live in 2.4.0
    And clients probe every service 30 times a second
    And the steady state is observed for 2 s
    And a rollback is called for when the error rate of analysis-service is above 5 % for 3 s
    When analysis-service is updated in place to 2.5.0
    Then clients feel it within 5 s
    And a rollback is called for within 10 s
    And it is decided within 5 s
    And analysis-service is rolled back to 2.4.0 by its revision within 30 s
    And clients get good answers again within 10 s, for 5 s on end
    And every critical service answers as 2.4.0 within 5 s
    And the configuration of analysis-service is that of 2.4.0 within 5 s
    And the business path works within 10 s
    And nothing is left of the fault within 5 s
    And the recovery time is at most 60 s
    And no acknowledged write is lost

  @control
  Scenario: Clients are content, and the business path is broken
    Given every service is live in 2.4.0
    And tracklist-service is live in 2.5.3, with 2.4.0 on standby
    And clients probe every service 30 times a second
    And the steady state is observed for 2 s
    And a rollback is called for when the error rate of analysis-service is above 5 % for 3 s
    When analysis-service is released as 2.5.0
    Then clients feel it within 5 s
    And a rollback is called for within 10 s
    And it is decided within 5 s
    And traffic is back on 2.4.0 within 10 s
    And clients get good answers again within 10 s, for 5 s on end
    And every service gives good answers to its business request within 5 s
    And the business path works within 2 s
    And the drill is missed because a criterion did not hold
