"""Every number of the kind sandbox, each with its reason. Imports only the floor."""

from typing import Final

from harness.units import Duration

CREATE: Final = Duration.of(s=180)  # measured 14 to 30 s on 2 cores with the node image at hand; a pull takes longer
DELETE: Final = Duration.of(s=60)  # measured 2 s
LOCK: Final = Duration.of(s=200)  # somebody else makes the cluster meanwhile
EXPIRY: Final = Duration.of(s=8 * 3600)  # a sandbox brought up by hand outlives a working day, and no night
NAMESPACE_END: Final = Duration.of(s=60)  # pods get 30 s of grace at most; everything else goes in seconds
HEAL: Final = Duration.of(s=30)  # to ask a cluster that may be gone, and to send off what goes by itself then
QUICK: Final = Duration.of(s=15)  # tools that only look; measured 0.1 s, seconds while the machine starts pods
