"""What more than one sandbox needs; knows none of them.

    database.py    the port Database, on a PostgreSQL
    postgres.py    how a drill's PostgreSQL is set up, whatever it runs in
    place.py       what is known of a database's server, and of the place of its backups and its log
    backups.py, spoiling.py                        backups: taken, examined; spoiled for drills
    server_admin.py, segments.py, reach.py         sessions and names of databases; how far the log leads
    restoring.py, pages.py                         the way back; a page that is damaged
    come_again.py  what clients are told meanwhile
    schema.py      runs the system's SQL files
    process.py     identities of processes that a reused id cannot fake
    reserved.py    a port that is kept for who listens there only at times
    logs.py        the end of a log, for messages
    limits.py      every number, with its reason

It may import the ports (`harness.system`) and the floor; no other part of the harness.
"""
