@safety
Feature: A drill that keeps within its guards runs to its end

  Scenario: Every guard is on and none is broken
    Given every service is live in 2.4.0
    And the steady state is observed for 2 s
    And the fault may hit at most 1 service
    And the fault may hit at most 100 % of the replicas of a service
    And no drill runs from 2020-12-20 to 2021-01-06 in Europe/Berlin
    And the drill may take at most 5 min
    And the drill is stopped when the error rate of analysis-service is above 90 % for 15 s
    And the drill is stopped when tracklist-service is down for 15 s
    And a rollback is called for when the error rate of analysis-service is above 5 % for 1 s
    When analysis-service is released as 2.5.0
    Then clients feel it within 5 s
    And a rollback is called for within 10 s
    And it is decided within 2 s
    And traffic is back on 2.4.0 within 10 s
    And clients get good answers again within 10 s, for 2 s on end
    And every critical service is healthy 10 times in a row within 5 s
    And the recovery time is at most 30 s
    And no acknowledged write is lost
