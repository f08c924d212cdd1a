"""When something goes wrong that comes later than the fault."""

from __future__ import annotations

from enum import StrEnum


class Moment(StrEnum):
    """When something goes wrong: right before the rollback calls this port, by its name and the call's."""

    SWITCH = "router.switch"
    RESTORE = "recovery.restore"
    RESTART = "configuration.restart"

    @property
    def words(self) -> str:
        """As people say it."""
        return {
            Moment.SWITCH: "during the switch",
            Moment.RESTORE: "in the middle of the restore",
            Moment.RESTART: "while services are restarted",
        }[self]
