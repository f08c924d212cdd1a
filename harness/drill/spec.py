"""A drill as a value: what a scenario declares, complete before anything is started."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from harness.drill.checks.base import Check, Demand
from harness.drill.goals import Kept, Wanted
from harness.drill.guards.rules import Said
from harness.faults.model import Fault
from harness.journal.cause import Cause
from harness.journal.declaration import Criterion, Objective, Phase, Source, Sustain, Verdict
from harness.rollback.assessment import Patience, Severity
from harness.rollback.plan import Procedure
from harness.rollback.triggers import AnyTrigger
from harness.system.model import SystemModel
from harness.units import Duration


@dataclass(frozen=True, slots=True)
class CriterionSpec:
    """A criterion with how it is measured."""

    criterion: Criterion
    check: Check

    @classmethod
    def of(cls, name: str, phase: Phase, demand: Demand, within: Duration, source: Source) -> CriterionSpec:
        """What is demanded, as a criterion with its id."""
        criterion = Criterion(
            id=name,
            name=demand.name,
            phase=phase,
            comparison=demand.comparison,
            bound=demand.bound,
            unit=demand.unit,
            within=within,
            source=source,
        )
        return cls(criterion, demand.check)


@dataclass(frozen=True, slots=True)
class TriggerSpec:
    """A trigger with where the scenario names it, and how grave the scenario says it is.

    `watched` is what a trigger that the system declares is true of while it is broken.
    """

    trigger: AnyTrigger
    source: Source
    severity: Severity
    watched: CriterionSpec | None = None


@dataclass(frozen=True, slots=True)
class ActedAgo:
    """That a release was rolled back without a person so long before the rollback of the drill."""

    service: str
    release: str
    ago: Duration
    helped: bool


@dataclass(frozen=True, slots=True)
class Limits:
    """How long each stage may take that a scenario can bound."""

    steady_window: Duration
    effect: Duration
    detect: Duration
    decide: Duration
    roll_back: Duration
    recover: Duration


@dataclass(frozen=True, slots=True)
class Growth:
    """By how much a recovery time may have grown over the median of earlier drills of the same scenario."""

    allowed: float
    """As a share of the median."""
    drills: int
    source: Source

    def __str__(self) -> str:
        return f"recovery time at most {100 * self.allowed:g} % above the median of the last {self.drills} drills"


@dataclass(frozen=True)
class Drill:
    """One scenario, declared.

    `live` and `standby` name the releases that run before the fault; services that they leave out run the system's
    current release, and have no standby. Where `acted` names automatic rollbacks, that of the drill is one, too.
    """

    name: str
    description: str
    source: Source
    tags: tuple[str, ...]
    model: SystemModel
    live: Mapping[str, str]
    standby: Mapping[str, str]
    probe_rate: float
    fault: Fault
    triggers: tuple[TriggerSpec, ...]
    patience: Patience
    procedure: Procedure
    target: Mapping[str, str]
    goal: Wanted | None
    backups: tuple[Kept, ...]
    limits: Limits
    sustain: Sustain
    objectives: tuple[Objective, ...]
    criteria: tuple[CriterionSpec, ...]
    expected: Verdict
    expected_cause: Cause | None
    lag_limit: Duration
    guards: Said = field(default_factory=Said)
    acted: tuple[ActedAgo, ...] = ()
    growth: Growth | None = None
    not_compared: str = ""
    """Why its recovery time is not held against earlier ones, though it is to be; empty otherwise."""
    feature: str = field(default="", repr=False)
    """The text of the feature file, as it was read; empty where a program made the drill."""
    slug: str = field(default="")

    @property
    def back_to_words(self) -> str:
        """What the database goes back to, in words; empty where services go back."""
        return "" if self.goal is None else str(self.goal)

    @property
    def versions(self) -> dict[str, str]:
        """The release of every service that is live before the fault."""
        return {name: self.live.get(name, self.model.releases.current) for name in self.model.services}
