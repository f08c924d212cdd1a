"""What takes the changes of a rollback of the database back when a later one fails. Pure.

So that a rollback that fails leaves the old state serving: the database that was live is live, everybody is let in,
and nothing of what was restored is left. Once clients have been let in to what was restored they may have written to
it, and nothing is taken back by itself any more.
"""

from __future__ import annotations

from collections.abc import Sequence

from harness.rollback.data.actions import (
    CloseDatabase,
    DataChange,
    DropBeside,
    LetIn,
    Migrate,
    OpenDatabase,
    RestoreBeside,
    SwapBack,
    SwapDatabase,
    TurnAway,
)
from harness.rollback.plan import Action


def reversals(begun: Sequence[Action], *, though_let_in: bool = False) -> tuple[DataChange, ...]:
    """What takes back the changes that were begun, in order; the last one may be half done.

    Every one of them may also be taken back where it had not begun to do anything.

    Args:
        begun: the changes.
        though_let_in: a person wants it, and knows that what clients have written since they were let in is given up.
    """
    if any(isinstance(one, LetIn) for one in begun[:-1]) and not though_let_in:
        return ()
    found = [_reversal(one, though_let_in=though_let_in) for one in reversed(begun)]
    return tuple(one for one in found if one is not None)


def _reversal(action: Action, *, though_let_in: bool) -> DataChange | None:  # noqa: PLR0911 - a case each
    match action:
        case LetIn(services) if though_let_in:
            return TurnAway(services)
        case TurnAway(services):
            return LetIn(services)
        case CloseDatabase():
            return OpenDatabase()
        case RestoreBeside():
            return DropBeside()
        case SwapDatabase():
            return SwapBack()
        case Migrate(before, after):
            return Migrate(after, before)
        case _:
            return None
