"""The last stage of every drill: close the ledger, take the fault back, end observer and sandbox.

Each part is tried even when an earlier one failed, and a failure is written down, never swallowed.
"""

from __future__ import annotations

from pathlib import Path

from harness.clock import Deadline, now
from harness.drill.live import Live
from harness.drill.spec import Drill
from harness.drill.stages import read_ledger_rows
from harness.errors import DrillError
from harness.journal.chain import JournalWriter
from harness.journal.records import FaultState, LedgerClosed, Stopped
from harness.observe.ledger import read_ledger
from harness.settings import Settings


def restore(drill: Drill, live: Live, journal: JournalWriter, folder: Path, settings: Settings) -> None:
    """Takes everything back and ends everything.

    Raises:
        DrillError: the sandbox could not be ended; what is left is removed by the next `drill heal`.
    """
    try:
        _close_ledger(drill, live, journal, settings)
        _undo(live, settings)
        _stop_observer(live, journal, settings)
    finally:
        live.observer.kill()
        live.http.close()
        try:
            live.sandbox.copy_logs(folder / "artifacts")
        finally:
            live.sandbox.close(Deadline.after(settings.teardown))


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


def _undo(live: Live, settings: Settings) -> None:
    """Cleans up after the rollback, then takes the fault back; both find little to do after the other."""
    if live.plan and live.outcome and live.outcome.outcome == "done":
        live.engine.clean_up(live.plan, live.recorder, Deadline.after(settings.undo))
    fault = live.fault
    if fault is None:
        return
    if fault.may_have_changed_something:
        fault.recover(Deadline.after(settings.undo))
    if fault.state is FaultState.RECOVERED and live.observer.problem is None:
        fault.wait_for_recovery(Deadline.after(settings.settle))
    if fault.state in (FaultState.RECOVERED, FaultState.GONE):
        fault.clean_up()


def _stop_observer(live: Live, journal: JournalWriter, settings: Settings) -> None:
    try:
        live.observer.stop(Deadline.after(settings.settle))
    except DrillError as error:
        journal.append(Stopped(at=now(), by="error", reason=f"the observer did not end in order: {error}"))
