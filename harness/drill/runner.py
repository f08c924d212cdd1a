"""Runs one drill: its course, and then its restore, whatever happened. Judging is not done here.

Everything that the drill does and sees is in the journal. Who cannot restore any more leaves that to the watchdog.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Final, Literal

from harness.clock import Deadline, now, utc_anchor, utc_moment
from harness.drill.context import RunContext
from harness.drill.course import Course, sentence
from harness.drill.declare import declaration
from harness.drill.guards.answers import Answer
from harness.drill.guards.beforehand import answers_to
from harness.drill.guards.duty import Duty, refused
from harness.drill.guards.rules import rules_for
from harness.drill.inputs import keep_inputs
from harness.drill.interrupt import Halt, Halted, Interruption, LeftToWatchdog
from harness.drill.recorder import clock_read
from harness.drill.restore import attempt, end_sandbox, is_gone, keep_logs, restore
from harness.drill.sandboxes import ends_with_drill
from harness.drill.spec import Drill
from harness.drill.stages import StageFailed
from harness.drill.watch.post import Post
from harness.errors import CannotCreate, DeadlineExceeded, DrillError, InternalError
from harness.journal.chain import JournalWriter
from harness.journal.records import DrillEnded, Stage, Stopped
from harness.marks import acting_for
from harness.sandbox.common.process import Process
from harness.units import Instant

STOPPING: Final = (
    "stopping: the fault is taken back, and the sandbox is ended; the same once more leaves that to the watchdog"
)


def run_drill(drill: Drill, context: RunContext) -> Path:
    """Runs a drill and returns its folder, which holds its journal, ledger and artefacts.

    Raises:
        DrillError: no drill can be prepared (the journal says so too), or its journal could not be written.
        LeftToWatchdog: a person did not want to wait until everything is undone; the watchdog does it.
        Halted: a guard stopped this drill and those after it; everything has been undone.
        KeyboardInterrupt: a person stopped it; everything has been undone and the journal is complete.
    """
    folder = context.folder / drill.slug
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        raise CannotCreate(f"{folder}: the drill's folder cannot be made: {error.strerror}") from error
    keep_inputs(drill, folder)
    journal = JournalWriter(folder / "journal.jsonl")
    with journal, acting_for(Process.own().label):
        _Run(drill, context, folder, journal).run()
    return folder


class _Run:
    """One drill while it runs."""

    def __init__(self, drill: Drill, context: RunContext, folder: Path, journal: JournalWriter) -> None:
        self._context = context
        self._settings = context.settings
        self._folder = folder
        self._journal = journal
        self._interruption = Interruption()
        self._said_why = False
        self._rules = rules_for(drill.model, drill.guards, context.sandbox)
        self._course = Course(drill, context, folder, journal, self._interruption)

    def run(self) -> None:
        """The course, then restore, whatever happened; nothing at all where a guard refuses it."""
        interruption, settings = self._interruption, self._settings
        at, utc_ns = utc_anchor()
        if refusal := self._declare(at, utc_ns):
            self._halted(refused(refusal))
            self._journal.append(DrillEnded(at=now()), durable=True)
            return
        with interruption, Duty(self._rules, at, interruption.stop, every=settings.poll) as self._course.duty:
            problem = self._run_course()
            try:
                self._restore()
            except KeyboardInterrupt:  # the second one
                raise self._leave_the_rest() from None
            self._journal.append(DrillEnded(at=now()), durable=True)
        if interruption.asked:
            raise KeyboardInterrupt
        if interruption.halt is not None and interruption.halt.all_drills:
            raise Halted(interruption.halt)
        if problem and not isinstance(problem, DrillError):
            raise InternalError(f"the drill met a bug of the harness: {sentence(problem)}") from problem
        if problem and not self._course.prepared:
            raise problem

    def _declare(self, at: Instant, utc_ns: int) -> Answer | None:
        """Records what the drill is and what the guards say to it; the first of them that refuses it, if one does."""
        context = self._context
        told = answers_to(self._course.drill, context.sandbox, self._settings, utc_moment(utc_ns))
        first = declaration(
            self._course.drill,
            run_id=context.run_id,
            sandbox=context.sandbox,
            again=context.again,
            tools=context.tools,
            guards=told,
        )
        self._journal.append(first, durable=True)
        self._journal.append(clock_read("drill", at, utc_ns))
        return next((one for one in told if not one.allowed), None)

    def _run_course(self) -> BaseException | None:
        """Goes through the stages, and records what stopped them; returns an error that did."""
        problem: BaseException | None = None
        try:
            try:
                self._course.run()
            finally:
                self._interruption.hold()  # an interrupt that comes just before is caught below, like any other
        except StageFailed:
            pass  # the journal has the stage's end and its reason; the verdict follows from it
        except Halted as halted:
            self._interruption.halt = self._interruption.halt or halted.halt
        except KeyboardInterrupt:
            self._interruption.asked = True
            self._stopped("person", "interrupted")
            self._context.progress.say(STOPPING)
        except BaseException as error:  # noqa: BLE001 - whatever it is, the drill is restored before it is told
            problem = error
            self._stopped("error", sentence(error))
        attempt(("the time was not recorded", lambda: self._journal.append(clock_read("drill", *utc_anchor()))))
        late = self._course.duty.end()  # a guard that stopped the drill as its last stage had just ended counts, too
        halt = self._interruption.halt or late or (self._course.post.lost if self._course.post else None)
        if halt is not None:
            self._halted(halt)
            self._context.progress.say(f"stopping: {halt.reason}")
        elif self._journal.problem and problem is None:
            self._stopped("error", f"a record is missing: {self._journal.problem}")
        return problem

    def _halted(self, halt: Halt) -> None:
        self._record(Stopped(at=now(), by=halt.by, reason=halt.reason, guard=halt.guard, rule=halt.rule))

    def _stopped(self, by: Literal["person", "error"], reason: str) -> None:
        self._record(Stopped(at=now(), by=by, reason=reason))

    def _record(self, stopped: Stopped) -> None:
        """Records why the drill stops; that it cannot be recorded does not keep it from being restored."""
        self._said_why = True
        attempt(("the stop", lambda: self._journal.append(stopped, durable=True)))

    def _restore(self) -> None:
        """Tries every part, even when nothing can be recorded or shown any more; a part that failed is a stop."""
        course, post = self._course, self._course.post
        if post is None:  # nothing has been begun
            attempt(("the observer was not killed", course.worker.kill))
            return
        self._interruption.let_leave(lambda: post.lives)
        if course.sandbox is None and not post.taken:
            self._end_without_sandbox(post)
        else:
            settings = self._settings
            deadline = Deadline.after(settings.clean_up + settings.undo + settings.teardown)
            failed = attempt(("the stage was not recorded", lambda: course.begin(Stage.RESTORE, deadline)))
            failed += self._give_way(post) if post.taken else self._take_back(post)
            if failed:
                self._stopped("error", f"not everything was restored: {'; '.join(failed)}")
            attempt(("the end of the stage was not recorded", lambda: course.end("; ".join(failed))))
        self._interruption.let_leave(None)

    def _take_back(self, post: Post) -> list[str]:
        """Takes back what the drill did, and ends what it opened; what stays for the watchdog is given to it."""
        course, settings = self._course, self._settings
        if course.sandbox is None:
            raise InternalError("there is no sandbox to take anything back on")
        failed: list[str] = []
        if course.live is None:
            failed += attempt(("the observer was not killed", course.worker.kill))
        else:
            failed += restore(course.drill, course.live, self._journal, settings)
        failed += keep_logs(course.sandbox.copy_logs, self._folder)
        fault = course.live.fault if course.live else None
        whole = fault is None or fault.taken_back
        stays = not whole and not ends_with_drill(self._context.sandbox)
        left = end_sandbox(course.sandbox, settings, stays=stays)
        if not whole:
            left.append("the fault was not taken back")
        if post.taken:  # the drill stood still while it was at it
            return self._give_way(post)
        if left:
            return [*failed, *left, *self._hand_over(post, "; ".join(left))]
        self._interruption.let_leave(None)
        return failed if post.leave() else [*failed, *self._give_way(post)]

    def _end_without_sandbox(self, post: Post) -> None:
        """Nothing was opened, or it is gone again; where something tells of it still, the watchdog ends it."""
        attempt(("the observer was not killed", self._course.worker.kill))
        if self._interruption.asked or self._interruption.halt:
            self._hand_over(post, "the drill was stopped while its sandbox was being opened")
        elif not is_gone(post.order.sandbox, post.order.sandbox_id, self._settings):
            self._hand_over(post, "its sandbox was not opened, and is not gone either")
        elif not post.leave():
            self._give_way(post)

    def _give_way(self, post: Post) -> list[str]:
        """The watchdog has taken the drill's lease: it takes everything back, and the drill only ends what watches."""
        course = self._course
        if post.lost is not None and not self._said_why:  # it stood still after its last stage
            self._halted(post.lost)
        failed = attempt(("the observer was not killed", course.worker.kill))
        if course.live is not None:
            telling = course.live.telling
            failed += attempt(
                ("the HTTP client was not closed", course.live.http.close),
                ("people were not told", lambda: telling.close(Deadline.after(self._settings.notices))),
            )
        return failed + self._wait_for(post, lambda: post.give_way(Deadline.after(self._settings.heal)))

    def _hand_over(self, post: Post, why: str) -> list[str]:
        """Gives the watchdog what the drill could not do, and waits for it."""
        self._context.progress.say(f"the watchdog tries again: {why}")
        return self._wait_for(post, lambda: post.hand_over(why, Deadline.after(self._settings.heal)))

    def _wait_for(self, post: Post, end: Callable[[], tuple[str, ...]]) -> list[str]:
        try:
            return list(end())
        except DeadlineExceeded as error:
            return [f"{error}; process {post.pid} is still at it: see 'drill status'"]

    def _leave_the_rest(self) -> LeftToWatchdog:
        """A person stopped the drill a second time: the watchdog does what is left to be done."""
        self._interruption.hear_no_more()
        post = self._course.post
        self._stopped("person", "it was not waited for until everything was undone; the watchdog does the rest")
        if post is None:
            return LeftToWatchdog("interrupted")
        post.leave_the_rest("a person stopped the drill, and did not wait until it had taken everything back")
        run = shlex.join(["drill", "report", str(self._context.folder)])
        return LeftToWatchdog(
            f"left to the watchdog, process {post.pid}: it takes everything back; 'drill status' tells whether it has, "
            f"and '{run}' then what came of the drill"
        )
