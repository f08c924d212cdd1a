"""Collects what the steps of a scenario say and makes a `Drill` of it, or says what is wrong or missing."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from harness.drill import defaults
from harness.drill.altered import with_answers_within, with_replicas
from harness.drill.always import its_time, own_checks, rolled_back
from harness.drill.calls import Call, default_calls, trigger_specs
from harness.drill.checks.base import Demand
from harness.drill.demands import ALWAYS_WITHIN, not_met
from harness.drill.goals import Kept, Wanted
from harness.drill.guards.rules import Said
from harness.drill.names import known_release, known_service, refuse_unknown
from harness.drill.sense import refuse_what_cannot_pass
from harness.drill.spec import ActedAgo, CriterionSpec, Drill, Growth, Limits
from harness.drill.steady import steady_state
from harness.errors import InputError
from harness.faults.hindrance import Obstacle, hindered
from harness.faults.model import Fault
from harness.journal.cause import Cause
from harness.journal.declaration import Measured, Objective, Phase, Source, Sustain, Verdict
from harness.observe.window import RETENTION
from harness.rollback.assessment import Patience, Severity
from harness.rollback.plan import Procedure
from harness.rollback.triggers import Declared, Trigger, window_for
from harness.settings import Settings
from harness.system.model import SystemModel
from harness.units import Duration


@dataclass
class DrillBuilder:
    """What a scenario has said so far. Steps call its methods; `here` is the step that is speaking."""

    name: str
    description: str
    tags: tuple[str, ...]
    model: SystemModel
    system_file: str
    here: Source
    origin: Source
    settings: Settings
    live: dict[str, str] = field(default_factory=dict)
    standby: dict[str, str] = field(default_factory=dict)
    everywhere: str | None = None
    probe_rate: float | None = None
    fault: Fault | None = None
    hindrances: list[Obstacle] = field(default_factory=list)
    triggers: list[Call] = field(default_factory=list)
    back_to: str | None = None
    going: str | None = None  # the service that is named to go back
    procedure: Procedure = Procedure.TRAFFIC
    goal: Wanted | None = None
    backups: list[Kept] = field(default_factory=list)
    objectives: list[Objective] = field(default_factory=list)
    growth: Growth | None = None
    criteria: list[CriterionSpec] = field(default_factory=list)
    severity: Severity | None = None
    patience: Patience = field(default_factory=Patience)
    steady_window: Duration = defaults.STEADY_WINDOW
    effect_limit: Duration = defaults.EFFECT_LIMIT
    detect_limit: Duration | None = None
    decide_limit: Duration | None = None
    roll_back_limit: Duration = defaults.ROLL_BACK_LIMIT
    recover_limit: Duration = defaults.RECOVER_LIMIT
    sustain: Sustain = field(default_factory=Sustain)
    guards: Said = field(default_factory=Said)
    acted: list[ActedAgo] = field(default_factory=list)
    expected: Verdict = Verdict.PASSED
    expected_cause: Cause | None = None
    said: dict[str, Source] = field(default_factory=dict)

    def once(self, what: str) -> None:
        """Refuses what the scenario has said already: of two words only one would count."""
        if what in self.said:
            raise InputError(f"{what} is said in line {self.said[what].line} already; take one of the two steps away")
        self.said[what] = self.here

    def runs(self, service: str, live: str, standby: str | None = None) -> None:
        """A service is live in one release, with another one on standby if it is named."""
        known_service(self.model, service)
        if service in self.live:
            raise InputError(f"{service} is said to be live in {self.live[service]} already")
        self.live[service] = self._release(live)
        if standby is not None:
            self.standby[service] = self._release(standby)

    def all_run(self, version: str) -> None:
        """Every service that is not named by itself is live in one release."""
        if self.everywhere is not None:
            raise InputError(f"every service is said to be live in {self.everywhere} already")
        self.everywhere = self._release(version)

    def has_replicas(self, count: int) -> None:
        """Every service has so many replicas, whatever its description says of this environment."""
        self.once("how many replicas every service has")
        self.model = with_replicas(self.model, count)

    def probe(self, rate: float) -> None:
        """Every service is probed so many times a second."""
        if not defaults.LEAST_PROBES <= rate <= defaults.MOST_PROBES:
            raise InputError(
                f"probes at {rate:g} a second cannot be made or tell nothing; "
                f"expected {defaults.LEAST_PROBES} to {defaults.MOST_PROBES}"
            )
        self.once("how often clients probe")
        self.probe_rate = rate

    def observe_steady_state(self, window: Duration) -> None:
        """The steady state must hold, and the baseline is taken, over this time."""
        if not Duration(0) < window <= RETENTION:
            raise InputError(f"a steady state cannot be observed for {window}; expected up to {RETENTION}")
        self.once("for how long the steady state is observed")
        self.steady_window = window

    def good_answer_within(self, service: str, limit: Duration) -> None:
        """A good answer to the service's probes takes no longer than this."""
        known_service(self.model, service)
        self.once(f"how long a good answer of {service} takes")
        self.model = with_answers_within(self.model, service, limit)

    def break_by(self, fault: Fault) -> None:
        """The one fault of the drill."""
        if self.fault is not None:
            raise InputError(f"a drill has one fault, and {self.fault.title} is named already")
        refuse_unknown(self.model, fault, released=True)
        self.fault = fault

    def hinder_by(self, hindrance: Obstacle) -> None:
        """Something that stands in the way of the rollback, or befalls its engine."""
        refuse_unknown(self.model, hindrance)
        self.hindrances.append(hindrance)

    def call_for_rollback(self, trigger: Trigger) -> None:
        """A trigger that is watched."""
        known_service(self.model, trigger.service)
        self.triggers.append((trigger, self.here))

    def call_by(self, name: str, hold: Duration | None = None) -> None:
        """A trigger of drill.toml that is watched; its condition must be true for as long as it says there, or here."""
        not_met(self.model, name)
        [table] = [one for one in self.model.triggers if one.name == name]
        self.triggers.append((Declared.of(table, hold), self.here))

    def guard(self, said: Said) -> None:
        """Makes the guards of the drill stricter."""
        for condition in said.stops:
            known_service(self.model, condition.service)
        self.guards = self.guards.and_also(said)

    def counts_after(self, severity: Severity, time: Duration) -> None:
        """An incident of this severity may last so long before that counts for a rollback."""
        if severity not in (Severity.HIGH, Severity.MEDIUM):
            how = "at once" if severity is Severity.CRITICAL else "never"
            raise InputError(f"{severity} severity counts {how}; a time goes with high and medium severity")
        self.once(f"after which time {severity} severity counts")
        self.patience = replace(self.patience, **{severity.value: time})

    def roll_back_to(
        self, version: str, limit: Duration, how: Procedure = Procedure.TRAFFIC, service: str | None = None
    ) -> None:
        """The broken service goes back to a version, or the one that is named where the fault acts on none."""
        if service not in (None, getattr(self.fault, "service", None) or service):
            raise InputError(f"{service} is not what the drill breaks, so rolling it back would help nobody")
        if service is not None:
            known_service(self.model, service)
        if self.back_to is not None or self.goal is not None:
            raise InputError(f"the rollback goes to {self.back_to or self.goal} already")
        self.back_to, self.going = self._release(version), service
        self.procedure = how
        self.roll_back_limit = limit

    def back_up(self, what: Kept) -> None:
        """A backup is taken, or the configuration archived, once the steady state is reached, under load."""
        if what in self.backups:
            raise InputError(f"one {what} backup is taken already")
        self.backups.append(what)

    def restore_to(self, procedure: Procedure, goal: Wanted, limit: Duration) -> None:
        """The database goes back, or the configuration, and no service does."""
        if self.back_to is not None or self.goal is not None:
            raise InputError(f"the rollback goes to {self.back_to or self.goal} already")
        if procedure.of_data and self.model.database is None:
            raise InputError(f"{self.model.name} has no database; {self.system_file} describes none")
        self.procedure, self.goal, self.roll_back_limit = procedure, goal, limit

    def must_measure(self, measured: Measured, bound: Duration) -> None:
        """An objective."""
        self.once(f"the objective '{measured}'")
        self.objectives.append(Objective(measured=measured, bound=bound, source=self.here))

    def must_hold(self, demand: Demand, within: Duration) -> None:
        """A validation criterion, looked at until it holds or `within` has passed."""
        self._criterion(Phase.VALIDATION, demand, within, self.here)

    def expect(self, verdict: Verdict, cause: Cause | None = None) -> None:
        """The verdict in which the drill must end, and the only cause that counts, if one is named."""
        if cause and cause.verdict is not verdict:
            raise InputError(f"a drill is never {verdict} because {cause.words}; it is {cause.verdict} then")
        self.once("in which verdict the drill must end")
        self.expected, self.expected_cause = verdict, cause

    def services(self, *, critical: bool = False) -> tuple[str, ...]:
        """Names of all services, or of the critical ones."""
        return tuple(name for name, table in self.model.services.items() if table.critical or not critical)

    def build(self, slug: str) -> Drill:
        """The whole drill.

        Raises:
            InputError: the scenario leaves out something that a drill cannot do without.
        """
        fault = self.fault
        if fault is None:
            raise InputError(
                f"{self.origin}: the scenario injects no fault; a negative control says 'When nothing is done'"
            )
        refuse_what_cannot_pass(self, fault, self.limits())
        if not self.triggers:
            broken = [name for name in (getattr(fault, "service", None) or self.going,) if name]
            self.triggers = default_calls(self.model, broken or self.services(critical=True), self.system_file)
        self.objectives += defaults.objectives(self.model, self.objectives, self.system_file)
        self._own_checks()
        for demand in rolled_back(self.model, self._target(fault), self.criteria):
            self._criterion(Phase.VALIDATION, demand, defaults.VERSION_LIMIT, self._own(its_time(demand)))
        versions = {name: self._live().get(name, self.model.releases.current) for name in self.services()}
        for demand, within in steady_state(self.model, versions, self.steady_window, self.settings.steady_state):
            self._criterion(Phase.STEADY_STATE, demand, within, self._own("always checked before the fault"))
        return Drill(
            name=self.name,
            description=self.description,
            source=self.origin,
            tags=self.tags,
            model=self.model,
            live=self._live(),
            standby=self.standby,
            probe_rate=self.probe_rate or self.settings.probe_rate,
            fault=hindered(fault, self.hindrances),
            triggers=trigger_specs(self.model, self.triggers, self.severity),
            patience=self.patience,
            procedure=self.procedure,
            target=self._target(fault),
            goal=self.goal,
            backups=tuple(self.backups),
            limits=self.limits(),
            sustain=self.sustain,
            objectives=tuple(self.objectives),
            growth=self.growth,
            criteria=tuple(self.criteria),
            expected=self.expected,
            expected_cause=self.expected_cause,
            lag_limit=self.settings.lag_limit,
            guards=self.guards,
            acted=tuple(self.acted),
            slug=slug,
        )

    def limits(self) -> Limits:
        """How long its stages may take, as far as the scenario has said so."""
        longest = max((one.hold + window_for(one.hold) for one, _ in self.triggers), default=Duration(0))
        return Limits(
            steady_window=self.steady_window,
            effect=self.effect_limit,
            detect=self.detect_limit or longest + defaults.DETECT_SLACK,
            decide=self.decide_limit or self.settings.decide,
            roll_back=self.roll_back_limit,
            recover=self.recover_limit,
        )

    def _live(self) -> dict[str, str]:
        """The releases before the fault that the scenario names."""
        return {**(dict.fromkeys(self.model.services, self.everywhere) if self.everywhere else {}), **self.live}

    def _target(self, fault: Fault) -> dict[str, str]:
        """Where the scenario says nothing: a bad release goes back to what was live, else to what stands by."""
        service = getattr(fault, "service", None) or self.going
        if self.procedure is Procedure.APPLICATION and self.back_to:
            return dict.fromkeys(self.model.services, self.back_to)
        if service is None or self.goal is not None:
            return {}
        before = self._live().get(service, self.model.releases.current)
        return {service: self.back_to or (before if hasattr(fault, "version") else self.standby.get(service, before))}

    def _own_checks(self) -> None:
        """The checks that belong to every validation; one that the scenario names has the time that it names."""
        said = {spec.criterion.name for spec in self.criteria}
        for demand, source in own_checks(self.model, self.system_file):
            if demand.name not in said:
                self._criterion(Phase.VALIDATION, demand, ALWAYS_WITHIN, source)

    def _criterion(self, phase: Phase, demand: Demand, within: Duration, source: Source) -> None:
        self.criteria.append(CriterionSpec.of(f"c{len(self.criteria) + 1:02}", phase, demand, within, source))

    def _own(self, why: str) -> Source:
        return Source.nowhere(self.origin.file, why)

    def _release(self, version: str) -> str:
        return known_release(self.model, version)
