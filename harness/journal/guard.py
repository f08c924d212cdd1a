"""The guards of a drill: what keeps it from going further than it may, one code for each kind."""

from __future__ import annotations

from enum import StrEnum


class Guard(StrEnum):
    """One kind of guard. The first six are looked at before anything is touched, the last three as long as it runs."""

    PLACE = "place"
    CONFIRMATION = "confirmation"
    TARGET = "target"
    SERVICES = "services"
    SHARE = "share"
    BLACKOUT = "blackout"
    DURATION = "duration"
    ABORT_CONDITION = "abort-condition"
