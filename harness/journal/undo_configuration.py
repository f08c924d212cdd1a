"""Undo operations about the configuration, and about what services reach by it. See `undo`."""

from __future__ import annotations

from typing import Literal

from harness.journal.operation import Operation, SlotName


class GiveBack(Operation):
    """A slot of a service has the configuration that was kept, and runs with it."""

    operation: Literal["give_back"] = "give_back"
    service: str
    slot: SlotName
    copy_name: str

    @property
    def title(self) -> str:
        """See `Operation`."""
        return f"give {self.service} in its {self.slot} slot the configuration back that is kept as {self.copy_name}"


class TakeRotationBack(Operation):
    """The password of the database is that of a service's kept configuration, and all services have theirs."""

    operation: Literal["take_rotation_back"] = "take_rotation_back"
    service: str
    copy_name: str

    @property
    def title(self) -> str:
        """See `Operation`."""
        return f"give the database the password of {self.service} back, and all what is kept as {self.copy_name}"


class MendArchive(Operation):
    """An archive of the configuration is as it was made."""

    operation: Literal["mend_archive"] = "mend_archive"
    archive: str

    @property
    def title(self) -> str:
        """See `Operation`."""
        return f"give {self.archive} its own content again"


class AnswerAgain(Operation):
    """The external API answers whoever asks it, and at once."""

    operation: Literal["answer_again"] = "answer_again"

    @property
    def title(self) -> str:
        """See `Operation`."""
        return "let the external API answer again"
