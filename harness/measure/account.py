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
from itertools import compress
from operator import itemgetter
from typing import Final

from harness.journal.columns import NEVER
from harness.journal.observation import Row, Write, WriteOutcome
from harness.journal.records import DataRestored
from harness.journal.writes import Writes
from harness.units import Duration, Instant, Interval, Span

ENOUGH_WRITES: Final = 10  # fewer acknowledged writes before the outage cannot show that none was lost


@dataclass(frozen=True, slots=True)
class Account:
    """Every write in exactly one of these classes, from `kept` to `refused`.

    `beyond` are those of the kept ones that a restore to its target cannot have kept.
    """

    kept: Writes
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
    ledger = Writes.of(writes)
    times = Counter(map(itemgetter(0), rows))
    there = [*map(times.__contains__, ledger.ids)]
    told, last = zip(ledger.ok, there, ledger.acknowledged, strict=True), read_from.ns
    is_kept = [ok and found and NEVER < at <= last for ok, found, at in told]
    kept = ledger.where(is_kept)
    classes: dict[str, list[Write]] = {name: [] for name in _CLASSES}
    for write in (ledger[at] for at, one in enumerate(is_kept) if not one):
        classes[_class_of(write, write.id in times, read_from, restored)].append(write)
    known = dict(zip(ledger.ids, ledger.values, strict=True))
    odd = [row for row in rows if known.get(row.id) != row.value]
    return Account(
        kept=kept,
        **{name: tuple(found) for name, found in classes.items()},
        duplicated=tuple(sorted(name for name, many in times.items() if many > 1)),
        altered=tuple(sorted({row.id for row in odd if row.id in known})),
        foreign=tuple(sorted({row.id for row in odd if row.id not in known})),
        beyond=tuple(sorted(one.id for one in kept if _is_beyond(one, restored))) if restored else (),
    )


_CLASSES: Final = (
    "lost",
    "discarded",
    "undecided",
    "unknown_there",
    "unknown_gone",
    "resurrected",
    "refused",
)


def _class_of(write: Write, there: bool, read_from: Instant, restored: DataRestored | None) -> str:  # noqa: FBT001
    """Of a write that was not kept."""
    told = write.acknowledged
    if write.outcome is WriteOutcome.FAIL:
        return "resurrected" if there else "refused"
    if write.outcome is WriteOutcome.INFO or told is None or told > read_from:
        return "unknown_there" if there else "unknown_gone"
    if restored is None:
        return "lost"
    if _is_beyond(write, restored):
        return "discarded"
    return "lost" if told <= restored.earliest or write.sent >= restored.switched else "undecided"


def _is_beyond(write: Write, restored: DataRestored) -> bool:
    """Whether an acknowledged write took effect after the target of a restore, on the old data."""
    told = write.acknowledged
    return told is not None and restored.latest < write.sent and told < restored.switching


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
    gone = _acknowledged(found.gone)
    if gone and stopped is not None:
        return Span(max(stopped.low, gone[-1]) - gone[0], max(stopped.high, gone[-1]) - gone[0])
    if gone:
        low, high = (max(_until(edge, found.kept), default=NEVER) for edge in (outage.low, outage.high))
        return Span(max(Instant(low), gone[-1]) - gone[0], max(Instant(high), gone[-1]) - gone[0])
    if len(_until(outage.low, found.kept)) < ENOUGH_WRITES:
        return None
    return Span(Duration(0), Duration(0))


def _until(instant: Instant, kept: Writes) -> list[int]:
    """When writes were acknowledged that were so by an instant; nanoseconds."""
    return [told for told in kept.told if told <= instant.ns]


def silence(writes: Sequence[Write], before: Instant) -> Duration | None:
    """For how long no write had been acknowledged at an instant; None when none had been before it at all."""
    ledger = Writes.of(writes)
    told = compress(ledger.acknowledged, ledger.ok)
    last = max((at for at in told if NEVER < at <= before.ns), default=None)
    return None if last is None else before - Instant(last)


def unbounded(found: Account) -> str:
    """Why it is not known how far back a loss reaches; empty when a kept write bounds it, or nothing is gone."""
    gone, first = _acknowledged(found.gone), min(found.kept.told, default=None)
    if not gone:
        return ""
    if first is None:
        many = found.acknowledged
        none = "the one acknowledged write was not" if many == 1 else f"none of {many} acknowledged writes was"
        return f"{none} read back; is ledger.read right?"
    if gone[0].ns <= first:
        return "the loss reaches back to the first write of the ledger, so it has no upper bound"
    return ""


def _acknowledged(writes: Sequence[Write]) -> list[Instant]:
    return sorted(write.acknowledged for write in writes if write.acknowledged is not None)
