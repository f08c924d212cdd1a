"""A fault took hold once its cause is proven, and is over when clients see nothing of it; not to know is neither."""

from dataclasses import dataclass, field

import pytest

from harness.clock import Deadline
from harness.errors import MayWorkLater
from harness.faults.configuration import PasswordRotated
from harness.faults.data import PageDamaged
from harness.faults.hindrance import Hindered
from harness.faults.model import Fault, FaultRun, Scene, took_hold
from harness.faults.of_notices import ReceiverDown
from harness.faults.residue import left_of
from harness.faults.resources import CertificateExpired
from harness.journal.records import FaultState
from harness.system.bundle import Bundle
from harness.system.config_archive import pack
from harness.units import Duration
from tests.support.memory import MemoryMetrics, MemoryRecorder, MemorySystem

NOW = Deadline.after(Duration(0))
SOON = Duration.of(s=5)
LEAKED = Bundle({}).with_variables({"DATABASE_URL": "postgresql://web:leaked@127.0.0.1:5432/postgres"})


@dataclass
class Parts(MemorySystem):
    """A system whose certificate has run out or not, and whose old password is good or not; None: no answer."""

    expired: bool | None = False
    lets_old_in: bool | None = True
    kept: dict[str, bytes] = field(default_factory=dict)

    @property
    def endpoint(self) -> "Parts":  # type: ignore[override]
        return self

    @property
    def tables(self) -> "Parts":  # type: ignore[override]
        return self

    @property
    def configuration(self) -> "Parts":  # type: ignore[override]
        return self

    def certificate(self) -> str:
        if self.expired is None:
            raise MayWorkLater("what stands before the database cannot be reached")
        return "certificate has expired" if self.expired else ""

    def expire(self) -> None:
        self.expired = True

    def renew(self) -> None:
        self.expired = False

    def stored(self, name: str) -> bytes | None:
        return self.kept.get(name)

    def lets_in(self, role: str, password: str) -> bool:
        assert (role, password) == ("web", "leaked")
        if self.lets_old_in is None:
            raise MayWorkLater("the server has another reason")
        return self.lets_old_in


def injected(fault: Fault, system: Parts, metrics: MemoryMetrics) -> FaultRun:
    run = FaultRun(fault, Scene(system, metrics, {}), MemoryRecorder())  # type: ignore[arg-type]
    run.set_up()
    run.inject(Deadline.after(SOON))
    return run


@pytest.mark.parametrize(
    "fault", [CertificateExpired(), Hindered(CertificateExpired(), of_notices=(ReceiverDown("a"),))]
)
def test_a_fault_is_not_gone_with_its_cause_while_clients_get_bad_answers(fault: Fault) -> None:
    metrics = MemoryMetrics({"web": 1.0})
    run = injected(fault, Parts(), metrics)
    run.wait_for_effect(NOW)
    assert run.recover(Deadline.after(SOON))
    assert not run.wait_for_recovery(NOW)
    assert run.state is FaultState.RECOVERED
    metrics.rates["web"] = 0.0
    assert run.wait_for_recovery(NOW)


@pytest.mark.parametrize("metrics", [MemoryMetrics(samples=9), MemoryMetrics({"web": None})])
def test_a_fault_is_not_gone_while_nobody_can_tell(metrics: MemoryMetrics) -> None:
    run = injected(CertificateExpired(), Parts(), metrics)
    assert run.recover(Deadline.after(SOON))
    assert not run.wait_for_recovery(NOW)


@pytest.mark.parametrize("fault", [CertificateExpired(), PasswordRotated("web"), PageDamaged("tracks")])
def test_bad_answers_are_left_of_a_fault_though_the_database_tells_nothing(fault: Fault) -> None:
    system = Parts(expired=None, lets_old_in=None)
    scene = Scene(system, MemoryMetrics({"web": 1.0}), {})  # type: ignore[arg-type]
    assert left_of(fault, scene, NOW) == ("its effect: 100% of 25 answers of web in 500 ms were bad",)
    unknown = Scene(system, MemoryMetrics(samples=9), {})  # type: ignore[arg-type]
    with pytest.raises(MayWorkLater, match="only 9 answers of"):
        left_of(fault, unknown, NOW)


@pytest.mark.parametrize(
    ("expired", "proof"), [(True, "100% of 25 answers of web in 500 ms were bad; certificate has expired"), (False, "")]
)
def test_a_certificate_has_expired_once_that_is_what_a_client_is_told(*, expired: bool, proof: str) -> None:
    scene = Scene(Parts(expired=expired), MemoryMetrics({"web": 1.0}), {})  # type: ignore[arg-type]
    assert took_hold(CertificateExpired(), scene) == proof


def test_a_password_is_rotated_once_the_old_one_is_dead_and_not_where_nobody_knows_it_any_more() -> None:
    system = Parts(lets_old_in=False)
    scene = Scene(system, MemoryMetrics({"web": 1.0}), {})  # type: ignore[arg-type]
    assert took_hold(PasswordRotated("web"), scene) == ""
    system.kept["before-the-fault"] = pack({"web": LEAKED})
    assert took_hold(PasswordRotated("web"), scene).endswith("nobody is let in with the password that leaked")
    system.lets_old_in = True
    assert took_hold(PasswordRotated("web"), scene) == ""
