"""Measuring from outside: open-loop probes, ledger clients and background load, in a process of its own.

A drill holds an `observer.Observer`, `worker` is the process, `ledger.read_ledger` reads what they wrote.
May import the system model, the journal's values and the floor.
"""
