"""The numbers that sandboxes share, each with its reason. Imports only the floor."""

from typing import Final

from harness.units import Duration

LOG_TAIL_LINES: Final = 5  # of a log, in an error message: enough for the cause, short enough to be read

# PostgreSQL
CONNECTIONS: Final = 200  # 4 services, 2 slots, a few replicas, each with a pool of 10
ACCEPTS_EVERY: Final = Duration.of(ms=20)  # between two looks whether the server accepts connections
POSTGRES_CONNECT: Final = Duration.of(s=5)  # of a reading session; on loopback milliseconds, unless slots are full
UNDER_WAY: Final = Duration.of(s=5)  # for requests that are under way when clients are turned away
LOCK_WAIT: Final = Duration.of(s=3)  # whoever waits for a lock on a table makes all others wait behind it
POSTGRES_CANCEL: Final = Duration.of(ms=200)  # for a statement that the server cancelled to be told; then it is frozen
RECEIVER_RESTART: Final = Duration.of(ms=200)  # pause before pg_receivewal is started again, e.g. after a crash
