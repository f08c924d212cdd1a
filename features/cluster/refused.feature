@kind @control
Feature: A rollback without a way back is refused and changes nothing
  Nobody recovers in these drills, and their verdict says so: missed. What they
  prove is that the rollback saw it in time and left alone what still served.

  Scenario: The history is too short
    Given every service is live in 2.4.0
    And the steady state is observed for 2 s
    And a rollback is called for when the error rate of analysis-service is above 5 % for 3 s
    When analysis-service is updated in place to 2.5.0
    And the history of analysis-service keeps only 1 revision
    Then clients feel it within 5 s
    And a rollback is called for within 10 s
    And it is decided within 5 s
    And analysis-service is to be rolled back to 2.4.0 by its revision
    But the rollback is refused because no revision holds 2.4.0
    And analysis-service answers as 2.4.0 within 5 s

  Scenario: The image of the target is missing from the registry
    Given every service is live in 2.4.0
    And the steady state is observed for 2 s
    And a rollback is called for when the error rate of analysis-service is above 5 % for 3 s
    When analysis-service is updated in place to 2.5.0
    And the image of analysis-service 2.4.0 is missing from the registry
    Then clients feel it within 5 s
    And a rollback is called for within 10 s
    And it is decided within 5 s
    And analysis-service is to be rolled back to 2.4.0 by its revision
    But the rollback is refused because there is no image of 2.4.0
    And analysis-service answers as 2.4.0 within 5 s

  Scenario: An earlier rollback is unfinished
    Given every service is live in 2.4.0
    And the steady state is observed for 2 s
    And a rollback is called for when the error rate of analysis-service is above 5 % for 3 s
    When analysis-service is updated in place to 2.5.0
    And an earlier rollback of analysis-service is unfinished
    Then clients feel it within 5 s
    And a rollback is called for within 10 s
    And it is decided within 5 s
    And analysis-service is to be rolled back to 2.4.0 by its revision
    But the rollback is refused because an earlier rollback is unfinished
    And analysis-service answers as 2.4.0 within 5 s
