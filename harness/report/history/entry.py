"""One drill as the history keeps it."""

from __future__ import annotations

from pathlib import PurePath
from typing import Self

from pydantic import Field

from harness.journal.declaration import Value, Verdict
from harness.report.story import measure
from harness.report.summary import DrillSummary, drill_summary
from harness.verdict.result import Result, Seconds


class Scenario(Value):
    """What makes two drills comparable: the same scenario of the same system, in the same kind of place."""

    system: str
    environment: str
    sandbox: str
    feature: str = Field(description="the name of the feature file; where it lies may differ from machine to machine")
    name: str
    drill: str = Field(description="the drill's id without its sandbox: the rows of an outline may share one name")

    @property
    def title(self) -> str:
        """As people read it."""
        return f"{self.name} ({self.drill}, {self.system}, {self.sandbox})"


class Entry(DrillSummary):
    """One drill, with what its run's summary says of it."""

    run_id: str
    system: str
    environment: str
    rpo: Seconds | None
    rpo_objective: float | None
    version: str = Field(description="of drill, when it was run")
    report: str = Field(description="where its report is: from the history's folder on, or the whole path")

    @classmethod
    def of(cls, result: Result, report: str) -> Self:
        """The entry of a judged drill whose report is there."""
        rpo = measure(result, "rpo")
        return cls(
            **drill_summary(result).model_dump(),
            run_id=result.run_id,
            system=result.system,
            environment=result.environment,
            rpo=rpo.interval if rpo else None,
            rpo_objective=next((one.bound for one in result.objectives if one.measured == "rpo"), None),
            version=result.versions.get("rollback-drill", ""),
            report=report,
        )

    @property
    def scenario(self) -> Scenario:
        """Which scenario it was."""
        return Scenario(
            system=self.system,
            environment=self.environment,
            sandbox=self.sandbox,
            feature=PurePath(self.source.rpartition(":")[0]).name,
            name=self.name,
            drill=self.drill_id.removesuffix(f"-{self.sandbox}"),
        )

    @property
    def measured(self) -> Seconds | None:
        """The recovery time, where it tells of the rollback: of a drill that was judged and measured one."""
        return self.rto if self.verdict in {Verdict.PASSED, Verdict.MISSED} else None

    @property
    def counting(self) -> Self:
        """The same without measures where they tell of no rollback: nothing is lost where nothing happened."""
        if self.verdict not in {Verdict.INVALID, Verdict.ABORTED}:
            return self
        return self.model_copy(update={"rto": None, "rpo": None, "lost": None})
