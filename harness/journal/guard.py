"""The guards of a drill: what keeps it from going further than it may, one code for each kind."""

from __future__ import annotations

from enum import StrEnum


class Guard(StrEnum):
    """One kind of guard. All are looked at before anything is touched.

    Target, services and share are looked at again right before the fault; kill switch, blackout, duration and abort
    condition as long as the drill runs.
    """

    PLACE = "place"
    CONFIRMATION = "confirmation"
    KILL_SWITCH = "kill-switch"
    TARGET = "target"
    SERVICES = "services"
    SHARE = "share"
    BLACKOUT = "blackout"
    DURATION = "duration"
    ABORT_CONDITION = "abort-condition"
