"""The course of one drill, from prepare to validate: its stages, each with its deadline, each in the journal.

Invariants: the undo of a fault is durable, and the watchdog has it, before the fault is injected; nothing is done to
the system once the drill may not act any more.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

from harness.clock import Deadline, now
from harness.drill import defaults
from harness.drill.context import RunContext
from harness.drill.goals import fix, keep
from harness.drill.guards.duty import Duty
from harness.drill.hold import LastLook, hold
from harness.drill.in_time import limit_told
from harness.drill.interrupt import Interruption
from harness.drill.live import Live, go_live
from harness.drill.progress import Status
from harness.drill.recorder import Recorder, Registrar
from harness.drill.restore import keep_logs
from harness.drill.sandboxes import Sandbox, ends_with_drill, new_id, open_sandbox
from harness.drill.serving import services_of, what_serves, why_no_effect
from harness.drill.spec import CriterionSpec, Drill
from harness.drill.stages import StageFailed, decide, detect, read_ledger_rows, roll_back, wait_for_recovery
from harness.drill.surroundings import surroundings
from harness.drill.telling import Telling
from harness.drill.watch.fenced import fenced
from harness.drill.watch.order import Order
from harness.drill.watch.post import Post
from harness.drill.watch.switch import KillSwitch
from harness.errors import CannotCreate, CrashLoop, DeadlineExceeded, DrillError, ExperimentFailed, MayWorkLater
from harness.faults.model import FaultRun, Scene
from harness.faults.releases import as_it_runs
from harness.journal.chain import JournalWriter
from harness.journal.declaration import Phase
from harness.journal.records import BaselineTaken, Stage, StageEnded, StageStarted
from harness.observe.process import WorkerProcess
from harness.sandbox.common.process import Process, mark_of
from harness.units import Duration

_LOGS: Final = "the logs of what was started are in artifacts, beside the report"


class Course:
    """The stages of one drill, and what they have opened so far: what must be ended, whatever happens.

    Args:
        drill: what is run.
        context: of the run.
        folder: of the drill.
        journal: where everything goes.
        interruption: what stops the drill, also from another thread.

    Its guards are on duty (`duty`) from before `run` to after it.
    """

    def __init__(
        self, drill: Drill, context: RunContext, folder: Path, journal: JournalWriter, interruption: Interruption
    ) -> None:
        self.drill = drill
        self.worker = WorkerProcess(mark_of(Process.own()))
        self.post: Post | None = None
        self.duty: Duty
        self.sandbox: Sandbox | None = None
        self.live: Live | None = None
        self.prepared = False
        self._context = context
        self._settings = context.settings
        self._folder = folder
        self._journal = journal
        self._interruption = interruption
        self._status = Status(drill.name, Stage.PREPARE, now(), Deadline(now()))

    def run(self) -> None:
        """All stages up to validation.

        Raises:
            StageFailed: one could not be completed; the journal has its reason.
            Halted: the drill may not go on.
            DrillError: no drill can be prepared here, or something that this one needs is gone.
        """
        drill, limits, settings = self.drill, self.drill.limits, self._settings
        with self._stage(Stage.PREPARE, settings.prepare) as deadline:
            try:
                with limit_told(settings.prepare):
                    live = self.live = self._prepare(deadline)
            except (MayWorkLater, CrashLoop) as error:  # the next drill may fare better: this one alone is invalid
                raise StageFailed(f"the system did not come up: {error}; {_LOGS}") from error
        self.prepared = True
        self.duty.see(live.observer, live.baseline)
        with self._stage(Stage.STEADY_STATE, limits.steady_window + settings.steady_state) as deadline:
            self._steady_state(live, deadline)
        with self._stage(Stage.INJECT, settings.inject + limits.effect) as deadline:
            self._inject(live, deadline)
        with self._stage(Stage.DETECT, limits.detect) as deadline:
            met = detect(drill, live, self._journal, deadline, every=settings.poll, tick=self._tick)
        live.telling.started(met)
        with self._stage(Stage.DECIDE, limits.decide) as deadline:
            plan = decide(drill, live, met, self._journal, deadline)
        live.telling.planned(plan)
        with self._stage(Stage.ROLL_BACK, limits.roll_back) as deadline:
            live.plan = plan
            roll_back(live, plan, self._journal, deadline)
        with self._stage(Stage.RECOVER, limits.recover + drill.sustain.time) as deadline:
            wait_for_recovery(drill, live, deadline, self._tick)
            read_ledger_rows(drill, live, self._journal, "after recovery", settings.read_rows)
        validation = [spec for spec in drill.criteria if spec.criterion.phase is Phase.VALIDATION]
        longest = Duration(sum(spec.criterion.within.ns for spec in validation))
        with self._stage(Stage.VALIDATE, longest):
            held = [hold(spec, live.bench, self._journal, every=settings.poll) for spec in validation]
        if all(held):
            live.telling.completed()
        else:
            live.telling.failed("clients get good answers, but not every criterion of the validation held")

    def begin(self, stage: Stage, deadline: Deadline) -> None:
        """Records that a stage begins; the watchdog believes the drill until some time after its deadline."""
        self._status = Status(self.drill.name, stage, now(), deadline)
        if self.post is not None:
            self.post.vouch_until(deadline)
        self._journal.append(StageStarted(stage=stage, at=self._status.since, deadline=deadline.at))
        self._context.progress.update(self._status)

    def end(self, reason: str) -> None:
        """Records that the stage ended: with a reason when it failed."""
        outcome = "failed" if reason else "completed"
        ended = {"stage": self._status.stage, "at": now(), "outcome": outcome, "reason": reason}
        self._journal.append(StageEnded.model_validate(ended))
        self._context.progress.stage_ended(self._status, reason)

    def _prepare(self, deadline: Deadline) -> Live:
        """Brings the system up, under load and watched."""
        drill, context, settings = self.drill, self._context, self._settings
        recorder = Recorder(self._journal)
        telling = Telling(drill, context.run_id, context.sandbox, recorder)  # whose secrets are missing begins nothing
        sandbox_id = new_id(context.sandbox, drill.model)
        order = Order.of(
            settings,
            drill.model,
            drill=Process.own("drill"),
            run_id=context.run_id,
            slug=drill.slug,
            name=drill.name,
            folder=self._folder.absolute(),
            sandbox=context.sandbox,
            sandbox_id=sandbox_id,
        )
        with self._interruption.put_off():
            self.worker.start()  # it takes half a second to import what it needs, while the sandbox comes up
            switch = KillSwitch.of(settings, drill.model, drill.guards.switches)
            post = self.post = Post(order, switch, self._interruption.stop, also=surroundings(drill.fault))
        post.vouch_until(deadline)
        self.sandbox = open_sandbox(
            context.sandbox,
            drill.model,
            sandbox_id=sandbox_id,
            live=drill.versions,
            standby=drill.standby,
            run_id=context.run_id,
            settings=settings,
            deadline=deadline,
            rescue=lambda copy: keep_logs(copy, self._folder),
        )
        return go_live(
            drill,
            self.sandbox,
            fenced(self.sandbox, self._may_act),
            recorder,
            self.worker,
            telling=telling,
            order=order,
            seed=context.seed,
            deadline=deadline,
        )

    def _may_act(self) -> None:
        """Looks whether something may be done to the system.

        Raises:
            Halted: the watchdog has taken the drill's lease, or is gone.
            CannotCreate: a record is missing from the journal, so what came next would rest on what nobody can see.
            WillNotWork: a system of others is not the drill's any more.
        """
        if self._status.stage is Stage.RESTORE:  # what takes back is always allowed
            return
        if self.post is not None:
            self.post.check()
        if self._journal.problem:
            raise CannotCreate(self._journal.problem)
        if self.sandbox is not None:
            self.sandbox.require_ours()

    def _steady_state(self, live: Live, deadline: Deadline) -> None:
        """Waits for a whole window in which the criteria held, and takes the baseline from that window."""
        window = self.drill.limits.steady_window
        begun = now()
        live.observer.wait_until(lambda: self._tick(live) and now() - begun >= window, deadline, "the first window")
        for spec in self.drill.criteria:
            if spec.criterion.phase is Phase.STEADY_STATE:
                self._hold_steady(live, spec)
        for service in self.drill.model.services:
            health = live.observer.health(service, window)
            if health.p95 is None:
                raise StageFailed(f"the steady state was never reached: no answer of {service} was seen")
            live.baseline[service] = health.p95
            if health.error_rate is None or health.error_rate * 100 > defaults.STEADY_ERRORS:
                live.unsteady.add(service)
        self._journal.append(BaselineTaken(p95=dict(live.baseline)))
        live.metering.take_base()
        for kind in self.drill.backups:
            keep(kind, self.drill.model, live.system, deadline)

    def _inject(self, live: Live, deadline: Deadline) -> None:
        self.duty.check_reach(self.drill, live.sandbox)
        scene = Scene(
            system=live.system,
            metrics=live.observer,
            baseline=live.baseline,
            folder=self._folder.absolute(),
            unsteady=live.unsteady,
        )
        there = () if ends_with_drill(self._context.sandbox) else self.drill.model.services
        stays = [one for service in there for one in as_it_runs(live.system, service)]
        live.fault = FaultRun(self.drill.fault, scene, Registrar(self._journal, self.post), stays=stays)
        live.fault.set_up()
        undo = live.fault.undo
        live.strikes.arm(scene, undo)
        live.metering.strike()
        before = what_serves(live.system, services_of(undo))
        if self.drill.goal is not None:
            live.known = fix(self.drill.goal, live.system.recovery, deadline)
        try:
            live.fault.inject(deadline)
        except (DeadlineExceeded, CrashLoop, ExperimentFailed) as error:
            raise StageFailed(f"the fault could not be injected: {error}") from error
        try:
            live.fault.wait_for_effect(Deadline.after(self.drill.limits.effect))
        except DeadlineExceeded as error:
            why = why_no_effect(undo, before, live.bench)
            raise StageFailed(f"the fault had no effect: {error}{'; ' if why else ''}{why}") from error

    def _hold_steady(self, live: Live, spec: CriterionSpec) -> None:
        looks = LastLook(self._journal)
        if not hold(spec, live.bench, looks, every=self._settings.poll):
            why = f"it did not hold that {spec.criterion.name}: {looks.told(spec.criterion.unit)}"
            raise StageFailed(f"the steady state was never reached: {why}")

    @contextmanager
    def _stage(self, stage: Stage, limit: Duration) -> Iterator[Deadline]:
        """Journals a stage's start and end; an error that ends it is its reason."""
        deadline = Deadline.after(limit)
        self.begin(stage, deadline)
        reason = "interrupted"
        try:
            yield deadline
            reason = ""
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            reason = sentence(error)
            raise
        finally:
            if reason and self.live is not None:
                self.live.telling.failed(reason)
            self.end(reason)

    def _tick(self, live: Live) -> bool:
        """Tells who watches what clients see now; always true, so that it can stand in a condition."""
        self._may_act()
        self._interruption.check()
        self.duty.check()
        self._status = replace(self._status, error_rate=live.worst_error_rate())
        self._context.progress.update(self._status)
        return True


def sentence(error: BaseException) -> str:
    """An error as a reason."""
    return str(error) if isinstance(error, (DrillError, StageFailed)) else f"{type(error).__name__}: {error}"
