"""Can the ledger be trusted? Before anything is broken, what clients were told is safe must be read back as written.

Else a loss could not be told from a query that looks in the wrong place; and where rows come from elsewhere than from
the clients, a real loss could not be seen at all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from harness.clock import Deadline, now
from harness.drill.checks.base import Bench, Reading, time_for
from harness.journal.observation import Write, WriteOutcome
from harness.observe.ledger import read_ledger
from harness.units import Instant, are, counted


@dataclass(frozen=True, slots=True)
class WritesThatDiffer:
    """How many acknowledged writes are not read back as they were written, and how many rows no client wrote.

    `query` is the ledger's, which is asked again when all is over. It is asked in a fresh session.
    """

    query: str

    def read(self, bench: Bench, deadline: Deadline) -> Reading:
        """Reads the rows, then the file of what clients wrote and were told: intents were in it before their rows."""
        if bench.system.database is None or bench.ledger is None:
            return Reading(None, "there is no ledger that could be read back")
        started = now()
        rows = bench.system.database.read(self.query, time_for(deadline))
        return compare(read_ledger(bench.ledger), rows, started)


def compare(writes: Sequence[Write], rows: Sequence[Sequence[Any]], started: Instant) -> Reading:
    """The number of writes and rows that are not as they should be, with the first of each kind; 0 when all is well.

    Args:
        writes: all that were begun by the time when the rows had been read.
        rows: id and value of each row.
        started: when their session began; what was acknowledged before must be there.

    Returns:
        No value where nothing could be told: nothing was acknowledged yet, or the rows have no two columns.
    """
    acknowledged = (one for one in writes if one.outcome is WriteOutcome.OK)
    safe = [one for one in acknowledged if one.acknowledged and one.acknowledged <= started]
    if not safe:
        return Reading(None, f"none of {counted(len(writes), 'write')} was acknowledged yet")
    if any(len(row) < 2 for row in rows):  # noqa: PLR2004 - id and value
        return Reading(None, "the query does not give two columns (id, value)")
    found = [(str(row[0]), str(row[1])) for row in rows]
    told = list(_problems(safe, {one.id: one.value for one in writes}, found))
    return Reading(sum(count for count, _ in told), "; ".join(why for _, why in told))


def _problems(
    safe: Sequence[Write], written: dict[str, str], rows: Sequence[tuple[str, str]]
) -> Iterator[tuple[int, str]]:
    """How many there are of each kind, and the sentence about them."""
    there = Counter(name for name, _ in rows)
    gone = [one.id for one in safe if one.id not in there]
    of_all = f"of {counted(len(safe), 'acknowledged write')}"
    if gone and len(gone) == len(safe):
        yield len(gone), f"none {of_all} was read back: does ledger.read look where they are written?"
    elif gone:
        yield len(gone), f"{len(gone)} {of_all} {_first(gone, 'not read back')}"
    altered = sorted({name for name, value in rows if name in written and value != written[name]})
    if altered:
        yield len(altered), f"{counted(len(altered), 'row')} {_first(altered, 'read with another value')}"
    twice = sorted(name for name, times in there.items() if times > 1)
    if twice:
        yield len(twice), f"{counted(len(twice), 'row')} {_first(twice, 'read more than once')}"
    foreign = sorted(set(there) - set(written))
    if foreign:
        yield len(foreign), f"{counted(len(foreign), 'row')} {_first(foreign, 'written by no client')}"


def _first(ids: Sequence[str], what: str) -> str:
    first = ids[0] if len(ids) == 1 else f"the first of them is {ids[0]}"
    return f"{are(len(ids), 'was', 'were')} {what}: {first}"
