"""The kind sandbox: pods on a warm cluster, and beside it, on the cluster's Docker network, containers.

    engine.py, containers.py    Docker as it is used here: time-outs, errors of our families, one container
    marks.py, heal.py           whose a container is, and the removal of what nobody owns any more
    database.py                 PostgreSQL of one drill, with its archive and its receiver
    redis.py                    sessions of one drill
    registry.py                 warm: which images there are
    prometheus.py, health.py    warm: what the pods say of themselves, and what follows from it
    pushgateway.py              warm: takes what short-lived programs measure
    limits.py                   every number, with its reason

Importing it costs most of a second (Docker's client), so only what opens a kind sandbox does.
It may import `harness.sandbox.common`, the ports and the model (`harness.system`) and the floor; no other part
of the harness.
"""
