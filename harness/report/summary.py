"""A run in a few numbers per drill: what summary.json holds and what the index shows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from harness.journal.cause import Cause
from harness.journal.declaration import Value, Verdict
from harness.report.story import headline, measure
from harness.verdict.judge import GRAVITY, counts_as
from harness.verdict.result import Result, Seconds


class DrillSummary(Value):
    """One drill of a run."""

    drill_id: str
    name: str
    source: str
    sandbox: str
    verdict: Verdict
    cause: Cause | None = Field(description="the kind of reason, for programs; null when the drill passed")
    expected: Verdict
    expected_cause: Cause | None
    as_expected: bool
    reason: str
    headline: str = Field(description="the sentence that its report opens with")
    rto: Seconds | None = Field(description="measured recovery time; null when it was not measured")
    rto_objective: float | None = Field(description="what was allowed, in seconds; null without an objective")
    outage: Seconds | None
    lost: int | None = Field(
        description="acknowledged writes that are gone, and not surely by choice; null when that is not known"
    )
    discarded: int | None = Field(description="acknowledged writes that a restore gave up by choice; null likewise")
    started_utc: str
    took: float
    journal_head: str

    @property
    def counts_as(self) -> Verdict:
        """The verdict as that of the run counts it."""
        return counts_as(self.verdict, as_expected=self.as_expected)


class NotJudged(Value):
    """A drill whose journal was altered, is gone or cannot be read: nobody knows how it ended."""

    folder: str = Field(description="its name in the folder of the run")
    reason: str


class RunSummary(Value):
    """One run: its drills, worst first, and how many ended in which verdict."""

    schema_version: Literal[1] = 1
    run_id: str
    verdict: Verdict = Field(
        description="the gravest verdict of those that were not expected, of which a pass counts as missed; passed when"
        " all were; at least indeterminate where a drill could not be judged"
    )
    as_expected: int = Field(description="drills that ended as they were expected to")
    unexpected: int
    workers: int = Field(
        default=1, description="how many drills ran side by side on one machine, so that each had less of it to itself"
    )
    verdicts: dict[Verdict, int]
    drills: tuple[DrillSummary, ...]
    not_judged: tuple[NotJudged, ...] = ()


def summary(results: Sequence[Result], not_judged: Sequence[NotJudged] = (), *, workers: int = 1) -> RunSummary:
    """The summary of a run's drills.

    Args:
        results: of one run; their order does not matter.
        not_judged: the drills of the run that have no result.
        workers: how many of them ran side by side on one machine.
    """
    drills = sorted((drill_summary(result) for result in results), key=_worst_first)
    unexpected = sum(not drill.as_expected for drill in drills)
    counted = [*(drill.counts_as for drill in drills), *(Verdict.INDETERMINATE for _ in not_judged)]
    return RunSummary(
        run_id=min((one.run_id for one in results), default=""),
        verdict=max(counted, key=GRAVITY.index, default=Verdict.PASSED),
        as_expected=len(drills) - unexpected,
        unexpected=unexpected,
        workers=workers,
        verdicts={verdict: sum(drill.verdict is verdict for drill in drills) for verdict in Verdict},
        drills=tuple(drills),
        not_judged=tuple(not_judged),
    )


def _worst_first(drill: DrillSummary) -> tuple[bool, int, int, str]:
    shown = drill.verdict if drill.as_expected else drill.counts_as
    return (drill.as_expected, -GRAVITY.index(shown), -(drill.lost or 0), drill.drill_id)


def drill_summary(result: Result) -> DrillSummary:
    """One drill in a few numbers."""
    rto, outage, account = measure(result, "rto"), measure(result, "outage"), result.account
    opening = headline(result)
    return DrillSummary(
        drill_id=result.drill_id,
        name=result.name,
        source=result.source,
        sandbox=result.sandbox,
        verdict=result.verdict,
        cause=result.cause,
        expected=result.expected,
        expected_cause=result.expected_cause,
        as_expected=result.as_expected,
        reason=result.reason,
        headline=f"{opening.word}: {opening.sentence}",
        rto=rto.interval if rto else None,
        rto_objective=next((one.bound for one in result.objectives if one.measured == "rto"), None),
        outage=outage.interval if outage else None,
        lost=len(account.lost) + len(account.undecided) if account and account.complete else None,
        discarded=len(account.discarded) if account and account.complete else None,
        started_utc=result.started_utc,
        took=result.took,
        journal_head=result.journal_head,
    )
