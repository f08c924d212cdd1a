@triggers
Feature: What a system declares calls for a rollback, too
  Not everything that is wrong is a service that fails its clients. A partner that
  cannot read, a metric of the business that falls, data that is not whole: each is
  looked at by a check of the system's own, and says since when it has been so.

  Scenario: A partner cannot read what it reads every day
    Given every service is live in 2.4.0
    And the steady state is observed for 2 s
    And a rollback is called for by the trigger 'partners cannot read analyses' for 2 s
    And the incident is of high severity
    And high severity counts after 1 s
    When analysis-service is released as 2.5.0
    Then clients feel it within 5 s
    And a rollback is called for within 10 s
    And it is decided within 2 s
    And traffic is back on 2.4.0 within 10 s
    And clients get good answers again within 10 s, for 5 s on end
    And every critical service is healthy 10 times in a row within 5 s
    And the check 'the file in a minor key can be shown' holds within 5 s
    And the recovery time is at most 30 s
    And no acknowledged write is lost

  Scenario: The business metric falls below its bound
    Given every service is live in 2.4.0
    And the steady state is observed for 5 s
    And a rollback is called for by the trigger 'too few analyses arrive' for 1 s
    And high severity counts after 500 ms
    When analysis-service is released as 2.5.0
    Then clients feel it within 5 s
    And a rollback is called for within 15 s
    And it is decided within 2 s
    And traffic is back on 2.4.0 within 10 s
    And clients get good answers again within 10 s, for 5 s on end
    And the check 'analyses arrive' holds within 10 s
    And the recovery time is at most 40 s
    And no acknowledged write is lost

  @control
  Scenario: Nothing of what is watched is wrong
    Given every service is live in 2.4.0
    And the steady state is observed for 2 s
    And a rollback is called for by the trigger 'tracklists lose files' for 1 s
    And a rollback is called for by the trigger 'rows refer to rows that are gone' for 1 s
    And a rollback is called for by the trigger 'somebody was in'
    When analysis-service is released as 2.5.0
    Then clients feel it within 5 s
    And a rollback is called for within 4 s
    And traffic is back on 2.4.0 within 10 s
    And analysis-service answers as 2.4.0 within 5 s
    And the drill is missed because no trigger was met
