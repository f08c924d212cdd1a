"""Why a rollback is refused, as a scenario says it: 'no revision holds 2.4.0'."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from harness.journal.refusal import Refusal


@dataclass(frozen=True)
class ExpectedRefusal:
    """A refusal that a scenario expects; `version` is the target, where the words name it."""

    refusal: Refusal
    version: str | None = None


REFUSALS: Final = {
    "the standby cannot take over": Refusal.STANDBY,
    "nothing is deployed": Refusal.NOT_DEPLOYED,
    "no replica is ready": Refusal.NOT_READY,
    "an earlier rollback is unfinished": Refusal.UNFINISHED,
    "no revision holds <version>": Refusal.NO_REVISION,
    "there is no image of <version>": Refusal.NO_IMAGE,
    "there is no backup to go back to": Refusal.NO_BACKUP,
    "the backup cannot be read": Refusal.BAD_BACKUP,
    "the log does not lead to the target": Refusal.UNREACHABLE,
    "the disk has no room for a restore": Refusal.NO_ROOM,
    "no script leads back": Refusal.NO_SCRIPT,
    "the schema is another one": Refusal.WRONG_SCHEMA,
    "there is no configuration to go back to": Refusal.NO_CONFIGURATION,
    "the archive of the configuration cannot be used": Refusal.BAD_CONFIGURATION,
    "the configuration of the target is not valid": Refusal.INVALID_CONFIGURATION,
    "a credential of the target is dead": Refusal.DEAD_CREDENTIAL,
}


def read_refusal(text: str) -> ExpectedRefusal:
    """Reads the words of a refusal.

    Raises:
        ValueError: they are of none; says which there are.
    """
    for words, refusal in REFUSALS.items():
        pattern = re.escape(words).replace("<version>", r"(?P<version>\S+)")
        if found := re.fullmatch(pattern, text):
            return ExpectedRefusal(refusal, found.groupdict().get("version"))
    raise ValueError(f"no rollback is refused because {text!r}; expected one of {', '.join(REFUSALS)}")
