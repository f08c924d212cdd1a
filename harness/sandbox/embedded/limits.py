"""Every number of the embedded sandbox, each with its reason. Imports only the floor."""

from typing import Final

from harness.units import Duration

# Life of a sandbox
EXPIRY: Final = Duration.of(s=8 * 3600)  # a detached sandbox outlives a working day of a person, and no night
TEARDOWN: Final = Duration.of(s=2)  # measured 0.1 to 0.4 s; after this everything left is killed the hard way
GRACE_AT_TEARDOWN: Final = Duration.of(ms=300)  # long enough to write a last log line; the data is thrown away
LOCK_WAIT: Final = Duration.of(s=5)  # the state folder's lock is held for a few file operations only
HEAL_PATIENCE: Final = Duration.of(s=2)  # from SIGKILL of a leftover to its end; a process in disk wait takes longest
ANSWER_MARGIN: Final = Duration.of(s=2)  # the daemon keeps the deadline itself; its answer gets this much to arrive
QUICK_CALL: Final = Duration.of(s=5)  # calls that wait for nothing: measured < 1 ms, more on a machine that stalls
SOCKET_PATH_BYTES: Final = 107  # sun_path is 108 bytes with its final zero (unix(7))

# Services
READY_EVERY_AT_START: Final = Duration.of(ms=50)  # a replica starts in 300 ms or more; this adds 25 ms on average
READY_EVERY: Final = Duration.of(ms=200)  # five looks a second at each replica cost under 1 % of a core
READY_WITHIN: Final = Duration.of(s=1)  # of one health request; as the default of a Kubernetes probe
READY_FAILURES: Final = 3  # failures in a row until a replica is not ready; as the default of a Kubernetes probe
BACK_OFF_FIRST: Final = Duration.of(ms=100)  # Kubernetes: 10 s; a hundredth, so that a drill takes seconds
BACK_OFF_MOST: Final = Duration.of(s=5)  # Kubernetes: 5 min; doubled from the first value up to this
BACK_OFF_RESET: Final = Duration.of(s=10)  # Kubernetes: 10 min; who ran this long starts at the first value again
CRASHES: Final = (
    5  # starts in a row that end before the replica was ready; one may be bad luck, as a port that is taken
)
CRASHES_WITH_ALL_THERE: Final = 2  # so many of them began when all else was up: those before may have missed something
STOP_GRACE: Final = Duration.of(s=5)  # from SIGTERM to SIGKILL; Kubernetes: 30 s, for requests that last longer

# Router
CONNECT_WITHIN: Final = Duration.of(s=1)  # to a replica on loopback: microseconds, unless its backlog is full
DRAIN: Final = Duration.of(s=5)  # for requests that are under way at a switch; beyond any probe's limit
QUIET: Final = Duration.of(ms=5)  # an answer of unknown length is over after this silence; writes are µs apart
HELD_BYTES: Final = 256 * 1024  # a delayed connection buffers this much before it stops reading
BACKLOG: Final = 1024  # connections that wait for accept while the daemon does something else
