"""The automatic mode: watches a system, and rolls it back without a person when a trigger calls for it.

It acts within guards (`harness.rollback.automatic`), looks whether that helped, and hands over to a person when it may
not act or did not help. Nothing but probes is sent to the system.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from harness.clock import Deadline, now, utc_anchor, utc_text
from harness.drill.calls import default_calls, trigger_specs
from harness.drill.checks.base import Bench
from harness.drill.eyes import Eyes, Met
from harness.drill.spec import TriggerSpec
from harness.errors import CannotCreate, DeadlineExceeded, MayWorkLater
from harness.observe.observer import Observer
from harness.rollback.acted import add_acted, read_acted
from harness.rollback.assessment import Assessment, Situation, assess
from harness.rollback.automatic import Acted, Restraint, hands_over
from harness.rollback.engine import Engine, Outcome, StepReport
from harness.rollback.figures import figures
from harness.rollback.incident import Incident, incident_record
from harness.rollback.metrics_source import MetricsSource
from harness.rollback.plan import Procedure
from harness.rollback.record import Records, Writer, only_one
from harness.rollback.triggers import window_for
from harness.secrecy import masked
from harness.system.metrics_model import ANSWER
from harness.system.model import SystemModel
from harness.units import Duration, Instant

QUIET: Final = Duration.of(s=5)  # no trigger's condition may be true for so long: as good answers of a drill must last
HELPS_WITHIN: Final = Duration.of(s=60)  # a rollback that has not helped by then has not helped
HISTORY: Final = "automatic.log"


@dataclass
class Ended:
    """How a watch ended: `helped` is None where nothing was rolled back; `handed` says why a person must take over."""

    title: str
    incident: Path | None = None
    helped: bool | None = None
    handed: str = ""
    reports: list[StepReport] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Order:
    """What is watched for, and how the system goes back.

    `hold` is for how long every trigger must be true; where None, as the handbook and drill.toml say.
    """

    procedure: Procedure
    target: Mapping[str, str]
    hold: Duration | None = None


@dataclass(frozen=True)
class Automatic:
    """The mode on one live system. It keeps nobody else from rolling it back, but for as long as it does so itself.

    `bench` is what the system's own checks look at, `baseline` its baseline, which is filled here; `folder` takes what
    is on file of automatic rollbacks, and incidents; `alarm` is told in words when a trigger is met; `source` is who is
    asked for the figures of a decision beside the observer, if anybody.
    """

    model: SystemModel
    engine: Engine
    observer: Observer
    bench: Bench
    baseline: dict[str, Duration]
    folder: Path
    order: Order
    alarm: Callable[[str], object]
    source: MetricsSource | None = None

    def take_baseline(self, window: Duration) -> None:
        """Learns how long answers take when all is well.

        Raises:
            CannotCreate: nothing could be kept on file of what it does.
        """
        try:
            self.folder.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise CannotCreate(f"{self.folder}: cannot be made: {error.strerror}") from error
        begun = now()
        self.observer.wait_until(lambda: now() - begun >= window, Deadline.after(window * 2), "the baseline")
        for service in self.model.services:
            p95 = self.observer.health(service, window).p95
            if p95 is not None:
                self.baseline[service] = p95
        if self.source is not None:
            self.source.take_base(tuple(self.model.services))

    def watch(self, until: Deadline) -> Ended:
        """Watches until something was done, a person must take over, or the time is over."""
        specs = self._specs()
        with Eyes(specs, self.bench) as eyes:
            try:
                met = self.observer.wait_until(lambda: eyes.look(now()), until, "a trigger")
            except DeadlineExceeded:
                return Ended(f"nothing called for a rollback ({eyes.last})")
        return self._answer(met, now(), specs[met.trigger])

    def follow_up(self, ended: Ended) -> str:
        """Looks again, some times later, whether that still helps; adds to the incident's record what was seen.

        Returns:
            Why a person must take over after all; empty when every look was good.
        """
        if ended.incident is None:
            return ""
        begun, specs = now(), self._specs()
        with Eyes(specs, self.bench) as eyes, ended.incident.open("a", encoding="utf-8") as record:
            record.write("\n## Follow-up\n\n")
            record.flush()
            for after in self.model.rollback.follow_up:
                try:
                    met = self.observer.wait_until(lambda: eyes.look(now()), Deadline(begun + after), "a relapse")
                except DeadlineExceeded:
                    record.write(f"- after {after}: no trigger was met\n")
                    record.flush()
                    continue
                why = f"{specs[met.trigger].trigger.title} again {now() - begun} after the rollback: {met.detail}"
                record.write(f"- {why}; a person must take over\n")
                return why
        return ""

    def _specs(self) -> dict[str, TriggerSpec]:
        calls = default_calls(self.model, self.order.target, str(self.model.file))
        specs = trigger_specs(self.model, calls, None)
        hold = self.order.hold
        if hold is not None:
            specs = tuple(replace(one, trigger=replace(one.trigger, hold=hold)) for one in specs)  # type: ignore[type-var]
        return {str(index): spec for index, spec in enumerate(specs)}

    def _answer(self, met: Met, at: Instant, spec: TriggerSpec) -> Ended:
        """Decides, acts if it may, and writes down what happened."""
        ended, outcome = Ended(spec.trigger.title), None
        self.alarm(f"{spec.trigger.title}: {met.detail}")
        assessment, releases = self._assess(spec, at - met.since), self._serving()
        if not assessment.decision.rolls_back:
            ended.handed = f"the assessment does not call for a rollback by itself: {assessment.reasons[0]}"
        elif why := self._guarded(releases):
            ended.handed = why
        else:
            try:
                with only_one(self.folder, f"drill rollback watch {self.order.procedure}") as records:
                    outcome = self._act(releases, ended, records)
            except MayWorkLater as error:
                ended.handed = str(error)
        told = Incident(
            title=spec.trigger.title,
            since=met.since,
            met=at,
            seen=met.detail,
            decision=assessment.decision.name.lower(),
            reasons=assessment.reasons,
            releases=[f"{release} of {service}" for service, release in releases.items()],
            reports=ended.reports,
            outcome=outcome,
            helped=ended.helped,
            handed=ended.handed,
        )
        ended.incident = self._write(told)
        return ended

    def _assess(self, spec: TriggerSpec, lasted: Duration) -> Assessment:
        window = window_for(spec.trigger.hold)
        health = [self.observer.health(name, window) for name in self.model.services]
        by = figures(self.source, health, self.baseline, Deadline.after(ANSWER * 2))
        return assess(Situation(spec.severity, lasted, spec.trigger.title, by.health, by.baseline, sources=by.sources))

    def _serving(self) -> dict[str, str]:
        before = self.engine.standing.before(self.order.target)
        return {one.service: one.versions.get(one.active, "nothing") for one in before}

    def _guarded(self, releases: Mapping[str, str]) -> str | None:
        table = self.model.rollback
        restraint, history = Restraint(table.cooldown, table.per_day), read_acted(self.folder / HISTORY)
        found = (hands_over(history, restraint, utc_anchor()[1], *one) for one in releases.items())
        return next((why for why in found if why), None)

    def _act(self, releases: Mapping[str, str], ended: Ended, records: Records) -> Outcome | None:
        """Rolls back, looks whether that helped, and cleans up if it did. On file before anything is done."""
        kept = records.newest()
        if kept is not None and kept.outcome is None:
            ended.handed = f"an earlier rollback ({kept.owner}) did not come to its end: resume or reverse it"
            return None
        acted = [Acted(utc_anchor()[1], service, release, helped=None) for service, release in releases.items()]
        add_acted(self.folder / HISTORY, acted)
        plan = self.engine.plan(self.order.procedure, self.order.target, Deadline.after(HELPS_WITHIN))
        with records.begin(plan, self.engine.standing.before(plan.target)) as writer:
            reporter = _Reporter(writer, ended.reports)
            outcome = self.engine.run(plan, reporter, Deadline.after(plan.limit or HELPS_WITHIN))
            ended.helped = outcome.outcome == "done" and self._quiet_again()
            if ended.helped:
                outcome = self.engine.clean_up(plan, reporter, Deadline.after(HELPS_WITHIN))
            writer.ended(outcome.outcome, outcome.reason)
        add_acted(self.folder / HISTORY, [replace(one, helped=ended.helped) for one in acted])
        if not ended.helped:
            ended.handed = outcome.reason or "it was rolled back, and that did not help"
        return outcome

    def _quiet_again(self) -> bool:
        """Whether no trigger's condition is true any more, for long enough, soon."""
        since: Instant | None = None
        with Eyes(self._specs(), self.bench) as eyes:

            def quiet() -> bool:
                nonlocal since
                at = now()
                eyes.look(at)
                since = (since or at) if eyes.quiet else None
                return since is not None and at - since >= QUIET

            try:
                return self.observer.wait_until(quiet, Deadline.after(HELPS_WITHIN), "quiet")
            except DeadlineExceeded:
                return False

    def _write(self, told: Incident) -> Path:
        anchor, utc_ns = utc_anchor()
        since = utc_text(utc_ns - (anchor - told.since).ns)
        path = self.folder / f"incident-{since.replace(':', '')}.md"
        path.write_text(masked(incident_record(told, since)), encoding="utf-8")
        return path


@dataclass(frozen=True, slots=True)
class _Reporter:
    """Records each step, and keeps it for the incident."""

    writer: Writer
    reports: list[StepReport]

    def step_ended(self, report: StepReport) -> None:
        """See the engine."""
        self.writer.step_ended(report)
        self.reports.append(report)
