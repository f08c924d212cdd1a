"""What is signed: an in-toto Statement v1 over the digests of all files of a folder, with what the drill was.

Source: in-toto attestation framework, spec/v1/statement.md and spec/v1/resource_descriptor.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version
from typing import Final, Literal, Self

from pydantic import Field, model_validator

from harness.journal.declaration import Value, Verdict
from harness.report.evidence.controls import Control, exercised
from harness.report.summary import NotJudged, RunSummary
from harness.verdict.result import ObjectiveResult, Result

STATEMENT: Final = "https://in-toto.io/Statement/v1"
OF_A_DRILL: Final = "urn:rollback-drill:evidence:drill:v1"
OF_A_RUN: Final = "urn:rollback-drill:evidence:run:v1"


class Digests(Value):
    """The digests of a file."""

    sha256: str = Field(pattern="^[0-9a-f]{64}$")


class Subject(Value):
    """A file that is covered: its path in the folder, and its digests."""

    name: str
    digest: Digests


class DrillPredicate(Value):
    """What is said of one drill."""

    run_id: str
    drill_id: str
    name: str
    source: str
    system: str
    environment: str
    sandbox: str
    started_utc: str
    took: float = Field(description="seconds")
    verdict: Verdict
    reason: str
    expected: Verdict
    as_expected: bool
    objectives: tuple[ObjectiveResult, ...]
    not_measured: tuple[str, ...] = Field(
        description="with why; an objective that there was nothing to hold against too"
    )
    journal_head: str
    versions: dict[str, str] = Field(description="of the tools that the drill was run with")
    judged_by: str = Field(description="the version of drill that judged what is signed")
    controls: tuple[Control, ...]
    signed_utc: str


class RunPredicate(Value):
    """What is said of a whole run; each of its drills has evidence of its own, which is covered, too."""

    run_id: str
    verdict: Verdict
    verdicts: dict[Verdict, int]
    as_expected: int
    unexpected: int
    drills: tuple[str, ...] = Field(description="their ids, worst first")
    not_judged: tuple[NotJudged, ...] = Field(description="drills that were planned and of which nothing is known")
    judged_by: str
    signed_utc: str


class Statement(Value):
    """The statement that is signed."""

    type_: Literal["https://in-toto.io/Statement/v1"] = Field(alias="_type")
    subject: tuple[Subject, ...] = Field(min_length=1)
    predicate_type: Literal["urn:rollback-drill:evidence:drill:v1", "urn:rollback-drill:evidence:run:v1"] = Field(
        alias="predicateType"
    )
    predicate: DrillPredicate | RunPredicate

    @model_validator(mode="after")
    def _of_one_kind(self) -> Self:
        if isinstance(self.predicate, DrillPredicate) != (self.predicate_type == OF_A_DRILL):
            raise ValueError("the predicate is not of the kind that predicateType names")
        return self

    def digests(self) -> dict[str, str]:
        """The SHA-256 of each covered file by its path."""
        return {one.name: one.digest.sha256 for one in self.subject}


def this_version() -> str:
    """The version of drill that judges here."""
    return version("rollback-drill")


def state(predicate: DrillPredicate | RunPredicate, digests: Mapping[str, str]) -> Statement:
    """The statement that says `predicate` over files with these digests."""
    return Statement.model_validate(
        {
            "_type": STATEMENT,
            "subject": [{"name": name, "digest": {"sha256": found}} for name, found in sorted(digests.items())],
            "predicateType": OF_A_DRILL if isinstance(predicate, DrillPredicate) else OF_A_RUN,
            "predicate": predicate,
        }
    )


def of_drill(result: Result, signed_utc: str) -> DrillPredicate:
    """What evidence says of a drill."""
    return DrillPredicate(
        run_id=result.run_id,
        drill_id=result.drill_id,
        name=result.name,
        source=result.source,
        system=result.system,
        environment=result.environment,
        sandbox=result.sandbox,
        started_utc=result.started_utc,
        took=result.took,
        verdict=result.verdict,
        reason=result.reason,
        expected=result.expected,
        as_expected=result.as_expected,
        objectives=result.objectives,
        not_measured=result.not_measured,
        journal_head=result.journal_head,
        versions=result.versions,
        judged_by=this_version(),
        controls=exercised(result),
        signed_utc=signed_utc,
    )


def of_run(summary: RunSummary, signed_utc: str) -> RunPredicate:
    """What evidence says of a run."""
    return RunPredicate(
        run_id=summary.run_id,
        verdict=summary.verdict,
        verdicts=summary.verdicts,
        as_expected=summary.as_expected,
        unexpected=summary.unexpected,
        drills=tuple(one.drill_id for one in summary.drills),
        not_judged=summary.not_judged,
        judged_by=this_version(),
        signed_utc=signed_utc,
    )
