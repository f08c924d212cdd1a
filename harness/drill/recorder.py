"""Writes what the observer and the engine report into the journal."""

from __future__ import annotations

import os

from harness.clock import suspended
from harness.drill.watch.post import Post
from harness.journal import records as r
from harness.journal.chain import JournalWriter
from harness.journal.observation import LoadSecond, Observation, Write
from harness.notify.notice import Told
from harness.rollback.engine import StepReport
from harness.units import Instant


class Registrar:
    """A fault's recorder: what takes it back is in the journal, and with the watchdog, before anything is broken."""

    def __init__(self, journal: JournalWriter, post: Post | None) -> None:
        self._journal = journal
        self._post = post

    def append(self, record: r.FaultMoved | r.UndoRegistered | r.UndoDone, *, durable: bool = False) -> None:
        """Writes one record."""
        self._journal.append(record, durable=durable)
        if isinstance(record, r.UndoRegistered) and self._post is not None:
            self._post.hold(record.undo)


class Recorder:
    """The observer's sink and the engine's reporter, over one journal."""

    def __init__(self, journal: JournalWriter) -> None:
        self._journal = journal

    def observations(self, rows: list[Observation]) -> None:
        """Probes."""
        self._journal.append(r.Observations(rows=tuple(rows)))

    def load(self, rows: list[LoadSecond]) -> None:
        """Background load."""
        self._journal.append(r.LoadSeen(rows=tuple(rows)))

    def writes(self, rows: list[Write]) -> None:
        """Ledger writes."""
        self._journal.append(r.LedgerWrites(rows=tuple(rows)))

    def clock(self, process: str, at: Instant, utc_ns: int) -> None:
        """A clock anchor."""
        self._journal.append(clock_read(process, at, utc_ns))

    def told(self, told: Told) -> None:
        """What became of a notice."""
        self._journal.append(
            r.NoticeTold(
                receiver=told.target,
                occasion=told.occasion.value,
                due=told.due,
                attempts=told.attempts,
                sent=told.sent,
                acknowledged=told.acknowledged,
                error=told.error,
            ),
            durable=True,
        )

    def step_ended(self, report: StepReport) -> None:
        """A step of the rollback plan."""
        self._journal.append(
            r.StepEnded(
                step=report.step.id,
                started=report.started,
                completed=report.completed,
                outcome="failed" if report.error else "done",
                detail=report.detail,
            ),
            durable=True,
        )


def clock_read(process: str, at: Instant, utc_ns: int) -> r.ClockRead:
    """The record of a clock anchor, with how busy the machine is now, and for how long it has been suspended."""
    return r.ClockRead(
        process=process,
        at=at,
        utc_ns=utc_ns,
        load=os.getloadavg()[0],
        cores=len(os.sched_getaffinity(0)),
        suspended=suspended(),
    )
