"""The kind sandbox: a namespace for each drill on a warm cluster of the project's own, and containers beside it.

    start.py, heal.py          bring a system up, end it, remove what a killed drill left
    cluster.py                 the cluster: found or made, deleted
    agent/                     the proxy that holds answers back, with its image
    limits.py                  every number, with its reason

It may import the ports and the model (`harness.system`), `harness.sandbox.kubernetes` and the floor.
"""
