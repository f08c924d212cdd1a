"""What takes a part of a fault back: data, so that another process can do it too, or a person.

One frozen model for each operation; `operation` tells them apart in a journal. How each is carried out is told by
`harness.faults.undo`, which has one entry for each. Every operation is idempotent: done twice, out of order or half,
it can be done again.
"""

from __future__ import annotations

import shlex
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from harness.journal.operation import Operation, SlotName
from harness.journal.undo_configuration import AnswerAgain, GiveBack, MendArchive, TakeRotationBack
from harness.journal.undo_data import (
    EmptyDisk,
    FindDatabase,
    FinishPart,
    FreeConnections,
    LetGo,
    MendBackup,
    MendPage,
    MigrateBack,
    PutBack,
    RenewCertificate,
)


class Switch(Operation):
    """The clients of a service go to a slot."""

    operation: Literal["switch"] = "switch"
    service: str
    slot: SlotName

    @property
    def title(self) -> str:
        """See `Operation`."""
        return f"send the traffic of {self.service} back to its {self.slot} slot"


class Remove(Operation):
    """A slot of a service is empty."""

    operation: Literal["remove"] = "remove"
    service: str
    slot: SlotName

    @property
    def title(self) -> str:
        """See `Operation`."""
        return f"stop all replicas of {self.service} in its {self.slot} slot"


class Deploy(Operation):
    """A slot of a service runs a version."""

    operation: Literal["deploy"] = "deploy"
    service: str
    slot: SlotName
    version: str

    @property
    def title(self) -> str:
        """See `Operation`."""
        return f"deploy {self.version} of {self.service} in its {self.slot} slot"


class LetStart(Operation):
    """The replicas of a slot may start again."""

    operation: Literal["let_start"] = "let_start"
    service: str
    slot: SlotName

    @property
    def title(self) -> str:
        """See `Operation`."""
        return f"give {self.service} in its {self.slot} slot its own start command again"


class LetAllStart(Operation):
    """The replicas of a service may start again, in either slot."""

    operation: Literal["let_all_start"] = "let_all_start"
    service: str

    @property
    def title(self) -> str:
        """See `Operation`."""
        return f"give {self.service} in both of its slots its own start command again"


class ClearNetwork(Operation):
    """Nothing disturbs the way to a slot."""

    operation: Literal["clear_network"] = "clear_network"
    service: str
    slot: SlotName

    @property
    def title(self) -> str:
        """See `Operation`."""
        return f"stop the delay proxies of {self.service} in its {self.slot} slot"


class Resume(Operation):
    """The replicas of a slot do not stand still."""

    operation: Literal["resume"] = "resume"
    service: str
    slot: SlotName

    @property
    def title(self) -> str:
        """See `Operation`."""
        return f"let the processes of {self.service} in its {self.slot} slot go on (SIGCONT)"


class LiftLimits(Operation):
    """The replicas of a slot may use what they want of the machine."""

    operation: Literal["lift_limits"] = "lift_limits"
    service: str
    slot: SlotName

    @property
    def title(self) -> str:
        """See `Operation`."""
        return f"lift the limits on what {self.service} in its {self.slot} slot may use"


class Uncordon(Operation):
    """Pods may start on a node again."""

    operation: Literal["uncordon"] = "uncordon"
    node: str

    @property
    def title(self) -> str:
        """See `Operation`."""
        return f"let pods start on node {self.node} again"


class RecallHistory(Operation):
    """The revisions that were taken out of a service's history are in it."""

    operation: Literal["recall_history"] = "recall_history"
    service: str

    @property
    def title(self) -> str:
        """See `Operation`."""
        return f"put the revisions of {self.service} that were taken out back into its history"


class RestoreImage(Operation):
    """The image of a release is in the registry."""

    operation: Literal["restore_image"] = "restore_image"
    service: str
    version: str

    @property
    def title(self) -> str:
        """See `Operation`."""
        return f"push the image of {self.service} {self.version} to the registry again"


class Unlock(Operation):
    """Nothing is pending in a service's history."""

    operation: Literal["unlock"] = "unlock"
    service: str

    @property
    def title(self) -> str:
        """See `Operation`."""
        return f"mark the pending revision of {self.service} as failed"


class RunRollbacks(Operation):
    """What an experiment of Chaos Toolkit has done is taken back by its own rollbacks, of which a copy was kept."""

    operation: Literal["run_rollbacks"] = "run_rollbacks"
    experiment: str
    digest: str
    folder: str

    @property
    def title(self) -> str:
        """See `Operation`."""
        return f"run the rollbacks of the experiment {self.experiment}, kept in {self.folder}"


class RunCommand(Operation):
    """What a command of the system's owners takes back is taken back; it may be run any number of times."""

    operation: Literal["run_command"] = "run_command"
    command: tuple[str, ...] = Field(min_length=1)
    folder: str

    @property
    def title(self) -> str:
        """See `Operation`."""
        return f"run in {self.folder}: {shlex.join(self.command)}"


Undo = (
    Switch
    | Remove
    | Deploy
    | LetStart
    | LetAllStart
    | ClearNetwork
    | Resume
    | LiftLimits
    | Uncordon
    | RecallHistory
    | RestoreImage
    | Unlock
    | PutBack
    | LetGo
    | FreeConnections
    | MigrateBack
    | FinishPart
    | FindDatabase
    | EmptyDisk
    | RenewCertificate
    | MendPage
    | MendBackup
    | RunRollbacks
    | RunCommand
    | GiveBack
    | TakeRotationBack
    | MendArchive
    | AnswerAgain
)
AnyUndo = Annotated[Undo, Field(discriminator="operation")]

_ADAPTER: TypeAdapter[Undo] = TypeAdapter(AnyUndo)
_LIST: TypeAdapter[tuple[Undo, ...]] = TypeAdapter(tuple[AnyUndo, ...])


def parse_undo(text: str | bytes) -> Undo:
    """An operation from its JSON text.

    Raises:
        pydantic.ValidationError: there is no such operation, or an argument is missing, unknown or of a wrong type.
    """
    return _ADAPTER.validate_json(text)


def parse_undo_list(text: str | bytes) -> tuple[Undo, ...]:
    """Operations from a JSON list. Raises as `parse_undo` does."""
    return _LIST.validate_json(text)


def undo_list_json(undo: tuple[Undo, ...]) -> bytes:
    """Operations as the JSON list that `parse_undo_list` reads."""
    return _LIST.dump_json(undo)
