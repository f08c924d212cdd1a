@kind @two-nodes
Feature: A rollback while a node is drained ends well
  Nodes are taken out of service at any hour: to be patched, by an autoscaler,
  because a spot instance ends. That by itself calls for no rollback: replicas are
  evicted one after the other, as their budget allows, and start elsewhere. Whoever
  is on call must be sure of something else: that the way back stays open when a
  release goes bad in the middle of it. The replicas on standby, which a rollback
  counts on, have just been evicted; and what it starts must find room on the nodes
  that are left.

  Scenario: The replicas on standby are evicted
    Given every service has 2 replicas
    And every service is live in 2.4.0
    And the steady state is observed for 2 s
    And a rollback is called for when the error rate of analysis-service is above 5 % for 5 s
    When analysis-service is released as 2.5.0
    And the node of analysis-service is drained
    Then clients feel it within 5 s
    And a rollback is called for within 15 s
    And it is decided within 5 s
    And traffic is back on 2.4.0 within 10 s
    And clients get good answers again within 10 s, for 5 s on end
    And every critical service is healthy 10 times in a row within 5 s
    And analysis-service answers as 2.4.0 within 5 s
    And every service gives good answers to its business request within 5 s
    And the recovery time is at most 60 s
    And no acknowledged write is lost

  Scenario: A release in place is taken back on the nodes that are left
    Given every service has 2 replicas
    And every service is live in 2.4.0
    And the steady state is observed for 2 s
    And a rollback is called for when the error rate of analysis-service is above 5 % for 3 s
    When analysis-service is updated in place to 2.5.0
    And the node of analysis-service is drained
    Then clients feel it within 5 s
    And a rollback is called for within 10 s
    And it is decided within 5 s
    And analysis-service is rolled back to 2.4.0 batch by batch within 2 min
    And clients get good answers again within 10 s, for 5 s on end
    And every critical service is healthy 10 times in a row within 5 s
    And analysis-service answers as 2.4.0 within 5 s
    And every service gives good answers to its business request within 5 s
    And the recovery time is at most 3 min
    And no acknowledged write is lost
