"""Takes a whole undo list back: every operation in reverse order, and again those that failed for a moment.

An operation may need one that comes before it (a slot is emptied once nobody is sent there), and one that hangs must
not keep the others waiting. So the list is gone through in passes: each pass tries all that is left, in order, and
gives each its share of the time. What may work later is tried again after a pause, until the deadline; at the deadline
everything has been tried at least once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from harness.clock import Deadline, now, pause
from harness.errors import MayWorkLater
from harness.faults.undo.registry import by_hand, carry_out
from harness.journal.records import UndoDone
from harness.journal.undo import Undo
from harness.system.ports import System
from harness.units import Duration


@dataclass(frozen=True, slots=True)
class BackOff:
    """The pause before another pass: doubled each time, from `first` up to `most`."""

    first: Duration = Duration.of(ms=100)  # what is only busy is done with it by then
    most: Duration = Duration.of(s=2)  # within any deadline there are several more tries

    def after(self, passes: int) -> Duration:
        """The pause after so many passes."""
        return min(self.most, self.first * (1 << min(passes - 1, 16)))


@dataclass(slots=True)
class _Left:
    undo: Undo
    attempts: int = 0
    error: str = ""


def take_back(
    undo: Sequence[Undo],
    system: System,
    deadline: Deadline,
    tell: Callable[[UndoDone], None],
    *,
    back_off: BackOff | None = None,
) -> bool:
    """Carries out all operations, the last one first; goes on when one fails.

    Args:
        undo: in the order in which they were registered.
        system: what they are carried out on.
        deadline: until when what failed for a moment is tried again.
        tell: hears once of each operation, as soon as it is known what became of it.
        back_off: the pauses between passes; the usual ones when None.

    Returns:
        True when all succeeded.
    """
    pauses = back_off or BackOff()
    left = [_Left(one) for one in reversed(undo)]
    complete, passes = True, 0
    while left:
        passes += 1
        last = deadline.passed
        again: list[_Left] = []
        for index, one in enumerate(left):
            share = deadline.left * (1 / (len(left) - index))
            one.attempts += 1
            try:
                carry_out(one.undo, system, deadline.within(share))
            except MayWorkLater as failure:
                one.error = str(failure)
                again.append(one)
            except Exception as failure:  # noqa: BLE001 - whatever one operation raises, the others are tried
                complete = False
                tell(_done(one, system, str(failure) or type(failure).__name__))
            else:
                tell(_done(one, system, ""))
        left = again
        if left and (last or deadline.passed):
            break
        if left:
            pause(min(pauses.after(passes), deadline.left))
    for one in left:
        tell(_done(one, system, one.error))
    return complete and not left


def _done(one: _Left, system: System, error: str) -> UndoDone:
    hand = by_hand(one.undo, system) if error else ""
    return UndoDone(undo=one.undo, at=now(), error=error, by_hand=hand, attempts=one.attempts)
