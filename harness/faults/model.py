"""A fault is six verbs: set up, inject, wait for effect, recover, wait for recovery, clean up.

The two waits only observe. `FaultRun` keeps the state, refuses any other order, and gives recover exactly the undo
that was registered before inject: data, not code, so that another process can carry it out too.

Invariant: `inject` is never called before the undo list is durable; `recover` may be called from any state after
set-up, as often as one likes.
"""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final, Protocol, TypeVar, runtime_checkable

from harness.clock import Deadline, now, wait_for
from harness.errors import DeadlineExceeded, DrillError, InputError, InternalError, MayWorkLater
from harness.faults.reach import Serving
from harness.faults.undo.passes import BackOff, take_back
from harness.journal.operation import Operation
from harness.journal.records import FaultMoved, FaultState, UndoDone, UndoRegistered
from harness.journal.undo import RunCommand, Undo
from harness.secrecy import masked
from harness.system.ports import Metrics, System
from harness.system.values import Replica
from harness.units import Duration

U = TypeVar("U", bound=Operation)


class Verb(StrEnum):
    """What can be done with a fault."""

    SET_UP = "set up"
    INJECT = "inject"
    WAIT_FOR_EFFECT = "wait for effect"
    RECOVER = "recover"
    WAIT_FOR_RECOVERY = "wait for recovery"
    CLEAN_UP = "clean up"


ALLOWED: Final[dict[Verb, frozenset[FaultState]]] = {
    Verb.SET_UP: frozenset({FaultState.DEFINED}),
    Verb.INJECT: frozenset({FaultState.SET_UP}),
    Verb.WAIT_FOR_EFFECT: frozenset({FaultState.INJECTED}),
    Verb.RECOVER: frozenset({FaultState.SET_UP, FaultState.INJECTED, FaultState.EFFECTIVE, FaultState.RECOVERED}),
    Verb.WAIT_FOR_RECOVERY: frozenset({FaultState.RECOVERED}),
    Verb.CLEAN_UP: frozenset({FaultState.DEFINED, FaultState.RECOVERED, FaultState.GONE}),
}
REACHED: Final[dict[Verb, FaultState]] = {
    Verb.SET_UP: FaultState.SET_UP,
    Verb.INJECT: FaultState.INJECTED,
    Verb.WAIT_FOR_EFFECT: FaultState.EFFECTIVE,
    Verb.RECOVER: FaultState.RECOVERED,
    Verb.WAIT_FOR_RECOVERY: FaultState.GONE,
    Verb.CLEAN_UP: FaultState.CLEANED_UP,
}


@dataclass(frozen=True, slots=True)
class Scene:
    """What a fault acts on and looks at: the live system, what clients see of it, and how it was before.

    `folder` is the drill's; a fault may keep there what takes it back. None where nothing is injected. `unsteady` are
    the services that answered badly before it: what clients see of them proves nothing.
    """

    system: System
    metrics: Metrics
    baseline: dict[str, Duration]
    folder: Path | None = None
    unsteady: AbstractSet[str] = frozenset()


class Fault(Protocol):
    """A kind of fault with its target. Add one by writing these six methods and naming it in the catalogue.

    One that only a cluster can show says so: `of_cluster = True`.
    """

    @property
    def title(self) -> str:
        """What is broken, in words: 'tracklist-service crashes and stays down'."""

    @property
    def effect(self) -> str:
        """What clients should see of it, in words."""

    def undo(self, scene: Scene) -> Sequence[Undo]:
        """Chooses the target and says what takes the fault back; changes nothing.

        Raises:
            WillNotWork: the target selects nothing, or the fault makes no sense on it.
        """

    def inject(self, scene: Scene, undo: Sequence[Undo], deadline: Deadline) -> None:
        """Breaks it; returns when that is done."""

    def hits(self, serving: Serving) -> frozenset[Replica] | None:
        """Which of the replicas that serve clients it hits, at most; None when on purpose it aims at none."""

    def seen(self, scene: Scene) -> str:
        """Proof of the effect as a sentence with numbers, from what clients see alone; empty when there is none.

        Raises:
            MayWorkLater: it cannot be told.
        """


@runtime_checkable
class Proven(Protocol):
    """A fault of whose effect clients could see as much for another reason, so that it is proven by more than that.

    Only that it took hold: it is over when clients no longer see its effect, whatever is behind that by then.
    """

    def took_hold(self, scene: Scene) -> str:
        """The effect and what shows that it is this fault's, as a sentence; empty while that is not known.

        Raises:
            MayWorkLater: it cannot be told.
        """


def took_hold(fault: Fault, scene: Scene) -> str:
    """Proof that a fault took hold, as a sentence; empty when there is none (yet). Raises as `Fault.seen`."""
    return fault.took_hold(scene) if isinstance(fault, Proven) else fault.seen(scene)


class Recorder(Protocol):
    """Where a fault's life is written down."""

    def append(self, record: FaultMoved | UndoRegistered | UndoDone, *, durable: bool = False) -> None:
        """Writes one record; with `durable`, returns only when it is on disk."""


def only(undo: Sequence[Undo], kind: type[U]) -> U:
    """The operation of a kind in a fault's own undo list, which tells what was chosen as its target.

    Raises:
        InternalError: there is none, or several.
    """
    found = [one for one in undo if isinstance(one, kind)]
    if len(found) != 1:
        raise InternalError(f"an undo list has {len(found)} operations of the kind {kind.__name__}, and not one")
    return found[0]


class FaultRun:
    """One fault on one system, in one state."""

    def __init__(
        self,
        fault: Fault,
        scene: Scene,
        recorder: Recorder,
        *,
        stays: Sequence[Undo] = (),
        back_off: BackOff | None = None,
    ) -> None:
        """One that nothing was done with yet.

        Args:
            fault: what is broken.
            scene: where.
            recorder: where its life is written down.
            stays: what is taken back after the fault itself, whoever did it: see `harness.faults.releases.as_it_runs`.
            back_off: the pauses when it is taken back; the usual ones when None.
        """
        self.fault = fault
        self.taken_back = True  # nothing has been done yet; later: whether all of it was undone
        self._back_off = back_off
        self.state = FaultState.DEFINED
        self._scene = scene
        self._recorder = recorder
        self.stays = tuple(stays)
        self._undo: tuple[Undo, ...] = ()

    @property
    def undo(self) -> tuple[Undo, ...]:
        """What takes the fault itself back; empty before it is set up."""
        return self._undo

    @property
    def _all(self) -> tuple[Undo, ...]:
        """In the order of registration: the last one is carried out first."""
        return (*(one for one in self.stays if one not in self._undo), *self._undo)

    def set_up(self) -> None:
        """Chooses the target and makes the undo durable."""
        self._check(Verb.SET_UP)
        self._undo = tuple(self.fault.undo(self._scene))
        self._require_durable()
        self._recorder.append(UndoRegistered(fault=self.fault.title, undo=self._all), durable=True)
        self._moved(Verb.SET_UP)

    def _require_durable(self) -> None:
        """Refuses what nobody else could carry out: the disk never has a secret, and others start elsewhere.

        Raises:
            InputError: an operation has a secret, or a command a folder that is no whole path.
        """
        for one in self._all:
            written = one.model_dump_json()
            if masked(written) != written or masked(one.title) != one.title:
                raise InputError(
                    f"{self.fault.title}: what takes it back holds a secret, which no journal may: {masked(one.title)};"
                    " have it read from a file or from where it is kept"
                )
            if isinstance(one, RunCommand) and not Path(one.folder).is_absolute():
                raise InputError(
                    f"{self.fault.title}: {one.folder}: a command to undo it needs the whole path of a folder"
                )

    def inject(self, deadline: Deadline) -> None:
        """Breaks it. When this raises, the fault may be half there: call `recover`."""
        self._check(Verb.INJECT)
        self.taken_back = False
        self.fault.inject(self._scene, self._undo, deadline)
        self._moved(Verb.INJECT)

    def wait_for_effect(self, deadline: Deadline) -> None:
        """Waits until clients see the effect.

        Raises:
            DeadlineExceeded: they did not.
        """
        self._check(Verb.WAIT_FOR_EFFECT)
        proof = wait_for(self._took_hold, deadline, f"what clients should see of it ({self.fault.effect})")
        self._moved(Verb.WAIT_FOR_EFFECT, proof)

    def recover(self, deadline: Deadline, system: System | None = None) -> bool:
        """Takes everything back, in reverse order; goes on when one operation fails. True when all succeeded.

        Args:
            deadline: until when what failed for a moment is tried again.
            system: what it is taken back on, where that is not the one of the scene.

        Raises:
            DrillError: it could not be recorded; every operation was tried all the same.
        """
        self._check(Verb.RECOVER)
        unwritten: DrillError | None = None

        def tell(done: UndoDone) -> None:
            nonlocal unwritten
            try:
                self._recorder.append(done)
            except DrillError as failure:
                unwritten = failure

        self.taken_back = complete = take_back(
            self._all, system or self._scene.system, deadline, tell, back_off=self._back_off
        )
        self._moved(Verb.RECOVER, "" if complete else "not everything could be taken back")
        if unwritten:
            raise unwritten
        return complete

    def wait_for_recovery(self, deadline: Deadline) -> bool:
        """Waits until clients no longer see the effect; False when they do, or nobody can tell, at the deadline."""
        self._check(Verb.WAIT_FOR_RECOVERY)
        try:
            wait_for(self._is_gone, deadline, "the end of the fault's effect")
        except DeadlineExceeded:
            return False
        self._moved(Verb.WAIT_FOR_RECOVERY)
        return True

    def clean_up(self) -> None:
        """Ends the fault's life."""
        self._check(Verb.CLEAN_UP)
        self._moved(Verb.CLEAN_UP)

    @property
    def may_have_changed_something(self) -> bool:
        """True when there is something to take back."""
        return self.state in (FaultState.SET_UP, FaultState.INJECTED, FaultState.EFFECTIVE)

    def _took_hold(self) -> str:
        with suppress(MayWorkLater):
            return took_hold(self.fault, self._scene)
        return ""

    def _is_gone(self) -> bool:
        with suppress(MayWorkLater):
            return not self.fault.seen(self._scene)
        return False

    def _check(self, verb: Verb) -> None:
        if self.state not in ALLOWED[verb]:
            raise InternalError(f"a fault that is '{self.state}' cannot '{verb}'; this is a bug of the caller")

    def _moved(self, verb: Verb, detail: str = "") -> None:
        self.state = REACHED[verb]
        self._recorder.append(FaultMoved(fault=self.fault.title, state=self.state, at=now(), detail=detail))
