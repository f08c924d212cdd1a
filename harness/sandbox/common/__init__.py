"""What more than one sandbox needs; knows none of them.

    database.py    the port Database, on a PostgreSQL
    postgres.py    how a drill's PostgreSQL is set up, whatever it runs in
    schema.py      runs the system's SQL files
    process.py     identities of processes that a reused id cannot fake
    logs.py        the end of a log, for messages
    limits.py      every number, with its reason

It may import the ports (`harness.system`) and the floor; no other part of the harness.
"""
