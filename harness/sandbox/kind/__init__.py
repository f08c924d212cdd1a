"""The kind sandbox: a namespace for each drill on a warm cluster of the project's own, and containers beside it.

    start.py, base.py           bring a system up and end it; what is made once for many drills
    which.py                    which cluster, by its name; names of what belongs to it
    cluster.py, nodes.py        the cluster: found or made, deleted; its nodes as Docker has them
    configuration.py            what kind is told of it
    publish.py                  the releases' images get into its registry
    survey.py                  what of all that this machine has, for `drill doctor`
    left.py, marks.py           whose something is
    by_name.py, together.py     a sandbox that another process has made: entered, ended
    leftovers.py, heal.py       removal of what killed drills left, in the cluster and of Docker's
    engine.py, containers.py,
    volumes.py                  Docker as it is used here: time-outs, errors of our families, one container
    database.py, blueprint.py   PostgreSQL of one drill, with its archive and its receiver
    inside.py, place.py, servers.py, standing.py,
    recovery.py, data.py        its backups, and the way back to them: servers beside the live one
    prepared.py                 an image of PostgreSQL in which a cluster is made already
    redis.py                    sessions of one drill
    warm.py                     containers that live as long as the cluster: found or made
    registry.py                 warm: which images there are
    prometheus.py               warm: reads what pods say of themselves
    metrics.py, growth.py       the port Metrics on it: what counters say of a window
    pushgateway.py              warm: takes what short-lived programs measure
    http.py                     whether a container answers yet
    images.py                   names of the containers' images
    agent/                      what runs in the cluster: a proxy that holds answers back, what turns clients away, and
                                the end of a namespace, or its return to others
    limits.py                   every number, with its reason

Importing it costs most of a second (Docker's and Kubernetes' clients), so only what opens a kind sandbox does.
It may import `harness.sandbox.common`, `harness.sandbox.kubernetes`, the ports and the model (`harness.system`) and
the floor; no other part of the harness.
"""
