"""What a gate run came to, for programs and reports. Frozen values; imports nothing that is alive."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from enum import StrEnum
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field

from harness.gate.case import Case
from harness.gate.contract import VERSION
from harness.gate.findings import Finding
from harness.gate.judge import Judged, Objectives
from harness.gate.seen import Seen, Subject
from harness.secrecy import masked
from harness.units import Duration

_TAIL = 4000  # of a script's output, in a result


class Outcome(StrEnum):
    """Of a case, and of a whole gate run: as a drill's verdict."""

    PASSED = "passed"
    MISSED = "missed"
    INDETERMINATE = "indeterminate"


EXITS = {Outcome.PASSED: 0, Outcome.MISSED: 1, Outcome.INDETERMINATE: 2}


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class FindingResult(_Value):
    """One thing that is wrong."""

    id: str = Field(description="of docs/gate.md")
    sentence: str = Field(description="what is wrong")
    advice: str = Field(description="what the author of the script can do")

    @classmethod
    def of(cls, finding: Finding) -> Self:
        """As it is told; no secret is in it."""
        return cls(id=finding.id, sentence=masked(finding.sentence), advice=finding.advice)


class CaseResult(_Value):
    """One case."""

    id: str
    title: str
    reason: str = Field(description="why a rollback must bear it")
    expected: str = Field(description="which ends are right")
    outcome: Outcome
    end: str = Field(description="how the script ended")
    findings: tuple[FindingResult, ...]
    took: float = Field(description="seconds, of all runs of the script in this case")
    rto: float | None = Field(None, description="seconds from its start until clients of the target were served")
    lost: float | None = Field(None, description="seconds back to the earliest acknowledged write that is gone")
    output: str = Field("", description="the end of what the script said in its last run")

    @classmethod
    def of(cls, case: Case, judged: Judged, seen: Seen) -> Self:
        """A case that was tried."""
        return cls(
            **_named(case),
            outcome=Outcome.MISSED if judged.findings else Outcome.PASSED,
            end=judged.end,
            findings=tuple(FindingResult.of(one) for one in judged.findings),
            took=sum(run.took.seconds for run in seen.runs),
            rto=None if judged.rto is None else judged.rto.seconds,
            lost=None if judged.rpo is None else judged.rpo.seconds,
            output=masked(seen.last.output)[-_TAIL:],
        )

    @classmethod
    def not_tried(cls, case: Case, reason: str, output: str = "") -> Self:
        """A case of which nothing can be told."""
        return cls(
            **_named(case),
            outcome=Outcome.INDETERMINATE,
            end="not tried",
            findings=(FindingResult.of(Finding("not-tried", reason)),),
            took=0,
            output=masked(output)[-_TAIL:],
        )


def _named(case: Case) -> dict[str, str]:
    return {"id": case.id, "title": case.title, "reason": case.reason, "expected": case.expect.value}


class StaticFinding(_Value):
    """What the text of a script shows."""

    id: str = Field(description="of docs/gate.md, or of ShellCheck: SC2086")
    where: str = Field(description="file and line")
    sentence: str
    advice: str = Field(description="what to do")


class GateResult(_Value):
    """All cases of a script."""

    contract: str = Field(VERSION, description="version of the contract between gate and script")
    script: str
    outcome: Outcome
    reason: str = Field(description="one sentence")
    rolls_back: tuple[Subject, ...] = Field(description="what the script is about: as told, or as the plain run showed")
    rto_objective: float = Field(description="seconds")
    rpo_objective: float = Field(description="seconds")
    took: float = Field(description="seconds, of the whole gate run")
    cases: tuple[CaseResult, ...]
    static: tuple[StaticFinding, ...] = Field(description="what its text shows; counts only where that was asked for")

    @property
    def held_alone(self) -> bool:
        """True where it held with nothing in its way; if not, no other scenario was tried."""
        return self.cases[0].outcome is Outcome.PASSED


def result_of(
    script: Path,
    *,
    claims: AbstractSet[Subject],
    cases: Sequence[CaseResult],
    objectives: Objectives,
    static: Sequence[StaticFinding],
    strict: bool,
    took: Duration,
) -> GateResult:
    """All of it, with the worst case's outcome: a miss, then what could not be told.

    With `strict` what the text shows is a miss, too.
    """
    missed = [one for one in cases if one.outcome is Outcome.MISSED]
    unknown = [one for one in cases if one.outcome is Outcome.INDETERMINATE]
    outcome = Outcome.MISSED if missed else Outcome.INDETERMINATE if unknown else Outcome.PASSED
    reason = f"it held in all {len(cases)} scenarios"
    for worst in (missed or unknown)[:1]:
        reason = f"{worst.title}: {worst.findings[0].sentence}"
    if strict and static and not missed:
        outcome, reason = Outcome.MISSED, f"{static[0].where}: {static[0].sentence}"
    return GateResult(
        script=str(script),
        outcome=outcome,
        reason=reason,
        rolls_back=tuple(sorted(claims)),
        rto_objective=objectives.rto.seconds,
        rpo_objective=objectives.rpo.seconds,
        took=took.seconds,
        cases=tuple(cases),
        static=tuple(static),
    )
