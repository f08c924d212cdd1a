"""Ledgers whose truth is known: what clients wrote, what they were told, and what became of every row.

Writes go to a service as probes do, so their outcomes follow from its spells. What the database forgets, doubles or
alters is drawn from the seed and told in `Ledger.became` and its neighbours, by who made it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from random import Random

from harness.journal.observation import Row, Write, WriteOutcome
from harness.journal.records import DataRestored
from harness.observe.classify import Failure
from harness.observe.schedule import patience
from harness.units import Duration, Instant
from tests.simulation.server import BROKEN, Service


class Became(StrEnum):
    """What became of a write in truth, by what its client was told and whether its row is there at the end."""

    KEPT = "kept"
    LOST = "lost"
    UNKNOWN_THERE = "unknown_there"
    UNKNOWN_GONE = "unknown_gone"
    RESURRECTED = "resurrected"
    REFUSED = "refused"


class Loss(StrEnum):
    """How the database forgets acknowledged writes."""

    NONE = "none"
    TAIL = "tail"  # a crash: those from an instant on that were acknowledged before it
    SCATTERED = "scattered"  # here and there
    BACK = "back"  # a restore: everything from its target to the instant at which writers were stopped


@dataclass(frozen=True, slots=True)
class Forgetting:
    """What is forgotten: of writes acknowledged in [begin, end), all or, where scattered, a few."""

    loss: Loss
    begin: int = 0
    end: int = 0


@dataclass(frozen=True, slots=True)
class Restore:
    """A restore as it was: from `stopped` to `switch` no write was taken; `record` is what the harness knows of it."""

    stopped: int
    switch: int
    record: DataRestored


@dataclass(frozen=True, slots=True)
class Ledger:
    """The writes, the rows at the end, and the truth about both."""

    writes: tuple[Write, ...]
    rows: tuple[Row, ...]
    became: Mapping[str, Became]
    duplicated: frozenset[str]
    altered: frozenset[str]
    foreign: frozenset[str]
    loss: Loss

    def of(self, became: Became) -> tuple[Write, ...]:
        """The writes of which the same became."""
        return tuple(one for one in self.writes if self.became[one.id] is became)


def keep(
    service: Service,
    span: tuple[int, int],
    period: int,
    forgetting: Forgetting,
    seed: int,
    *,
    restore: Restore | None = None,
) -> Ledger:
    """A ledger of writes to a service.

    Args:
        service: what clients write to.
        span: when the first write is due, and when none is any more.
        period: between two writes.
        forgetting: which acknowledged writes the database forgets.
        seed: of everything that is left to chance.
        restore: what turns writers away for a while, if anything does.
    """
    random = Random(seed)  # noqa: S311 - a seed is the point
    writes, became = [], {}
    for number, due in enumerate(range(*span, period)):
        one = _write(service, number, due, random.random())
        assert one.acknowledged is not None
        if restore and due < restore.switch and restore.stopped <= one.acknowledged.ns:
            one = one._replace(outcome=WriteOutcome.FAIL)
        writes.append(one)
        became[one.id] = _became(one, forgetting, random)
    there = [one for one in writes if became[one.id] in (Became.KEPT, Became.UNKNOWN_THERE, Became.RESURRECTED)]
    odd = random.random() < 0.1 and there  # most databases neither double nor alter
    duplicated = frozenset(one.id for one in random.sample(there, min(2, len(there)))) if odd else frozenset()
    altered = frozenset(one.id for one in random.sample(there, min(2, len(there)))) if odd else frozenset()
    foreign = frozenset({f"foreign-{seed}"}) if odd and random.random() < 0.5 else frozenset()
    rows = [
        Row(one.id, "another" if one.id in altered else one.value)
        for one in there
        for _ in range(2 if one.id in duplicated else 1)
    ]
    rows += [Row(name, "") for name in sorted(foreign)]
    random.shuffle(rows)
    return Ledger(tuple(writes), tuple(rows), became, duplicated, altered, foreign, forgetting.loss)


def _write(service: Service, number: int, due: int, coin: float) -> Write:
    answer, back = service.answer(due, due + patience(Duration(service.within)).ns, coin)
    outcome = WriteOutcome.INFO
    if answer.failure is Failure.UNREACHED or answer.status == BROKEN:
        outcome = WriteOutcome.FAIL
    elif answer.status is not None:
        outcome = WriteOutcome.OK
    at = Instant(due)
    return Write(0, number, f"drill-{number}", f"v{number}", at, at, Instant(back), outcome)


def _became(one: Write, forgetting: Forgetting, random: Random) -> Became:
    assert one.acknowledged is not None
    coin, told = random.random(), one.acknowledged.ns
    hit = forgetting.begin <= told < forgetting.end
    if one.outcome is WriteOutcome.OK:
        gone = hit and forgetting.loss is not Loss.NONE and (forgetting.loss is not Loss.SCATTERED or coin < 0.1)
        return Became.LOST if gone else Became.KEPT
    if one.outcome is WriteOutcome.FAIL:
        return Became.RESURRECTED if coin < 0.005 else Became.REFUSED
    return Became.UNKNOWN_THERE if coin < 0.5 else Became.UNKNOWN_GONE
