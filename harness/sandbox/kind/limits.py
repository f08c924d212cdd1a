"""Every number of the containers, each with its reason. Imports only the floor."""

from typing import Final

from harness.units import Duration

DOCKER_CALL: Final = Duration.of(s=30)  # one call: measured 2 to 400 ms; an engine under load takes seconds
DOCKER_LEAST: Final = Duration.of(s=1)  # a call is given this much even when its caller's time is up
LOOK_EVERY: Final = Duration.of(ms=20)  # between two looks whether a container is ready
EXPIRY: Final = Duration.of(s=8 * 3600)  # longer than any game day; the owner's death removes things much earlier
REMOVE: Final = Duration.of(s=10)  # of a container: measured 0.2 to 0.4 s; its processes are killed at once
MAKING: Final = Duration.of(s=5)  # between making and starting a container lie milliseconds; longer is left over
CONNECT: Final = Duration.of(s=1)  # to a container on this machine: microseconds
HTTP: Final = Duration.of(s=5)  # one request to a container on this machine: measured milliseconds
LOG_TAIL_BYTES: Final = 8192  # of a log, from which its last lines are taken
