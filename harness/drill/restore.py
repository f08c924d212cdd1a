"""The last stage of every drill: close the ledger, take the fault back, end observer and sandbox.

Invariant: each part is tried, whatever the parts before it did; what failed is returned, never swallowed.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol, runtime_checkable

from harness.clock import Deadline, now
from harness.drill.live import Live
from harness.drill.sandboxes import KIND, Sandbox, ends_with_drill
from harness.drill.spec import Drill
from harness.drill.stages import read_ledger_rows
from harness.errors import DrillError, MayWorkLater
from harness.faults.model import FaultRun
from harness.journal.chain import JournalWriter
from harness.journal.records import FaultState, LedgerClosed
from harness.observe.ledger import read_ledger
from harness.sandbox.common.logs import Copy
from harness.secrecy import masked
from harness.settings import Settings

Part = tuple[str, Callable[[], object]]


@runtime_checkable
class _Staying(Protocol):
    """A system that was there before the drill."""

    def leave(self) -> None:
        """Lets go of it as it is, for another process to take back what is left of the drill there."""


def attempt(*parts: Part) -> list[str]:
    """Does every part in order and returns a sentence for each that failed."""
    failed: list[str] = []
    for what, act in parts:
        try:
            act()
        except Exception as error:  # noqa: BLE001 - the parts that follow must be tried, whatever this one raised
            failed.append(f"{what}: {error}" if isinstance(error, DrillError) else f"{what}: {error!r}")
    return failed


def restore(drill: Drill, live: Live, journal: JournalWriter, settings: Settings) -> list[str]:
    """Takes everything back and ends the observer; returns what failed."""
    failed = attempt(
        ("the ledger was not closed", lambda: _close_ledger(drill, live, journal, settings)),
        ("the rollback was not cleaned up", lambda: _clean_up(live, settings)),
    )
    if live.fault is not None:
        failed += _take_back(live.fault, live.sandbox, settings)
    return failed + attempt(
        ("the observer did not end in order", lambda: live.observer.stop(Deadline.after(settings.settle))),
        ("the observer was not killed", live.observer.kill),
        ("the HTTP client was not closed", live.http.close),
        ("the metrics source was not closed", live.metering.close),
        ("people were not told", lambda: live.telling.close(Deadline.after(settings.notices))),
    )


def keep_logs(copy: Copy, folder: Path) -> list[str]:
    """Keeps a sandbox's logs, without the secrets in them; returns what failed."""

    def keep() -> None:
        for log in copy(folder / "artifacts"):
            text = log.read_bytes().decode("utf-8", "surrogateescape")
            log.write_bytes(masked(text).encode("utf-8", "surrogateescape"))

    return attempt(("the logs were not copied", keep))


def end_sandbox(sandbox: Sandbox, settings: Settings, *, stays: bool) -> list[str]:
    """Ends the sandbox, or only lets go of it where something is to be taken back on what `stays`; what failed."""
    if stays and isinstance(sandbox, _Staying):
        return attempt(("the system was not left in order", sandbox.leave))
    return attempt(("the sandbox was not ended in order", lambda: sandbox.close(Deadline.after(settings.teardown))))


def _close_ledger(drill: Drill, live: Live, journal: JournalWriter, settings: Settings) -> None:
    """Stops the writers, counts what their file holds, and reads all rows once more."""
    if drill.model.ledger is None:
        return
    error, count = "", None
    try:
        live.observer.stop_writes(Deadline.after(drill.model.ledger.within + settings.settle))
        count = len(read_ledger(live.ledger))
    except DrillError as failure:
        error = str(failure)
    journal.append(LedgerClosed(at=now(), writes=count, error=error))
    read_ledger_rows(drill, live, journal, "after validation", settings.read_rows)


def _clean_up(live: Live, settings: Settings) -> None:
    """The steps of the plan that wait until clients have recovered: what serves them is not taken away before."""
    if live.plan and live.recovered:
        ended = live.engine.clean_up(live.plan, live.recorder, Deadline.after(settings.clean_up))
        if ended.outcome != "done":
            raise MayWorkLater(ended.reason)


def _take_back(fault: FaultRun, on: Sandbox, settings: Settings) -> list[str]:
    """Carries the undo out, past the fence, and looks whether the effect is gone.

    An undo that fails is in the journal by itself.
    """
    failed: list[str] = []
    if fault.may_have_changed_something:
        failed += attempt(("the undo was not recorded", lambda: fault.recover(Deadline.after(settings.undo), on)))
    if fault.state is FaultState.RECOVERED:
        failed += attempt(
            ("the end of the fault was not seen", lambda: fault.wait_for_recovery(Deadline.after(settings.settle)))
        )
    if fault.state in (FaultState.RECOVERED, FaultState.GONE):
        failed += attempt(("the end of the fault was not recorded", fault.clean_up))
    return failed


def is_gone(sandbox: str, sandbox_id: str, settings: Settings) -> bool:
    """True where no folder of a sandbox is there: each is made before anything of its sandbox, and goes last."""
    folders = settings.state_dir / ".kind" / "drills" if sandbox == KIND else settings.state_dir
    return not ends_with_drill(sandbox) or not (folders / sandbox_id).exists()
