"""A simulator: seeded drills in virtual time whose truth is known, to hold the judging half against.

    server    what a service does to a request sent at a given nanosecond: the truth, exactly
    prober    what an open-loop prober with lag and stalls sees of it, by the rules of the real one
    ledger    writes and rows with every outcome, and what became of each in truth
    shapes    outages of every shape, drawn from a seed
    script    the records of a drill whose instants are given
    worlds    all of it together: a frozen world that is a pure function of its seed
    truth     what a world's measures must contain, said by who made it
    oracle    the tightest interval that the probes of a world allow, by brute force

Nothing here reads a clock or waits. `oracle` and `truth` share no code with `harness.measure`.
"""
