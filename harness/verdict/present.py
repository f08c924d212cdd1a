"""Puts timeline, measures and judgement together as the `Result` that is written, shown and compared.

This file tells what was judged: verdict, measures, objectives, criteria and the ledger's account. What happened on
the way is told by `happened`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from harness.clock import utc_text
from harness.journal.chain import Journal
from harness.journal.declaration import Answer, Criterion, Measured, Objective, Verdict
from harness.journal.observation import Write, WriteOutcome
from harness.journal.records import DrillDeclared, Record
from harness.measure.criteria import looked
from harness.measure.felt import Measure
from harness.measure.measures import Measures, final_read, measure
from harness.measure.timeline import Timeline, read_timeline
from harness.verdict import result as res
from harness.verdict.happened import Happened
from harness.verdict.judge import TITLES, as_expected, judge, judge_objective, measured, required, why_unknown
from harness.verdict.seconds import Scale, above, below, of_span
from harness.verdict.takeover import TakenBackResult, taken_back


def judge_journal(journal: Journal, accounts: Sequence[Sequence[Record]] = ()) -> tuple[res.Result, Timeline]:
    """Judges a journal: the same journal gives the same result, byte for byte, anywhere.

    Args:
        journal: of the drill.
        accounts: of those who took the drill back, in the order in which they were begun.

    Raises:
        InputError: the journal holds no drill.
    """
    timeline = read_timeline((entry.at, entry.record) for entry in journal.entries)
    return judge_timeline(timeline, journal.head, accounts), timeline


def judge_timeline(timeline: Timeline, head: str, accounts: Sequence[Sequence[Record]] = ()) -> res.Result:
    """Judges what a journal told: the last of `judge_journal`'s two steps.

    Args:
        timeline: of the journal.
        head: the hash of its last record.
        accounts: as there.
    """
    return _Presenter(timeline, measure(timeline), head, taken_back(accounts)).result()


def _missing(one: res.MeasureResult) -> str:
    """What was not measured, why, and what is known all the same (rounded down: it was not shorter)."""
    known = f"; it was at least {math.floor(one.at_least * 100) / 100:.2f} s" if one.at_least else ""
    return f"{one.title}: {one.why}{known}"


def _not_compared(declared: DrillDeclared) -> Iterator[str]:
    """That the recovery time was to be held against earlier ones, and why it was not."""
    if declared.not_compared:
        title = TITLES[Measured.RTO_GROWTH]
        yield f"{title[0].upper()}{title[1:]}: not measured: {declared.not_compared}"


class _Presenter:
    """Holds what every part of the result is made from."""

    def __init__(self, timeline: Timeline, measures: Measures, head: str, taken: tuple[TakenBackResult, ...]) -> None:
        self.timeline = timeline
        self.measures = measures
        self.head = head
        self.taken = taken
        self.scale = Scale(timeline.start)

    def result(self) -> res.Result:
        """The whole result."""
        declared, timeline = self.timeline.declared, self.timeline
        happened = Happened(timeline, self.measures)
        judgement = judge(timeline, self.measures)
        clock = next((read for read in timeline.clocks if read.process == "drill"), None)
        started = "" if clock is None else utc_text(clock.utc_ns - (clock.at - timeline.start).ns)
        measures = tuple(self._measures())
        return res.Result(
            run_id=declared.run_id,
            drill_id=declared.drill_id,
            name=declared.name,
            description=declared.description,
            source=str(declared.source),
            tags=declared.tags,
            system=declared.system,
            environment=declared.environment,
            sandbox=declared.sandbox,
            started_utc=started,
            took=above(timeline.end - timeline.start),
            verdict=judgement.verdict,
            cause=judgement.cause,
            reason=judgement.reason,
            findings=tuple(
                res.FindingResult(verdict=one.verdict, cause=one.cause, reason=one.reason) for one in judgement.findings
            ),
            expected=declared.expected,
            expected_cause=declared.expected_cause,
            as_expected=as_expected(judgement, declared),
            objectives=tuple(self._objective(one) for one in declared.objectives),
            measures=measures,
            criteria=tuple(self._criterion(one) for one in declared.criteria),
            fault=happened.fault(),
            triggers=tuple(happened.triggers()),
            decision=happened.decision(),
            outlook=happened.outlook(),
            plan=happened.plan(),
            account=self._account(),
            services=tuple(happened.services()),
            guards=tuple(happened.guards()),
            stages=tuple(happened.stages()),
            events=happened.events(),
            not_measured=(*(_missing(one) for one in measures if one.interval is None), *_not_compared(declared)),
            taken_back=self.taken,
            versions=declared.versions,
            journal_head=self.head,
            again=declared.again,
        )

    def _measures(self) -> Iterator[res.MeasureResult]:
        found = self.measures
        last = "the last criterion that held"
        rows: tuple[tuple[str, str, str, str, Measure], ...] = (
            ("rto", "Recovery time (RTO)", "clients", f"from the first bad answer to {last}", found.rto),
            ("rpo", "Recovery point (RPO)", "ledger", "how far back acknowledged writes were lost", found.rpo),
            ("outage", "Outage", "clients", "from the first bad answer to lasting good ones", found.outage),
            (
                "outage_at_server",
                "Outage of the system itself",
                "server",
                "from when a critical service broke to when all were well again",
                found.outage_at_server,
            ),
            ("detection", "Detection", "harness", "from the fault's effect to a trigger that was met", found.detection),
            ("decision", "Decision", "harness", "from the trigger to the decision to roll back", found.decision),
            ("procedure", "Rollback", "harness", "from the start of the rollback to its end", found.procedure),
            (
                "notification",
                "Notification",
                "harness",
                "from the trigger to the last receiver's acknowledgement",
                found.notification,
            ),
            ("validation", "Validation", "clients", f"from lasting good answers to {last}", found.validation),
        )
        for name, title, of, meaning, one in rows:
            yield res.MeasureResult.model_validate(
                {
                    "name": name,
                    "title": title,
                    "of": of,
                    "meaning": meaning,
                    "interval": of_span(one.span),
                    "at_least": None if one.at_least is None else below(one.at_least),
                    "why": one.why,
                }
            )

    def _objective(self, objective: Objective) -> res.ObjectiveResult:
        found = measured(self.measures, objective.measured)
        finding = judge_objective(objective, found)
        title = TITLES[objective.measured]
        return res.ObjectiveResult(
            measured=objective.measured.value,
            title=title[0].upper() + title[1:],
            bound=above(objective.bound),
            interval=of_span(found.span),
            verdict=finding.verdict if finding else Verdict.PASSED,
            reason=finding.reason if finding else f"kept by its worst bound; {found.why}",
            source=str(objective.source),
        )

    def _criterion(self, criterion: Criterion) -> res.CriterionResult:
        one = looked(self.timeline).get(criterion.id)
        detail = "never checked"
        if one:
            detail = why_unknown(one) if one.answer is Answer.UNKNOWN else one.last.detail
        return res.CriterionResult(
            name=criterion.name,
            phase=criterion.phase.value,
            answer=one.answer if one else Answer.UNKNOWN,
            value=one.last.value if one else None,
            bound=required(criterion),
            within=above(criterion.within),
            at=self.scale.at(one.last.completed) if one else None,
            detail=detail,
            source=str(criterion.source),
        )

    def _account(self) -> res.AccountResult | None:
        ledger, timeline = self.timeline.declared.ledger, self.timeline
        if ledger is None:
            return None
        found, early = self.measures.account, self.measures.account_after_recovery
        read = final_read(timeline, "after validation")
        return res.AccountResult(
            service=ledger.service,
            writes=len(timeline.writes),
            acknowledged=timeline.writes.count(WriteOutcome.OK),
            failed=timeline.writes.count(WriteOutcome.FAIL),
            unknown=timeline.writes.count(WriteOutcome.INFO),
            rows=len(read.rows) if read and not read.error else None,
            kept=len(found.kept) if found else 0,
            lost=self._gone(found.lost) if found else (),
            discarded=self._gone(found.discarded) if found else (),
            undecided=self._gone(found.undecided) if found else (),
            gone_after_recovery=len(early.gone) if early else None,
            unknown_there=len(found.unknown_there) if found else 0,
            unknown_gone=len(found.unknown_gone) if found else 0,
            resurrected=tuple(write.id for write in found.resurrected) if found else (),
            refused=len(found.refused) if found else 0,
            duplicated=found.duplicated if found else (),
            altered=found.altered if found else (),
            foreign=found.foreign if found else (),
            beyond=found.beyond if found else (),
            restored=f"{timeline.restored.way}: {timeline.restored.target}" if timeline.restored else None,
            complete=found is not None,
            reason=self.measures.account_reason,
        )

    def _gone(self, writes: tuple[Write, ...]) -> tuple[res.LostWrite, ...]:
        return tuple(
            res.LostWrite(
                id=write.id,
                client=write.client,
                sequence=write.sequence,
                acknowledged=self.scale.at(write.acknowledged or write.sent),
            )
            for write in writes
        )
