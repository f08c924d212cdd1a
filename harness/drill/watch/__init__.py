"""What takes a drill back when the drill itself no longer can: killed, stopped, hung, or told to leave.

    order.py, entries.py,
    berth.py                what a watchdog must know, and where it lies: one entry for each drill that lives
    post.py                 the drill's end of the line: beats, its undo list, whether it may still act
    fenced.py               a system on which nothing can be done once the drill may not act any more
    wire.py, lease.py       what the two say to each other, and how long silence is believed
    watchdog.py             the watchdog's process: waits, and imports nothing that waiting does not need
    act.py, account.py      takes everything back, and writes down what became of it
    heal.py                 the same, by the next command, where the watchdog was killed as well
    switch.py               the file that stops every drill

Invariant: of a drill's entry one process at a time holds the lock, and only that one acts for the drill. What the
drill did after it lost its lease is taken back once more, when it has said that it does nothing any more.
"""
