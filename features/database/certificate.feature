Feature: A certificate that has expired is nothing that a rollback mends
  Services look who their database is, and it cannot show that any more: whoever was in is sent away, and nobody gets in.
  Their configuration is just what it was when all was well, so going back to it is refused, and a person must act.

  Scenario: The certificate of the database has expired, and the configuration is as it should be
    Given every service is live in 2.4.0
    And services reach the database by TLS
    And the configuration is archived as 2.4.0
    And the steady state is observed for 1 s
    And a rollback is called for when the error rate of tracklist-service is above 5 % for 1 s
    When the certificate of the database has expired
    Then clients feel it within 5 s
    And a rollback is called for within 10 s
    And the configuration is rolled back to 2.4.0 within 60 s
    And the drill is missed because the rollback was refused
