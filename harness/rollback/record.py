"""The durable record of rollbacks by hand: the plan, how the system stood before, and each step as it ends.

Invariant: one rollback of a system at a time. Who holds the lock says who it is; the lock ends with its process,
however that ends, and what is recorded stays.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, get_args

from pydantic import TypeAdapter, ValidationError

from harness.clock import utc_anchor, utc_text
from harness.errors import CannotCreate, InputError, MayWorkLater, NotFound
from harness.locks import owner_of, this_process, try_lock
from harness.rollback.engine import StepReport
from harness.rollback.interrupted import Before, Kept
from harness.rollback.plan import Action, Plan, Procedure, Step, StepPhase
from harness.secrecy import masked
from harness.units import Duration

_ACTIONS: Final[Mapping[str, Any]] = {one.__name__: TypeAdapter(one) for one in get_args(Action)}
_BEFORE: Final = TypeAdapter(tuple[Before, ...])
_DURATION: Final = TypeAdapter(Duration)


class Records:
    """The records of one system, and the right to add to them; made by `only_one`.

    Args:
        folder: where they lie; each has a number, and the newest counts.
        owner: who adds to them, in words.
    """

    def __init__(self, folder: Path, owner: str) -> None:
        self._folder, self._owner = folder, owner

    def newest(self) -> Kept | None:
        """What is recorded of the last rollback that was not refused, which changes nothing; None where there was none.

        Raises:
            InputError: it cannot be read.
        """
        return next((kept for _, kept in self._newest_first()), None)

    @contextmanager
    def begin(self, plan: Plan, before: tuple[Before, ...]) -> Iterator[Writer]:
        """A new record, which has the plan before anything of it is done.

        Raises:
            CannotCreate: it cannot be written.
        """
        path = self._folder / f"{len(self._paths()) + 1:06}.jsonl"
        with _opened(path, os.O_CREAT | os.O_EXCL, self._owner) as writer:
            told = {"plan": _of_plan(plan), "before": _BEFORE.dump_python(before, mode="json"), "owner": self._owner}
            writer.add(told)
            _sync(self._folder)
            yield writer

    @contextmanager
    def take_up(self, *, reversing: bool) -> Iterator[Writer]:
        """The newest record, to which is added what is done about it now.

        Raises:
            NotFound: there is none.
            CannotCreate: it cannot be written.
        """
        path = next((path for path, _ in self._newest_first()), None)
        if path is None:
            raise NotFound("no rollback of this system was ever begun")
        with _opened(path, os.O_APPEND, self._owner) as writer:
            whole, _, torn = path.read_bytes().rpartition(b"\n")
            if torn:  # what its process was writing when it ended
                writer.cut(len(whole) + 1)
            writer.add({"taken_up": self._owner, "reversing": reversing})
            yield writer

    def _paths(self) -> list[Path]:
        return sorted(self._folder.glob("*.jsonl"))

    def _newest_first(self) -> Iterator[tuple[Path, Kept]]:
        """The records that have their plan, before which nothing was done, and were not refused."""
        for path in reversed(self._paths()):
            if b"\n" in path.read_bytes() and (kept := _read(path)).outcome != "refused":
                yield path, kept


class Writer:
    """Adds to one record; what was added is on disk.

    `owner` is who adds to it, in words; `page` the file in which people read of it.
    """

    def __init__(self, descriptor: int, page: Path, owner: str) -> None:
        self._descriptor, self.page, self.owner = descriptor, page, owner

    def step_ended(self, report: StepReport) -> None:
        """See the engine. A step is recorded before the next one begins."""
        self.add({"step": report.step.id, "done": not report.error, "detail": masked(report.detail)})

    def ended(self, outcome: str, reason: str, *, taken_back: bool = False) -> None:
        """It came to its end: done, failed, refused or reversed; `taken_back`: all it had changed is as it was."""
        self.add({"outcome": outcome, "reason": masked(reason), "taken_back": taken_back})

    def cut(self, size: int) -> None:
        """Leaves only the first so many bytes."""
        os.ftruncate(self._descriptor, size)

    def add(self, line: Mapping[str, Any]) -> None:
        """Adds one line.

        Raises:
            CannotCreate: it could not be written.
        """
        try:
            os.write(self._descriptor, json.dumps(line).encode() + b"\n")
            os.fsync(self._descriptor)
        except OSError as error:
            raise CannotCreate(f"the rollback's record cannot be written: {error.strerror}") from error


@contextmanager
def only_one(folder: Path, what: str) -> Iterator[Records]:
    """The records of a system, while nobody else rolls it back.

    Args:
        folder: where the records of the system lie; made when it is missing.
        what: what is done, for who comes second.

    Raises:
        MayWorkLater: somebody else does; says who.
        CannotCreate: the folder cannot be used.
    """
    owner, file = f"{what}, by {this_process()}", folder / "lock"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        lock = try_lock(file, f"{owner}, since {utc_text(utc_anchor()[1])}")
    except OSError as error:
        raise CannotCreate(f"{folder}: records of rollbacks cannot be kept there: {error.strerror}") from error
    if lock is None:
        who = owner_of(file) or "somebody who has not said who"
        raise MayWorkLater(f"another rollback of this system is under way: {who}")
    try:
        yield Records(folder, owner)
    finally:
        os.close(lock)


@contextmanager
def _opened(path: Path, how: int, owner: str) -> Iterator[Writer]:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC | how, 0o600)
    except OSError as error:
        raise CannotCreate(f"{path}: the rollback's record cannot be written: {error.strerror}") from error
    try:
        yield Writer(descriptor, path.with_suffix(".md"), owner)
    finally:
        os.close(descriptor)


def _of_plan(plan: Plan) -> dict[str, Any]:
    steps = [
        {
            "id": step.id,
            "phase": step.phase.value,
            "deadline": _DURATION.dump_python(step.deadline, mode="json"),
            "do": type(step.action).__name__,
            "with": _ACTIONS[type(step.action).__name__].dump_python(step.action, mode="json"),
        }
        for step in plan.steps
    ]
    limit = None if plan.limit is None else _DURATION.dump_python(plan.limit, mode="json")
    return {"procedure": plan.procedure.value, "target": plan.target, "goal": plan.goal, "limit": limit, "steps": steps}


def _to_plan(told: Mapping[str, Any]) -> Plan:
    steps = (
        Step(
            id=step["id"],
            phase=StepPhase(step["phase"]),
            action=_ACTIONS[step["do"]].validate_json(json.dumps(step["with"])),
            deadline=_DURATION.validate_json(json.dumps(step["deadline"])),
        )
        for step in told["steps"]
    )
    limit = None if told["limit"] is None else _DURATION.validate_json(json.dumps(told["limit"]))
    return Plan(Procedure(told["procedure"]), dict(told["target"]), tuple(steps), limit, told["goal"])


def _read(path: Path) -> Kept:
    """What a record holds; half a line at its end is what was being written when its process ended.

    Raises:
        InputError: it cannot be read.
    """
    try:
        whole, _, _ = path.read_bytes().rpartition(b"\n")
        first, *rest = [json.loads(line) for line in whole.splitlines()]
        since = next((index for index, line in reversed([*enumerate(rest)]) if "taken_up" in line), 0)
        reversing = any(line.get("reversing") for line in rest)
        anew = next((index + 1 for index, line in reversed([*enumerate(rest)]) if line.get("taken_back")), 0)
        return Kept(
            plan=_to_plan(first["plan"]),
            before=_BEFORE.validate_python(first["before"]),
            done=frozenset(line["step"] for line in rest[anew:] if line.get("done")),
            tried=frozenset(line["step"] for line in rest[anew:] if "step" in line),
            outcome=next((line["outcome"] for line in rest[since:] if "outcome" in line), None),
            owner=rest[since].get("taken_up", first["owner"]) if rest else first["owner"],
            reversing=reversing,
        )
    except (OSError, ValueError, KeyError, TypeError, ValidationError) as error:
        raise InputError(f"{path}: no record of a rollback that could be read: {error}") from error


def _sync(folder: Path) -> None:
    """Makes a new name in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
