"""Takes a drill back that cannot do so itself: its tools, what it did outside of its sandbox, the sandbox.

Where the sandbox is made for the drill, it ends with all that was done in it; only what outlives it is undone one by
one. Where the system was there before, every operation of the undo list is carried out on it.
"""

from __future__ import annotations

import logging
import signal
from collections.abc import Callable
from typing import Final, Literal

from pydantic import ValidationError

from harness.clock import Deadline, now, wait_for
from harness.drill import sandboxes
from harness.drill.watch.account import Account
from harness.drill.watch.berth import Berth
from harness.drill.watch.entries import order_of, taken_back_by_hand, undo_of
from harness.drill.watch.order import Order
from harness.errors import DeadlineExceeded, DrillError, InputError, MayWorkLater
from harness.faults.undo.passes import take_back
from harness.faults.undo.registry import HEAL, that_outlive
from harness.journal.damaged import whole_records
from harness.journal.records import SandboxEnded, TakenBack, UndoDone, UndoRegistered
from harness.journal.undo import Undo, parse_undo_list
from harness.marks import acting_for
from harness.sandbox.common.process import Process, end_tops_of, tools_of
from harness.secrecy import masked
from harness.settings import Settings
from harness.system.load import learn_secrets
from harness.system.ports import System
from harness.units import Duration

_LOG: Final = logging.getLogger(__name__)
_KILLED: Final = Duration.of(s=2)  # from SIGKILL of a tool to its end
_AGAIN: Final = Duration.of(ms=200)  # between two tries to end a sandbox that somebody else is busy with


class _NotWholeError(Exception):
    """Something of an undo list is left."""


class _Masking(logging.Formatter):
    """No line of the log holds a secret."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        return masked(super().format(record))


def take_over(entry: Berth, undo: bytes | None, *, by: Literal["watchdog", "heal"], why: str) -> tuple[str, ...]:
    """Takes a drill back, and writes an account of it beside its journal. Who calls holds the entry's lock.

    Args:
        entry: of the drill.
        undo: the undo list as JSON, where it was told; it is read from the entry otherwise.
        by: who acts.
        why: for what reason.

    Returns:
        What is left, a sentence each; `drill heal` tries it again.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(_Masking("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    _LOG.info("takes over: %s", why)
    order = order_of(entry)
    by_hand = taken_back_by_hand(entry)
    if order is None and by_hand.exists():
        return ()
    if order is None:
        unread = f"{entry.path}: the order of a drill cannot be read, so it is not known what it has done"
        return (f"{unread}; run heal of its own version, or look at the system by hand, and then: touch {by_hand}",)
    learn_secrets(order.model)
    settings = order.settings
    patience = settings.watchdog if by == "watchdog" else settings.undo
    with acting_for(order.drill.label), Account(order.folder, by, why) as account:
        _kill_tools(order.drill)
        known, unknown = ((), "") if by_hand.exists() else _undo_list(entry, order, undo)
        left = [*_undo(order, known, account, Deadline.after(patience))]
        if unknown:
            left.append(f"{unknown}; look at the system by hand, and then: touch {by_hand}")
        left += _end(order, settings, account)
        account.add(TakenBack(at=now(), left=tuple(left)))
    for one in left:
        _LOG.error("left: %s", one)
    return tuple(left)


def _undo_list(entry: Berth, order: Order, told: bytes | None) -> tuple[tuple[Undo, ...], str]:
    """What takes the fault back: as the drill told it, as its entry keeps it, or as far as its journal can be read.

    Returns:
        The operations, and why there may have been more of them: a sentence, empty where all are known.
    """
    try:
        if told is not None:
            return parse_undo_list(told), ""
    except ValidationError:
        _LOG.exception("the undo list that was told cannot be read")
    try:
        return undo_of(entry), ""
    except InputError as error:
        _LOG.warning("%s", error)
    records, damage = whole_records(order.folder / "journal.jsonl")
    known = tuple(undo for record in records if isinstance(record, UndoRegistered) for undo in record.undo)
    return known, damage and f"what the drill has done is not known for certain: {damage}"


def _kill_tools(drill: Process) -> None:
    """Kills what was called for the drill and may still act for it: a helm in the middle of a release, the observer.

    Whoever had called it: the drill, its engine, its watchdog. The sandbox's own processes are not among them, nor what
    a command that takes something back has started.
    """
    killed = tools_of(drill)
    for one in killed:
        one.send(signal.SIGKILL)
    killed += end_tops_of(drill)
    try:
        wait_for(lambda: not any(one.alive for one in killed), Deadline.after(_KILLED), "the end of a drill's tools")
    except DeadlineExceeded as error:
        _LOG.warning("%s", error)


def _undo(order: Order, undo: tuple[Undo, ...], account: Account, deadline: Deadline) -> list[str]:
    whole = sandboxes.ends_with_drill(order.sandbox)
    mine = that_outlive(undo) if whole else undo
    if not mine and (whole or order.system.on_cluster.agent_image is None):  # else it may have a lease
        return []
    left: list[str] = []

    def tell(done: UndoDone) -> None:
        account.add(done)
        _LOG.info("%s: %s", done.undo.title, done.error or "done")
        if done.error:
            left.append(f"{done.error}; by hand: {done.by_hand}")

    settings = order.settings
    try:
        with sandboxes.left_behind(order.sandbox, order.sandbox_id, order.system, order.run_id, settings) as system:
            _take_all_back(mine, system, deadline, tell)
    except _NotWholeError:
        _LOG.warning("not everything was taken back: the lease of a system that stays is kept for who tries again")
    except Exception as error:  # noqa: BLE001 - the sandbox must be ended, whatever this raised
        _LOG.exception("the undo list was not carried out")
        left.append(f"what the drill did could not be taken back: {_told(error)}; try again with: {HEAL}")
    return left


def _take_all_back(
    undo: tuple[Undo, ...], system: System, deadline: Deadline, tell: Callable[[UndoDone], None]
) -> None:
    if not take_back(undo, system, deadline, tell):
        raise _NotWholeError


def _end(order: Order, settings: Settings, account: Account) -> list[str]:
    """Ends the sandbox; one that is just being made is waited for."""
    deadline = Deadline.after(settings.heal)
    why = "its drill was taken back"

    def ended() -> str | None:
        try:
            return sandboxes.end(order.sandbox, order.sandbox_id, settings, why, deadline)
        except MayWorkLater:
            if deadline.passed:
                raise
            return None

    try:
        detail = wait_for(ended, deadline, "the end of the sandbox", every=_AGAIN)
    except Exception as error:  # noqa: BLE001 - what is left must be told, whatever this raised
        _LOG.exception("the sandbox was not ended")
        account.add(SandboxEnded(at=now(), detail="", error=_told(error)))
        return [f"{_told(error)}; try again with: {HEAL}"]
    account.add(SandboxEnded(at=now(), detail=detail))
    _LOG.info("%s", detail)
    return []


def _told(error: Exception) -> str:
    return str(error) if isinstance(error, DrillError) else repr(error)
