@kind
Feature: A release whose pods cannot run is taken back by switching traffic
  What keeps a pod from running is the cluster's to say: an image that is nowhere,
  a limit of memory that it outgrows.

  Scenario: The image of a release does not exist
    Given every service is live in 2.4.0
    And the steady state is observed for 2 s
    And a rollback is called for when analysis-service is down for 3 s
    When analysis-service is released as 2.4.5 without waiting for it
    Then clients feel it within 5 s
    And a rollback is called for within 10 s
    And it is decided within 5 s
    And traffic is back on 2.4.0 within 10 s
    And clients get good answers again within 10 s, for 5 s on end
    And every critical service is healthy 10 times in a row within 5 s
    And analysis-service answers as 2.4.0 within 5 s
    And every service gives good answers to its business request within 5 s
    And the recovery time is at most 30 s
    And no acknowledged write is lost

  Scenario: A release outgrows its memory and is killed
    Given every service is live in 2.4.0
    And the steady state is observed for 2 s
    And a rollback is called for when the error rate of analysis-service is above 5 % for 3 s
    When analysis-service is released as 2.4.4
    Then clients feel it within 10 s
    And a rollback is called for within 40 s
    And it is decided within 5 s
    And traffic is back on 2.4.0 within 10 s
    And clients get good answers again within 10 s, for 5 s on end
    And every critical service is healthy 10 times in a row within 5 s
    And analysis-service answers as 2.4.0 within 5 s
    And every service gives good answers to its business request within 5 s
    And the recovery time is at most 60 s
    And no acknowledged write is lost
