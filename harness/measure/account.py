"""The ledger's account: what clients were told of their writes against the rows that the database holds.

The classes are Jepsen's for a set of unique writes: an acknowledged write that is gone is *lost*; one whose outcome
is not known may be there or not; one that was refused and is there is *resurrected*.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from harness.journal.observation import Row, Write, WriteOutcome
from harness.units import Duration, Instant, Interval, Span

ENOUGH_WRITES = 10  # fewer acknowledged writes before the outage cannot show that none was lost


@dataclass(frozen=True, slots=True)
class Account:
    """Every write in exactly one of: kept, lost, unknown_there, unknown_gone, resurrected, refused."""

    kept: tuple[Write, ...]
    lost: tuple[Write, ...]
    unknown_there: tuple[Write, ...]
    unknown_gone: tuple[Write, ...]
    resurrected: tuple[Write, ...]
    refused: tuple[Write, ...]
    duplicated: tuple[str, ...]
    altered: tuple[str, ...]
    foreign: tuple[str, ...]

    @property
    def acknowledged(self) -> int:
        """How many writes clients were told are safe."""
        return len(self.kept) + len(self.lost)


def account(writes: Sequence[Write], rows: Sequence[Row], read_from: Instant) -> Account:
    """Compares the ledger with rows read in a session that began at `read_from`.

    A write acknowledged after that instant need not be visible to the session and counts as unknown.
    """
    times = Counter(row.id for row in rows)
    values: dict[str, set[str]] = {}
    for row in rows:
        values.setdefault(row.id, set()).add(row.value)
    sorted_into: dict[str, list[Write]] = {
        name: [] for name in ("kept", "lost", "unknown_there", "unknown_gone", "resurrected", "refused")
    }
    for write in writes:
        there = write.id in times
        outcome = write.outcome
        if outcome is WriteOutcome.OK and (write.acknowledged is None or write.acknowledged > read_from):
            outcome = WriteOutcome.INFO
        name = {
            WriteOutcome.OK: "kept" if there else "lost",
            WriteOutcome.INFO: "unknown_there" if there else "unknown_gone",
            WriteOutcome.FAIL: "resurrected" if there else "refused",
        }[outcome]
        sorted_into[name].append(write)
    known = {write.id: write.value for write in writes}
    return Account(
        **{name: tuple(found) for name, found in sorted_into.items()},
        duplicated=tuple(sorted(name for name, many in times.items() if many > 1)),
        altered=tuple(sorted(name for name, value in known.items() if values.get(name, {value}) != {value})),
        foreign=tuple(sorted(set(times) - set(known))),
    )


def recovery_point(found: Account, outage: Interval) -> Span | None:
    """RPO: from the acknowledgement of the earliest lost write to the last acknowledgement before the outage.

    Zero when nothing was lost. A write lost although it was acknowledged during the outage extends the reference
    to itself, so that the result is never negative. Where `unbounded` has a reason only the low bound is sound.

    Args:
        found: the account; only writes of which it could tell whether they are there count.
        outage: when the outage started.

    Returns:
        The span, or None when too few writes were acknowledged before the outage to tell (ENOUGH_WRITES).
    """
    acknowledged = _acknowledged((*found.kept, *found.lost))
    before = [instant for instant in acknowledged if instant <= outage.low]
    gone = _acknowledged(found.lost)
    if gone:
        high_reference = max([*(instant for instant in acknowledged if instant <= outage.high), gone[-1]])
        low_reference = max([*before, gone[-1]])
        return Span(low_reference - gone[0], max(high_reference, low_reference) - gone[0])
    if len(before) < ENOUGH_WRITES:
        return None
    return Span(Duration(0), Duration(0))


def unbounded(found: Account) -> str:
    """Why it is not known how far back a loss reaches; empty when a kept write bounds it, or nothing was lost."""
    gone, kept = _acknowledged(found.lost), _acknowledged(found.kept)
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
