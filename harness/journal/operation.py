"""What every undo operation is; the kinds are in `harness.journal.undo`, and those of data in `undo_data`."""

from __future__ import annotations

from typing import Literal

from harness.journal.declaration import Value

SlotName = Literal["blue", "green"]


class Operation(Value):
    """One idempotent operation with its arguments."""

    operation: str

    @property
    def title(self) -> str:
        """What is to be done, as one asks a person for it."""
        raise NotImplementedError
