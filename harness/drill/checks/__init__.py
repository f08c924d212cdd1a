"""How criteria are measured, by subject. A check looks at the live system once and gives a value, or says why not.

    base.py           what a check is, what it looks at, what it gives
    clients.py        what clients see, by the observer's probes
    services.py       what services answer: health, versions, a request of the system's own
    path.py           a business call through the whole path
    database.py       connectivity, tables, rows, schema version, a query of the system's own
    references.py     foreign keys without orphans
    configuration.py  what running replicas were given
    residue.py        what is left of the fault

A check never judges; `Criterion.evaluate` does.
"""
