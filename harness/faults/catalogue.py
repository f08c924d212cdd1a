"""The faults there are. One explicit registry; next to them a fault that does nothing, which must end as invalid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from harness.clock import Deadline
from harness.errors import InputError
from harness.faults.cluster import HungUpgrade
from harness.faults.configuration import KeyRemoved, PasswordRotated, WrongPassword
from harness.faults.configuration_hindrance import SpoiledArchive
from harness.faults.data import (
    ConnectionsUsedUp,
    DatabaseLost,
    MigrationHalfDone,
    PageDamaged,
    RowsAltered,
    RowsDeleted,
    SchemaMigrated,
    TableDropped,
)
from harness.faults.data_hindrance import IdleTransaction, SpoiledBackup
from harness.faults.effect import any_bad_answers, bad_answers, slow_answers
from harness.faults.experiment import Experiment
from harness.faults.external_api import ExternalApiDown, NoExternalApi
from harness.faults.hindrance import (
    DrainedNode,
    Hindered,
    Hindrance,
    MissingImage,
    ShortHistory,
    UnfinishedRollback,
)
from harness.faults.later import DatabaseGone, DeadStandby
from harness.faults.model import Fault, Scene, only
from harness.faults.network import Hang, LostAnswers, Refused, serving_slot
from harness.faults.of_engine import EngineKilled, OfEngine, SecondRollback
from harness.faults.of_metrics import MetricsDown, MetricsSlow, OfMetrics
from harness.faults.of_notices import OfNotices, ReceiverDown, ReceiverSlow
from harness.faults.reach import Serving
from harness.faults.releases import CarelessRelease, InPlaceRelease, back_to_what_serves
from harness.faults.resources import CertificateExpired, DiskFull, MemoryShort, ProcessorShort
from harness.journal.undo import ClearNetwork, LetStart, Switch, Undo
from harness.system.values import Replica, Slot

MOST_TIMES_SLOWER: Final = 1000  # a service of 10 ms then takes 10 s, longer than any client waits


@dataclass(frozen=True, slots=True)
class BadRelease:
    """A release is deployed to the standby slot and gets all traffic."""

    service: str
    version: str

    @property
    def title(self) -> str:
        """What is broken."""
        return f"release {self.version} of {self.service} goes live"

    @property
    def effect(self) -> str:
        """What clients should see."""
        return f"clients get bad answers from {self.service}"

    def undo(self, scene: Scene) -> Sequence[Undo]:
        """Back to the slot that serves now, and the other one as it is now."""
        return back_to_what_serves(scene, self.service)

    def inject(self, scene: Scene, undo: Sequence[Undo], deadline: Deadline) -> None:
        """Deploys and switches."""
        slot = Slot(only(undo, Switch).slot).other
        scene.system.workloads.deploy(self.service, slot, self.version, deadline)
        scene.system.router.switch(self.service, slot, deadline)

    def hits(self, serving: Serving) -> frozenset[Replica]:
        """Every replica that serves it."""
        return serving.of(self.service)

    def seen(self, scene: Scene) -> str:
        """Bad answers."""
        return bad_answers(scene, self.service)


@dataclass(frozen=True, slots=True)
class Crash:
    """All replicas of the serving slot die, and every new start fails."""

    service: str

    @property
    def title(self) -> str:
        """What is broken."""
        return f"{self.service} crashes and stays down"

    @property
    def effect(self) -> str:
        """What clients should see."""
        return f"clients get no answers from {self.service}"

    def undo(self, scene: Scene) -> Sequence[Undo]:
        """Starts succeed again."""
        return (LetStart(service=self.service, slot=serving_slot(scene, self.service, "crash").value),)

    def inject(self, scene: Scene, undo: Sequence[Undo], deadline: Deadline) -> None:
        """Kills and holds down."""
        scene.system.workloads.hold_down(self.service, Slot(only(undo, LetStart).slot), deadline)

    def hits(self, serving: Serving) -> frozenset[Replica]:
        """Every replica that serves it."""
        return serving.of(self.service)

    def seen(self, scene: Scene) -> str:
        """Bad answers."""
        return bad_answers(scene, self.service)


@dataclass(frozen=True, slots=True)
class SlowAnswers:
    """Every answer of the serving slot takes `factor` times as long as in the steady state."""

    service: str
    factor: float

    def __post_init__(self) -> None:
        """Refuses a factor that makes nothing slower."""
        if not 1 < self.factor <= MOST_TIMES_SLOWER:
            raise InputError(
                f"answers cannot become {self.factor:g} times slower; "
                f"expected a factor above 1 and up to {MOST_TIMES_SLOWER}"
            )

    @property
    def title(self) -> str:
        """What is broken."""
        return f"answers of {self.service} become {self.factor:g} times slower"

    @property
    def effect(self) -> str:
        """What clients should see."""
        return f"clients wait longer for answers of {self.service}"

    def undo(self, scene: Scene) -> Sequence[Undo]:
        """Answers are no longer held back."""
        if self.service not in scene.baseline:
            raise InputError(
                f"there is no baseline of {self.service}, so its answers cannot be made slower by a factor"
            )
        active = scene.system.router.active(self.service)
        return (ClearNetwork(service=self.service, slot=active.value),)

    def inject(self, scene: Scene, undo: Sequence[Undo], deadline: Deadline) -> None:  # noqa: ARG002 - instant
        """Holds every answer back by what is missing to the factor, counted from the baseline's P95."""
        delay = scene.baseline[self.service] * (self.factor - 1)
        scene.system.network.delay(self.service, Slot(only(undo, ClearNetwork).slot), delay)

    def hits(self, serving: Serving) -> frozenset[Replica]:
        """Every replica that serves it."""
        return serving.of(self.service)

    def seen(self, scene: Scene) -> str:
        """A P95 more than half-way to the factor."""
        return slow_answers(scene, self.service, self.factor)


@dataclass(frozen=True, slots=True)
class Nothing:
    """Does nothing. A harness that calls this a pass would call anything a pass."""

    @property
    def title(self) -> str:
        """What is broken."""
        return "nothing is done"

    @property
    def effect(self) -> str:
        """What clients should see."""
        return "clients get bad answers from any service"

    def undo(self, scene: Scene) -> Sequence[Undo]:  # noqa: ARG002 - there is nothing to take back
        """There is nothing to take back."""
        return ()

    def inject(self, scene: Scene, undo: Sequence[Undo], deadline: Deadline) -> None:
        """Does nothing."""

    def hits(self, serving: Serving) -> None:
        """Aims at none."""

    def seen(self, scene: Scene) -> str:
        """Bad answers of any service."""
        return any_bad_answers(scene)


CATALOGUE: Final[dict[str, type[Fault]]] = {
    "bad release": BadRelease,
    "careless release": CarelessRelease,
    "release in place": InPlaceRelease,
    "crash": Crash,
    "hang": Hang,
    "refused connections": Refused,
    "lost answers": LostAnswers,
    "slow answers": SlowAnswers,
    "too little processor": ProcessorShort,
    "too little memory": MemoryShort,
    "hung upgrade": HungUpgrade,
    "table dropped": TableDropped,
    "rows deleted": RowsDeleted,
    "rows altered": RowsAltered,
    "page damaged": PageDamaged,
    "database lost": DatabaseLost,
    "connections used up": ConnectionsUsedUp,
    "disk full": DiskFull,
    "certificate expired": CertificateExpired,
    "schema migrated": SchemaMigrated,
    "experiment": Experiment,
    "key removed": KeyRemoved,
    "wrong password": WrongPassword,
    "password rotated": PasswordRotated,
    "migration half done": MigrationHalfDone,
    "external API alone": NoExternalApi,
    "hindered rollback": Hindered,
    "nothing": Nothing,
}
OF_ENGINE: Final[dict[str, type[OfEngine]]] = {"engine killed": EngineKilled, "second rollback": SecondRollback}
OF_NOTICES: Final[dict[str, type[OfNotices]]] = {"receiver down": ReceiverDown, "receiver slow": ReceiverSlow}
OF_METRICS: Final[dict[str, type[OfMetrics]]] = {"metrics down": MetricsDown, "metrics slow": MetricsSlow}
HINDRANCES: Final[dict[str, type[Hindrance]]] = {
    "short history": ShortHistory,
    "missing image": MissingImage,
    "unfinished rollback": UnfinishedRollback,
    "drained node": DrainedNode,
    "spoiled backup": SpoiledBackup,
    "idle transaction": IdleTransaction,
    "spoiled archive": SpoiledArchive,
    "external API down": ExternalApiDown,
    "dead standby": DeadStandby,
    "database gone": DatabaseGone,
}
