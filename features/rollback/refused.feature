@rollback @control
Feature: A rollback that would make it worse is refused
  A rolling update keeps serving what serves. Where nothing does, it is the wrong
  procedure, and says so before it changes anything.

  Scenario: A rolling update of nothing that serves is refused
    Given every service is live in 2.4.0
    And the steady state is observed for 2 s
    And a rollback is called for when tracklist-service is down for 3 s
    When tracklist-service crashes and stays down
    Then clients feel it within 5 s
    And a rollback is called for within 10 s
    And it is decided within 5 s
    And tracklist-service is to be rolled back to 2.4.0 batch by batch
    But the rollback is refused because no replica is ready
    And tracklist-service answers as 2.4.0 within 5 s
