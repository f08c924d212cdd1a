@chaostoolkit
Feature: The fault of a drill may be an experiment of Chaos Toolkit
  A team that has experiments already need not write them again: the method of one
  is the fault, its rollbacks take it back. Chaos Toolkit calls a run completed
  although an action of it has failed; a drill does not.

  Scenario: An experiment suspends every process of a service
    Given every service is live in 2.4.0
    And analysis-service is live in 2.4.1, with 2.4.0 on standby
    And the steady state is observed for 2 s
    And a rollback is called for when the error rate of analysis-service is above 5 % for 2 s
    When the experiment "experiments/suspend-analysis.json" is run
    Then clients feel it within 5 s
    And a rollback is called for within 10 s
    And it is decided within 2 s
    And traffic is back on 2.4.0 within 10 s
    And clients get good answers again within 10 s, for 5 s on end
    And every critical service is healthy 10 times in a row within 5 s
    And analysis-service answers as 2.4.0 within 5 s
    And the recovery time is at most 30 s
    And no acknowledged write is lost

  @control
  Scenario: An experiment that hurts nobody proves nothing
    Given every service is live in 2.4.0
    And the steady state is observed for 2 s
    When the experiment "experiments/ask-analysis.yaml" is run
    Then clients feel it within 2 s
    And every critical service is healthy 10 times in a row within 5 s
    And the drill is invalid because the fault had no effect

  @control
  Scenario: An experiment whose action fails has not been run
    Given every service is live in 2.4.0
    And the steady state is observed for 2 s
    When the experiment "experiments/unreachable-host.yaml" is run
    Then clients feel it within 2 s
    And every critical service is healthy 10 times in a row within 5 s
    And the drill is invalid because the fault could not be injected
