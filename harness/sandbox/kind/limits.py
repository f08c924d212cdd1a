"""Every number of the kind sandbox, each with its reason. Imports only the floor."""

from typing import Final

from harness.units import Duration

DOCKER_CALL: Final = Duration.of(s=30)  # one call: measured 2 to 400 ms; an engine under load takes seconds
DOCKER_LEAST: Final = Duration.of(s=1)  # a call is given this much even when its caller's time is up
LOOK_EVERY: Final = Duration.of(ms=20)  # between two looks whether a container is ready
INSPECT_EVERY: Final = Duration.of(ms=200)  # between two looks whether it still runs: each costs Docker 3 ms
EXPIRY: Final = Duration.of(s=8 * 3600)  # longer than any game day; the owner's death removes things much earlier
REMOVE: Final = Duration.of(s=10)  # of a container: measured 0.2 to 0.4 s; its processes are killed at once
FAST_END: Final = Duration.of(s=10)  # of a server: it writes a checkpoint, of 32 MB at most
LED: Final = Duration.of(s=10)  # for each node's proxy to follow an endpoint: tenths of a second, more under load
STANDING: Final = Duration.of(s=130)  # somebody else restores meanwhile, which may take two minutes
SECOND_LOOK: Final = Duration.of(s=1)  # what Docker was asked for is there in tenths of a second, or will not be
MAKING: Final = Duration.of(s=5)  # between making and starting a container lie milliseconds; longer is left over
CONNECT: Final = Duration.of(s=1)  # to a container on this machine: microseconds
HTTP: Final = Duration.of(s=5)  # one request to a container on this machine: measured milliseconds
LOG_TAIL_BYTES: Final = 8192  # of a log, from which its last lines are taken

# The cluster
CREATE: Final = Duration.of(s=180)  # measured 14 to 30 s on 2 cores with the node image at hand; a pull takes longer
DELETE: Final = Duration.of(s=60)  # measured 2 s
NAMESPACE_END: Final = Duration.of(s=60)  # pods get 30 s of grace at most; everything else goes in seconds
HEAL: Final = Duration.of(s=30)  # to ask a cluster that may be gone, and to send off what goes by itself then
QUICK: Final = Duration.of(s=15)  # tools that only look; measured 0.1 s, seconds while the machine starts pods
REWRITTEN: Final = Duration.of(s=10)  # a node that was started again corrects its address in the first second
AWAKE: Final = Duration.of(s=60)  # its control plane takes as long as in a new cluster, 15 s
LOCK: Final = Duration.of(s=200)  # somebody else makes the cluster meanwhile
