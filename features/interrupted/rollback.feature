Feature: What goes wrong during a rollback is seen through, or told
  A rollback begins in the worst hour of the year, and the hour does not get better: the engine's own process is killed,
  somebody else presses the button too, what it counts on dies, the database is lost on top of it.

  Scenario: The engine is killed after a step, and another one resumes
    Given every service is live in 2.4.0
    And the steady state is observed for 2 s
    And a rollback is called for when the error rate of analysis-service is above 5 % for 3 s
    When analysis-service is released as 2.5.0
    And the engine is killed after step 2 of the rollback, which is then resumed
    Then clients feel it within 5 s
    And a rollback is called for within 10 s
    And traffic is back on 2.4.0 within 20 s
    And clients get good answers again within 10 s, for 5 s on end
    And every critical service is healthy 10 times in a row within 5 s
    And analysis-service answers as 2.4.0 within 5 s
    And the recovery time is at most 60 s
    And no acknowledged write is lost

  Scenario: A second rollback is started at the same time, and is refused
    Given every service is live in 2.4.0
    And the steady state is observed for 2 s
    And a rollback is called for when the error rate of analysis-service is above 5 % for 3 s
    When analysis-service is released as 2.5.0
    And a second rollback is started at the same time, and is refused
    Then clients feel it within 5 s
    And a rollback is called for within 10 s
    And traffic is back on 2.4.0 within 20 s
    And clients get good answers again within 10 s, for 5 s on end
    And every critical service is healthy 10 times in a row within 5 s
    And analysis-service answers as 2.4.0 within 5 s
    And the recovery time is at most 60 s
    And no acknowledged write is lost

  Scenario: The metrics source is down, and the decision is made without it
    Given every service is live in 2.4.0
    And the steady state is observed for 2 s
    And a rollback is called for when the error rate of analysis-service is above 5 % for 1 s
    When analysis-service is released as 2.5.0
    And the metrics source is down
    Then clients feel it within 5 s
    And a rollback is called for within 10 s
    And it is decided within 2 s
    And traffic is back on 2.4.0 within 20 s
    And clients get good answers again within 10 s, for 1 s on end
    And analysis-service answers as 2.4.0 within 5 s
    And the recovery time is at most 60 s
    And no acknowledged write is lost

  Scenario: The metrics source is slow, and nobody waits for it
    Given every service is live in 2.4.0
    And the steady state is observed for 2 s
    And a rollback is called for when the error rate of analysis-service is above 5 % for 1 s
    When analysis-service is released as 2.5.0
    And the metrics source answers only after 30 s
    Then clients feel it within 5 s
    And a rollback is called for within 10 s
    And it is decided within 2 s
    And traffic is back on 2.4.0 within 20 s
    And clients get good answers again within 10 s, for 1 s on end
    And analysis-service answers as 2.4.0 within 5 s
    And the recovery time is at most 60 s
    And no acknowledged write is lost

  Scenario: The standby dies during the switch, and the ladder goes on
    Given every service is live in 2.4.0
    And the steady state is observed for 2 s
    And a rollback is called for when the error rate of analysis-service is above 5 % for 3 s
    When analysis-service is released as 2.5.0
    And the standby of analysis-service dies during the switch
    Then clients feel it within 5 s
    And a rollback is called for within 10 s
    And analysis-service is rolled back to 2.4.0 by the emergency ladder within 120 s
    And clients get good answers again within 10 s, for 5 s on end
    And every critical service is healthy 10 times in a row within 5 s
    And analysis-service answers as 2.4.0 within 5 s
    And the recovery time is at most 2 min
    And no acknowledged write is lost

  Scenario: The standby dies during the switch, and nothing else was planned
    Given every service is live in 2.4.0
    And the steady state is observed for 2 s
    And a rollback is called for when the error rate of analysis-service is above 5 % for 3 s
    When analysis-service is released as 2.5.0
    And the standby of analysis-service dies during the switch
    Then clients feel it within 5 s
    And a rollback is called for within 10 s
    And traffic is back on 2.4.0 within 20 s
    And analysis-service answers as 2.4.0 within 5 s
    And the drill is missed because the rollback failed
