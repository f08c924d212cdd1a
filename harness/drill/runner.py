"""Runs one drill through its stages. Everything it does and sees is in the journal; judging is not done here.

Invariants: the undo of a fault is durable before the fault is injected; whatever happens, the restore stage runs:
the fault is taken back, the observer and the sandbox are ended.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from harness.clock import Deadline, now, utc_anchor
from harness.drill.declare import declaration
from harness.drill.hold import LastLook, hold
from harness.drill.interrupt import Interruption
from harness.drill.live import Live, go_live
from harness.drill.progress import Progress, Status
from harness.drill.reach import services_of, serving, why_no_effect
from harness.drill.recorder import Recorder
from harness.drill.restore import attempt, end_sandbox, restore
from harness.drill.sandboxes import Sandbox, open_sandbox
from harness.drill.spec import CriterionSpec, Drill
from harness.drill.stages import StageFailed, decide, detect, read_ledger_rows, roll_back, wait_for_recovery
from harness.errors import CannotCreate, CrashLoop, DeadlineExceeded, DrillError, InternalError
from harness.faults.model import FaultRun, Scene
from harness.journal.chain import JournalWriter
from harness.journal.declaration import Phase
from harness.journal.records import (
    BaselineTaken,
    ClockRead,
    DrillEnded,
    Stage,
    StageEnded,
    StageStarted,
    Stopped,
)
from harness.observe.process import WorkerProcess
from harness.settings import Settings
from harness.units import Duration


@dataclass(frozen=True, slots=True)
class RunContext:
    """What all drills of one run share; `tools` are the versions of what the sandbox was made with."""

    run_id: str
    folder: Path
    sandbox: str
    settings: Settings
    seed: int
    progress: Progress
    again: str
    tools: Mapping[str, str] = field(default_factory=dict)


def run_drill(drill: Drill, context: RunContext) -> Path:
    """Runs a drill and returns its folder, which holds its journal, ledger and artefacts.

    Raises:
        DrillError: the drill could not be prepared (the journal says so too), or its journal could not be written.
        KeyboardInterrupt: a person stopped it; everything has been undone and the journal is complete.
    """
    folder = context.folder / drill.slug
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        raise CannotCreate(f"{folder}: the drill's folder cannot be made: {error.strerror}") from error
    journal = JournalWriter(folder / "journal.jsonl")
    try:
        _Run(drill, context, folder, journal).run()
    finally:
        journal.close()
    return folder


class _Run:
    """The state of one drill while it runs."""

    def __init__(self, drill: Drill, context: RunContext, folder: Path, journal: JournalWriter) -> None:
        self.drill = drill
        self.context = context
        self.settings = context.settings
        self.folder = folder
        self.journal = journal
        self.worker = WorkerProcess()
        self.sandbox: Sandbox | None = None
        self.live: Live | None = None
        self._prepared = False
        self._status = Status(drill.name, Stage.PREPARE, now(), Deadline(now()))

    def run(self) -> None:
        """All stages, then restore, whatever happened."""
        drill, context = self.drill, self.context
        first = declaration(
            drill, run_id=context.run_id, sandbox=context.sandbox, again=context.again, tools=context.tools
        )
        self.journal.append(first, durable=True)
        at, utc_ns = utc_anchor()
        self.journal.append(ClockRead(process="drill", at=at, utc_ns=utc_ns))
        problem: BaseException | None = None
        with Interruption() as interruption:
            try:
                try:
                    self._stages()
                finally:
                    interruption.hold()  # an interrupt that comes just before this one is caught below, like any other
            except StageFailed:
                pass  # the journal has the stage's end and its reason; the verdict follows from it
            except KeyboardInterrupt:
                interruption.asked = True
                self._stopped("person", "interrupted")
            except BaseException as error:  # noqa: BLE001 - whatever it is, the drill is restored before it is told
                problem = error
                self._stopped("error", _sentence(error))
            self._restore()
            self.journal.append(DrillEnded(at=now()), durable=True)
        if interruption.asked:
            raise KeyboardInterrupt
        if problem and not isinstance(problem, DrillError):
            raise InternalError(f"the drill met a bug of the harness: {_sentence(problem)}") from problem
        if problem and not self._prepared:
            raise problem

    def _stages(self) -> None:
        drill, limits, settings = self.drill, self.drill.limits, self.settings
        with self._stage(Stage.PREPARE, settings.prepare) as deadline:
            self.worker.start()  # it takes half a second to import what it needs, while the sandbox comes up
            self.sandbox = open_sandbox(
                self.context.sandbox,
                drill.model,
                live=drill.versions,
                standby=drill.standby,
                run_id=self.context.run_id,
                settings=settings,
                deadline=deadline,
            )
            self.live = go_live(
                drill,
                self.sandbox,
                Recorder(self.journal),
                self.worker,
                folder=self.folder,
                run_id=self.context.run_id,
                seed=self.context.seed,
                deadline=deadline,
            )
        self._prepared = True
        live = self.live
        with self._stage(Stage.STEADY_STATE, limits.steady_window + settings.steady_state) as deadline:
            self._steady_state(live, deadline)
        with self._stage(Stage.INJECT, settings.inject + limits.effect) as deadline:
            self._inject(live, deadline)
        with self._stage(Stage.DETECT, limits.detect) as deadline:
            met = detect(drill, live, self.journal, deadline, every=settings.poll, tick=self._tick)
        with self._stage(Stage.DECIDE, limits.decide) as deadline:
            plan = decide(drill, live, met, self.journal, deadline)
        with self._stage(Stage.ROLL_BACK, limits.roll_back) as deadline:
            live.plan = plan
            roll_back(live, plan, self.journal, deadline)
        with self._stage(Stage.RECOVER, limits.recover + drill.sustain.time) as deadline:
            wait_for_recovery(drill, live, deadline, self._tick)
            read_ledger_rows(drill, live, self.journal, "after recovery", settings.read_rows)
        validation = [spec for spec in drill.criteria if spec.criterion.phase is Phase.VALIDATION]
        longest = Duration(sum(spec.criterion.within.ns for spec in validation))
        with self._stage(Stage.VALIDATE, longest):
            for spec in validation:
                hold(spec, live.bench, self.journal, every=settings.poll)

    def _steady_state(self, live: Live, deadline: Deadline) -> None:
        """Waits for a whole window in which the criteria held, and takes the baseline from that window."""
        window = self.drill.limits.steady_window
        begun = now()
        live.observer.wait_until(lambda: self._tick(live) and now() - begun >= window, deadline, "the first window")
        for spec in self.drill.criteria:
            if spec.criterion.phase is Phase.STEADY_STATE:
                self._hold_steady(live, spec)
        for service in self.drill.model.services:
            p95 = live.observer.health(service, window).p95
            if p95 is None:
                raise StageFailed(f"the steady state was never reached: no answer of {service} was seen")
            live.baseline[service] = p95
        self.journal.append(BaselineTaken(p95=dict(live.baseline)))

    def _inject(self, live: Live, deadline: Deadline) -> None:
        scene = Scene(system=live.sandbox, metrics=live.observer, baseline=live.baseline)
        live.fault = FaultRun(self.drill.fault, scene, self.journal)
        live.fault.set_up()
        undo = live.fault.undo
        before = serving(live.sandbox, services_of(undo))
        try:
            live.fault.inject(deadline)
        except (DeadlineExceeded, CrashLoop) as error:
            raise StageFailed(f"the fault could not be injected: {error}") from error
        try:
            live.fault.wait_for_effect(Deadline.after(self.drill.limits.effect))
        except DeadlineExceeded as error:
            why = why_no_effect(undo, before, live.bench)
            raise StageFailed(f"the fault had no effect: {error}{'; ' if why else ''}{why}") from error

    def _hold_steady(self, live: Live, spec: CriterionSpec) -> None:
        looks = LastLook(self.journal)
        if not hold(spec, live.bench, looks, every=self.settings.poll):
            why = f"it did not hold that {spec.criterion.name}: {looks.told(spec.criterion.unit)}"
            raise StageFailed(f"the steady state was never reached: {why}")

    @contextmanager
    def _stage(self, stage: Stage, limit: Duration) -> Iterator[Deadline]:
        """Journals a stage's start and end; an error that ends it is its reason."""
        deadline = Deadline.after(limit)
        self._begin(stage, deadline)
        reason = "interrupted"
        try:
            yield deadline
            reason = ""
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            reason = _sentence(error)
            raise
        finally:
            self._end(reason)

    def _begin(self, stage: Stage, deadline: Deadline) -> None:
        self._status = Status(self.drill.name, stage, now(), deadline)
        self.journal.append(StageStarted(stage=stage, at=self._status.since, deadline=deadline.at))
        self.context.progress.update(self._status)

    def _end(self, reason: str) -> None:
        outcome = "failed" if reason else "completed"
        ended = {"stage": self._status.stage, "at": now(), "outcome": outcome, "reason": reason}
        self.journal.append(StageEnded.model_validate(ended))
        self.context.progress.stage_ended(self._status, reason)

    def _tick(self, live: Live) -> bool:
        """Tells who watches what clients see now; always true, so that it can stand in a condition."""
        self._status = replace(self._status, error_rate=live.worst_error_rate())
        self.context.progress.update(self._status)
        return True

    def _stopped(self, by: Literal["person", "error"], reason: str) -> None:
        """Records why the drill stops; that it cannot be recorded does not keep it from being restored."""
        attempt(("the stop", lambda: self.journal.append(Stopped(at=now(), by=by, reason=reason), durable=True)))

    def _restore(self) -> None:
        """Tries every part, even when nothing can be recorded or shown any more; a part that failed is a stop."""
        killed = attempt(("the observer was not killed", self.worker.kill)) if self.live is None else []
        if self.sandbox is None:
            return
        deadline = Deadline.after(self.settings.undo + self.settings.teardown)
        failed = killed + attempt(("the stage was not recorded", lambda: self._begin(Stage.RESTORE, deadline)))
        if self.live is not None:
            failed += restore(self.drill, self.live, self.journal, self.settings)
        failed += end_sandbox(self.sandbox, self.folder, self.settings)
        if failed:
            self._stopped("error", f"not everything was restored: {'; '.join(failed)}")
        attempt(("the end of the stage was not recorded", lambda: self._end("; ".join(failed))))


def _sentence(error: BaseException) -> str:
    return str(error) if isinstance(error, (DrillError, StageFailed)) else f"{type(error).__name__}: {error}"
