"""Ways to change the records of a `World`: what a drill writes when something goes wrong, or what a forger writes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from harness.journal import records as r
from harness.journal.declaration import Verdict
from harness.journal.observation import LoadSecond, Row, WriteOutcome
from harness.journal.refusal import Refusal
from harness.journal.undo import Undo
from harness.units import Duration
from tests.support.worlds import UNDO, World, at, judgement_of

Records = list[r.Record]
Shape = Callable[[Records], Iterable[r.Record]]
Way = tuple[World, Verdict, str]
"""A drill that does not pass, its verdict, and the sentence of its reason."""

TOO_BUSY: Final = (
    "the machine was probably too busy: run fewer drills at a time, find a quieter machine, or probe less often"
    " ('And clients probe every service 10 times a second')"
)
"""What is told of a prober that could not keep its schedule, where nobody noted the load of the machine."""

UNDO_FAILED: Final = r.UndoDone(undo=UNDO, at=at(6.8), error="slot busy", by_hand="drill heal")


def check_way(way: Way) -> None:
    """Asserts that a drill is judged as it should be, for the reason that it should be."""
    world, verdict, reason = way
    judgement = judgement_of(world.records())
    assert judgement.verdict is verdict
    assert reason in [finding.reason for finding in judgement.findings if finding.verdict is verdict]


def check_passes(world: World) -> None:
    """Asserts that a drill passes, and that nothing was found."""
    judgement = judgement_of(world.records())
    assert judgement.findings == ()
    assert judgement.reason == "every objective and every criterion held, by its worst bound"


def replaced(kind: type[r.Record], *, where: dict[str, object] | None = None, **fields: object) -> Shape:
    """Changes fields of the records of a kind whose fields are as in `where`."""

    def shape(records: Records) -> Iterable[r.Record]:
        return [
            one.model_copy(update=fields)
            if isinstance(one, kind) and all(getattr(one, name) == value for name, value in (where or {}).items())
            else one
            for one in records
        ]

    return shape


def added(*more: r.Record) -> Shape:
    """Puts records before the last one."""
    return lambda records: [*records[:-1], *more, records[-1]]


def undone_by(undo: Undo) -> Shape:
    """The fault is taken back by an operation, which tells what it acts on."""

    def shape(records: Records) -> Iterable[r.Record]:
        return replaced(r.UndoDone, undo=undo)(list(replaced(r.UndoRegistered, undo=(undo,))(records)))

    return shape


def acting_on(service: str) -> Shape:
    """The fault acts on a service."""
    return undone_by(UNDO.model_copy(update={"service": service}))


def failed(stage: r.Stage) -> Shape:
    return replaced(r.StageEnded, where={"stage": stage}, outcome="failed", reason=f"{stage} went wrong")


def no_effect(records: Records) -> Iterable[r.Record]:
    """The stage waits for an effect that nobody sees."""
    kept = [one for one in records if getattr(one, "state", None) is not r.FaultState.EFFECTIVE]
    return failed(r.Stage.INJECT)(kept)


def not_injected(records: Records) -> Iterable[r.Record]:
    """The fault could not be brought about."""
    return no_effect([one for one in records if getattr(one, "state", None) is not r.FaultState.INJECTED])


def not_called_for(records: Records) -> Iterable[r.Record]:
    """The assessment says no, and the drill ends there."""
    decided = replaced(r.Decided, roll_back=False, decision="monitor")(records)
    return failed(r.Stage.DECIDE)([one for one in decided if not isinstance(one, r.RollbackEnded)])


def refused(refusal: Refusal | None = None) -> Shape:
    """A check found something; only checks ran."""

    def shape(records: Records) -> Iterable[r.Record]:
        kept = [one for one in records if not isinstance(one, r.StepEnded) or one.step == "check"]
        return replaced(r.RollbackEnded, outcome="refused", reason="standby is empty", refusal=refusal)(kept)

    return shape


def step(name: str, outcome: str) -> Shape:
    return replaced(r.StepEnded, where={"step": name}, outcome=outcome, detail="port taken")


def no_rows(*, at_or_after: float) -> Shape:
    """The prober dies."""

    def shape(records: Records) -> Iterable[r.Record]:
        for one in records:
            if isinstance(one, r.Observations):
                yield r.Observations(rows=tuple(row for row in one.rows if row.due < at(at_or_after)))
            else:
                yield one

    return shape


def load(*, good: int, bad: int, begin: float = 0.5, end: float = 7.5) -> Shape:
    """What became of 20 requests a second of load from `begin` to `end`."""

    def shape(records: Records) -> Iterable[r.Record]:
        kept = [one for one in records if not isinstance(one, r.LoadSeen)]
        rows = tuple(LoadSecond("web", at(begin + n), 20, good, bad) for n in range(round(end - begin)))
        return [*kept[:-1], r.LoadSeen(rows=rows), kept[-1]]

    return shape


def load_by_second(*seconds: tuple[int, int]) -> Shape:
    """What became of each second of load from 0.5 on: good and bad answers."""

    def shape(records: Records) -> Iterable[r.Record]:
        kept = [one for one in records if not isinstance(one, r.LoadSeen)]
        rows = tuple(
            LoadSecond("web", at(0.5 + n), max(20, good + bad), good, bad) for n, (good, bad) in enumerate(seconds)
        )
        return [*kept[:-1], r.LoadSeen(rows=rows), kept[-1]]

    return shape


def rows(change: Callable[[tuple[Row, ...]], tuple[Row, ...]]) -> Shape:
    """Changes what is read back after validation."""

    def shape(records: Records) -> Iterable[r.Record]:
        for one in records:
            last = isinstance(one, r.LedgerRead) and one.when == "after validation"
            yield one.model_copy(update={"rows": change(one.rows)}) if last and isinstance(one, r.LedgerRead) else one

    return shape


def told(number: int, outcome: WriteOutcome) -> Shape:
    """Changes what the client of one write was told."""

    def shape(records: Records) -> Iterable[r.Record]:
        for one in records:
            if isinstance(one, r.LedgerWrites):
                yield r.LedgerWrites(
                    rows=tuple(row._replace(outcome=outcome) if row.sequence == number else row for row in one.rows)
                )
            else:
                yield one

    return shape


def early_read(second: float) -> Shape:
    """The ledger is closed and its rows are read at a second; writes of later are left out."""

    def shape(records: Records) -> Iterable[r.Record]:
        writes = [row for one in records if isinstance(one, r.LedgerWrites) for row in one.rows]
        made = {row.id for row in writes if row.acknowledged and row.acknowledged < at(second)}
        for one in records:
            if isinstance(one, r.LedgerWrites):
                yield r.LedgerWrites(rows=tuple(row for row in one.rows if row.id in made))
            elif isinstance(one, r.LedgerClosed):
                yield r.LedgerClosed(at=at(second), writes=len(made))
            elif isinstance(one, r.LedgerRead) and one.when == "after validation":
                kept = tuple(row for row in one.rows if row.id in made)
                yield one.model_copy(update={"started": at(second), "completed": at(second), "rows": kept})
            else:
                yield one

    return shape


def sent_earlier(seconds: float) -> Shape:
    """All writes were made so much earlier."""

    def shape(records: Records) -> Iterable[r.Record]:
        for one in records:
            if isinstance(one, r.LedgerWrites):
                by = Duration.of(s=-seconds)
                yield r.LedgerWrites(
                    rows=tuple(
                        row._replace(due=row.due + by, sent=row.sent + by, acknowledged=row.sent + by)
                        for row in one.rows
                    )
                )
            else:
                yield one

    return shape
