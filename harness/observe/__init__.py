"""Measuring from outside: open-loop probes, ledger clients and background load, in a process of its own.

`observer.Observer` is what a drill holds, `worker` is the process, and `ledger.read_ledger` reads what clients
wrote.
May import the system model, the journal's values and the floor.
"""
