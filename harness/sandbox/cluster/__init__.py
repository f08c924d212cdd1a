"""The cluster sandbox: a system that runs already, in a namespace of a cluster of yours.

    start.py           enters the namespace, if drill.toml allows it and runs what the scenario says
    restrained.py      what drills may do to what they did not make

It may import the ports and the model (`harness.system`), `harness.sandbox.kubernetes`, `harness.sandbox.common` and
the floor; no other part of the harness.
"""
