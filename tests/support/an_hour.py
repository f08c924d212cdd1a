"""The journal of a long drill, as a real one writes it: probes and writes every 50 ms, load every second.

The same story gives the same bytes. A drill of an hour that probes four services 50 times a second has 720,000 probes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Final, TypeVar

from harness.journal import records as r
from harness.journal.line import GENESIS, line_of
from harness.journal.observation import Observation, Write
from harness.units import Duration, Instant
from tests.support import journals
from tests.support.stories import Story, at

EVERY: Final = Duration.of(ms=50)
HOUR: Final = Story(drill_id="an-hour", steady=3590.0, lost=3)
Known = TypeVar("Known", Observation, Write)


def write_journal(story: Story, path: Path) -> None:
    """Writes the journal of a story."""
    first, *rest = [timed for when, record in journals.records(story) for timed in _split(at(when), record)]
    *rest, (_, last) = sorted(rest, key=lambda pair: (isinstance(pair[1], r.DrillEnded), pair[0]))
    end = max(when for when, _ in rest)
    previous = GENESIS
    with path.open("w", encoding="ascii") as file:
        for number, (when, record) in enumerate([first, *rest, (end, last)]):
            text, previous = line_of(number, when.ns, previous, record.model_dump(mode="json"))
            file.write(text + "\n")


def _split(when: Instant, record: r.Record) -> Iterator[tuple[Instant, r.Record]]:
    """A record as the several that a real drill writes, each when all of it is known."""
    match record:
        case r.Observations(rows=rows):
            known = [(one.completed or one.due, one) for one in rows]
            yield from ((then, r.Observations(rows=batch)) for then, batch in _batches(known))
        case r.LedgerWrites(rows=writes):
            told = [(one.acknowledged or one.due, one) for one in writes]
            yield from ((then, r.LedgerWrites(rows=batch)) for then, batch in _batches(told))
        case r.LoadSeen(rows=load):
            yield from ((row.start + Duration.of(s=1), r.LoadSeen(rows=(row,))) for row in load)
        case _:
            yield when, record


def _batches(known: Iterable[tuple[Instant, Known]]) -> Iterator[tuple[Instant, tuple[Known, ...]]]:
    def batch(pair: tuple[Instant, Known]) -> int:
        return pair[0].ns // EVERY.ns

    ordered: Sequence[tuple[Instant, Known]] = sorted(known, key=lambda pair: pair[0].ns)
    for number, of_it in groupby(ordered, key=batch):
        yield Instant((number + 1) * EVERY.ns), tuple(one for _, one in of_it)
