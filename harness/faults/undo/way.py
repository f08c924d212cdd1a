"""What is known of one kind of undo operation beside its data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from harness.clock import Deadline
from harness.journal.operation import Operation
from harness.system.ports import ByHand, System

T = TypeVar("T", bound=Operation)


@dataclass(frozen=True, slots=True)
class Way(Generic[T]):
    """How an operation is carried out, and what a person types instead.

    `outlives` tells of what lies outside of the drill's own system (a node, a registry): it must be taken back even
    where the whole sandbox is ended, because it does not end with it. `anywhere`: what a person types does not depend
    on where the system runs.
    """

    carry_out: Callable[[T, System, Deadline], None]
    by_hand: Callable[[T, ByHand], str]
    outlives: bool = False
    anywhere: Callable[[T], str] | None = None
