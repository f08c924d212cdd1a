@release @control
Feature: A drill in which nothing happens proves nothing
  A negative control: a harness that calls this a pass would call anything a pass.

  Scenario: Nothing is injected
    Given every service is live in 2.4.0
    And the steady state is observed for 2 s
    And a rollback is called for when the error rate of analysis-service is above 5 % for 3 s
    When nothing is done
    Then clients feel it within 2 s
    And every critical service is healthy 10 times in a row within 5 s
    And the recovery time is at most 30 s
    And the drill is invalid because the fault had no effect
