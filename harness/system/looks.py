"""How often one must look at a service to have met each of its replicas. Pure."""

import math
from typing import Final

LEAST_LOOKS: Final = 3  # one answer may be luck, also of a single replica: it may be on its way down
_CERTAINTY: Final = 0.99  # that each replica was met, not only a given one


def looks_to_meet(replicas: int) -> int:
    """So many looks, each on a connection of its own, meet each of N replicas with 99 % certainty.

    A router that takes the replicas in turn needs N looks, if nobody else asks. But clients ask in between, and a
    Service of Kubernetes picks at random; then a given replica is missed by k looks with a chance of (1 - 1/N)^k, and
    some replica with at most N times that. 3 looks for one replica, 8 for two, 28 for five.
    """
    if replicas < 2:  # noqa: PLR2004 - every look meets the only one there is
        return LEAST_LOOKS
    return max(LEAST_LOOKS, math.ceil(math.log((1 - _CERTAINTY) / replicas) / math.log(1 - 1 / replicas)))
