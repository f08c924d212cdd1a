"""The embedded sandbox: local processes, a TCP router of our own, a real PostgreSQL, all owned by one daemon.

    start.py, heal.py                          start, find, end sandboxes; remove what a killed daemon left
    client.py, wire.py                         the ports, by calls to the daemon, and how they are sent
    daemon.py, owned.py, folder.py             the one process that owns a sandbox, its inside, where it lies
    deployment.py, replica.py, processes.py    the services
    pressure.py                                what they may use of the machine
    router.py, way.py, relay.py,
    delay.py, answer.py                        the way of clients to them
    ends.py                                    how connections end
    stand_in.py, external_api.py               an API of others that services use, and who asks it
    binaries.py, postgres.py, wal.py,
    shared_memory.py, disk.py, tls_front.py,
    certificates.py, looking.py                the database
    place.py, servers.py, losing.py,
    filling.py, recovery.py                    its backups, the servers beside it, and what a fault does
    limits.py                                  every number, with its reason

It may import `harness.sandbox.common`, the ports and the model (`harness.system`) and the floor; no other part of
the harness.
"""
