@safety @control
Feature: A guard stops a drill before it goes too far
  What a drill may hit, when and for how long is limited before anything is touched,
  and watched as long as it runs. A drill that a guard stopped is aborted, never passed.

  Scenario: The place is not allowed
    Given every service is live in 2.4.0
    And the drill may run only in namespace audio of context staging-eu
    When analysis-service is released as 2.5.0
    Then traffic is back on 2.4.0 within 10 s
    And the drill is aborted because it may not run there

  Scenario: Nobody confirmed it
    Given every service is live in 2.4.0
    And the drill must be confirmed
    When analysis-service is released as 2.5.0
    Then traffic is back on 2.4.0 within 10 s
    And the drill is aborted because nobody confirmed it

  Scenario: The kill switch is there
    Given every service is live in 2.4.0
    And the drill has the kill switch 'switched-off'
    When analysis-service is released as 2.5.0
    Then traffic is back on 2.4.0 within 10 s
    And the drill is aborted because the kill switch was thrown

  Scenario: The fault would change nothing
    Given every service is live in 2.4.0
    When analysis-service is updated in place to 2.4.0
    Then analysis-service is to be rolled back to 2.4.0 batch by batch
    And the drill is aborted because the fault selects nothing

  Scenario: The fault would hit too many services
    Given every service is live in 2.4.0
    And the fault may hit at most 0 services
    When analysis-service is released as 2.5.0
    Then traffic is back on 2.4.0 within 10 s
    And the drill is aborted because the fault would hit too many services

  Scenario: The fault would hit too many replicas
    Given every service is live in 2.4.0
    And the fault may hit at most 50 % of the replicas of a service
    When analysis-service is released as 2.5.0
    Then traffic is back on 2.4.0 within 10 s
    And the drill is aborted because the fault would hit too many replicas

  Scenario: A blackout is on
    Given every service is live in 2.4.0
    And no drill runs on mon, tue, wed, thu, fri, sat, sun from 00:00 to 24:00 in Europe/Berlin
    When analysis-service is released as 2.5.0
    Then traffic is back on 2.4.0 within 10 s
    And the drill is aborted because no drill may run at that time

  Scenario: The drill takes too long
    Given every service is live in 2.4.0
    And the steady state is observed for 1 s
    And the drill may take at most 8 s
    And a rollback is called for when the error rate of analysis-service is above 5 % for 30 s
    When analysis-service is released as 2.5.0
    Then clients feel it within 5 s
    And traffic is back on 2.4.0 within 10 s
    And the drill is aborted because it took too long

  Scenario: Clients are hurt more than they may be
    Given every service is live in 2.4.0
    And the steady state is observed for 1 s
    And the drill is stopped when the error rate of analysis-service is above 20 % for 1 s
    And a rollback is called for when the error rate of analysis-service is above 5 % for 30 s
    When analysis-service is released as 2.5.0
    Then clients feel it within 5 s
    And traffic is back on 2.4.0 within 10 s
    And the drill is aborted because an abort condition was met
