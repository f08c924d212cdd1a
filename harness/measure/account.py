"""The ledger's account: what clients were told of their writes against the rows that the database holds.

The classes are Jepsen's for a set of unique writes: an acknowledged write that is gone is *lost*; one whose outcome
is not known may be there or not; one that was refused and is there is *resurrected*.

A restore to a chosen point gives up on purpose what came after it. A write takes effect at one instant between its
sending and its acknowledgement (it is linearizable; Herlihy and Wing 1990). So of an acknowledged write that is gone,

- one acknowledged before the target must be in what was restored: it is *lost*;
- one sent after the target and acknowledged before clients were led to it was *discarded* by choice;
- one sent after they had been led to it was written to what is there now: it is *lost*;
- any other may be either, and is *undecided*.

All of them are gone for who wrote them, so all of them count against RPO.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from harness.journal.observation import Row, Write, WriteOutcome
from harness.journal.records import DataRestored
from harness.units import Duration, Instant, Interval, Span

ENOUGH_WRITES: Final = 10  # fewer acknowledged writes before the outage cannot show that none was lost


@dataclass(frozen=True, slots=True)
class Account:
    """Every write in exactly one of these classes, from `kept` to `refused`.

    `beyond` are those of the kept ones that a restore to its target cannot have kept.
    """

    kept: tuple[Write, ...]
    lost: tuple[Write, ...]
    discarded: tuple[Write, ...]
    undecided: tuple[Write, ...]
    unknown_there: tuple[Write, ...]
    unknown_gone: tuple[Write, ...]
    resurrected: tuple[Write, ...]
    refused: tuple[Write, ...]
    duplicated: tuple[str, ...]
    altered: tuple[str, ...]
    foreign: tuple[str, ...]
    beyond: tuple[str, ...]

    @property
    def gone(self) -> tuple[Write, ...]:
        """The acknowledged writes that are not there, whatever the reason."""
        return (*self.lost, *self.discarded, *self.undecided)

    @property
    def acknowledged(self) -> int:
        """How many writes clients were told are safe."""
        return len(self.kept) + len(self.gone)


def account(
    writes: Sequence[Write], rows: Sequence[Row], read_from: Instant, restored: DataRestored | None = None
) -> Account:
    """Compares the ledger with rows read in a session that began at `read_from`.

    A write acknowledged after that instant need not be visible to the session and counts as unknown.
    """
    times = Counter(row.id for row in rows)
    classes: dict[str, list[Write]] = {name: [] for name in _CLASSES}
    beyond: list[str] = []
    for write in writes:
        name = _class_of(write, write.id in times, read_from, restored)
        if name == _BEYOND:
            beyond.append(write.id)
        classes["kept" if name == _BEYOND else name].append(write)
    known = {write.id: write.value for write in writes}
    return Account(
        **{name: tuple(found) for name, found in classes.items()},
        duplicated=tuple(sorted(name for name, many in times.items() if many > 1)),
        altered=tuple(sorted({row.id for row in rows if known.get(row.id, row.value) != row.value})),
        foreign=tuple(sorted(set(times) - set(known))),
        beyond=tuple(sorted(beyond)),
    )


_BEYOND: Final = "beyond"
_CLASSES: Final = (
    "kept",
    "lost",
    "discarded",
    "undecided",
    "unknown_there",
    "unknown_gone",
    "resurrected",
    "refused",
)


def _class_of(write: Write, there: bool, read_from: Instant, restored: DataRestored | None) -> str:  # noqa: FBT001
    told = write.acknowledged
    if write.outcome is WriteOutcome.FAIL:
        return "resurrected" if there else "refused"
    if write.outcome is WriteOutcome.INFO or told is None or told > read_from:
        return "unknown_there" if there else "unknown_gone"
    if restored is None:
        return "kept" if there else "lost"
    if restored.latest < write.sent and told < restored.switching:  # it took effect after the target, on the old data
        return _BEYOND if there else "discarded"
    if there:
        return "kept"
    return "lost" if told <= restored.earliest or write.sent >= restored.switched else "undecided"


def recovery_point(found: Account, outage: Interval, stopped: Interval | None = None) -> Span | None:
    """RPO: from the acknowledgement of the earliest gone write to the reference.

    The reference is the last acknowledgement before the outage; for a restore the instant in `stopped`, at which its
    writers were stopped. Zero when nothing is gone. A gone write that was acknowledged after the reference
    extends it to itself, so that the result is never negative. Where `unbounded` has a reason only the low bound is
    sound.

    Args:
        found: the account; only writes of which it could tell whether they are there count.
        outage: when the outage started.
        stopped: when writes were stopped for a restore; None without one.

    Returns:
        The span, or None when too few writes were acknowledged before the outage to tell (ENOUGH_WRITES).
    """
    acknowledged = _acknowledged((*found.kept, *found.gone))
    before = [instant for instant in acknowledged if instant <= outage.low]
    gone = _acknowledged(found.gone)
    if gone and stopped is not None:
        return Span(max(stopped.low, gone[-1]) - gone[0], max(stopped.high, gone[-1]) - gone[0])
    if gone:
        high_reference = max([*(instant for instant in acknowledged if instant <= outage.high), gone[-1]])
        low_reference = max([*before, gone[-1]])
        return Span(low_reference - gone[0], high_reference - gone[0])
    if len(before) < ENOUGH_WRITES:
        return None
    return Span(Duration(0), Duration(0))


def silence(writes: Sequence[Write], before: Instant) -> Duration | None:
    """For how long no write had been acknowledged at an instant; None when none had been before it at all."""
    told = (write.acknowledged for write in writes if write.outcome is WriteOutcome.OK)
    last = max((at for at in told if at is not None and at <= before), default=None)
    return None if last is None else before - last


def unbounded(found: Account) -> str:
    """Why it is not known how far back a loss reaches; empty when a kept write bounds it, or nothing is gone."""
    gone, kept = _acknowledged(found.gone), _acknowledged(found.kept)
    if not gone:
        return ""
    if not kept:
        many = found.acknowledged
        none = "the one acknowledged write was not" if many == 1 else f"none of {many} acknowledged writes was"
        return f"{none} read back; is ledger.read right?"
    if gone[0] <= kept[0]:
        return "the loss reaches back to the first write of the ledger, so it has no upper bound"
    return ""


def _acknowledged(writes: Sequence[Write]) -> list[Instant]:
    return sorted(write.acknowledged for write in writes if write.acknowledged is not None)
