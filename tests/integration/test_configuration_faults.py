"""Faults of the configuration break a real system; what takes them back can be done twice, and tells no secret."""

from collections.abc import Iterator

import psycopg
import pytest

from harness.clock import wait_for
from harness.drill.altered import EXTERNAL_API, with_external_api
from harness.drill.goals import archive_as
from harness.errors import InputError, NotFound
from harness.faults.altered import credential
from harness.faults.configuration import COPY, KeyRemoved, PasswordRotated, WrongPassword
from harness.faults.configuration_hindrance import WAYS, SpoiledArchive
from harness.faults.external_api import ExternalApiDown
from harness.faults.model import Fault, Scene, took_hold
from harness.faults.undo.registry import carry_out
from harness.journal.undo import undo_list_json
from harness.sandbox.embedded.start import StartedSandbox
from harness.system.load import load_system
from harness.system.values import ReplicaState, Slot
from harness.units import Duration
from tests.support.memory import MemoryMetrics, MemorySystem
from tests.support.sandboxes import TRACKTION, ask, opened, soon, state_folder

MODEL = with_external_api(load_system(TRACKTION))
SERVICE = "analysis-service"
FAULTS: tuple[Fault, ...] = (
    KeyRemoved(SERVICE, f"{SERVICE}.toml", "database.pool_size"),
    WrongPassword(SERVICE),
    PasswordRotated(SERVICE),
)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[StartedSandbox]:
    with state_folder() as state, opened(MODEL, state) as running:
        yield running


def scene(sandbox: StartedSandbox | MemorySystem) -> Scene:
    return Scene(sandbox, MemoryMetrics(), {})


def configured(sandbox: StartedSandbox) -> dict[str, str]:
    port = sandbox.configuration
    return {service: port.read(service, Slot.BLUE, soon()).digest for service in sandbox.services}


def all_ready(sandbox: StartedSandbox) -> bool:
    there = [one for service in sandbox.services for one in sandbox.workloads.replicas(service, Slot.BLUE)]
    return {one.state for one in there} == {ReplicaState.READY}


def fails(sandbox: StartedSandbox) -> bool:
    try:
        return ask(sandbox.router.address(SERVICE), "/audio-files/1/analysis")[0] >= 500
    except OSError:
        return True


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: type(fault).__name__)
def test_a_fault_breaks_what_clients_ask_for_and_is_taken_back(sandbox: StartedSandbox, fault: Fault) -> None:
    before = configured(sandbox)
    password = credential(sandbox.configuration.read(SERVICE, Slot.BLUE, soon()))[1]
    undo = fault.undo(scene(sandbox))
    assert password not in undo_list_json(tuple(undo)).decode()
    for one in reversed(undo):
        carry_out(one, sandbox, soon(20))  # as after a crash before the fault
    assert configured(sandbox) == before
    assert all_ready(sandbox)
    fault.inject(scene(sandbox), undo, soon(60))
    assert configured(sandbox) != before
    wait_for(lambda: fails(sandbox), soon(), "what clients feel")
    for _ in range(2):
        for one in reversed(undo):
            carry_out(one, sandbox, soon(60))
        assert configured(sandbox) == before
        assert sandbox.configuration.stored(COPY) is None
        assert all_ready(sandbox)
        assert not fails(sandbox)
    assert password not in sandbox.folder.daemon_log.read_text()
    postgres = (sandbox.folder.logs / "postgres.log").read_text()
    assert "ALTER ROLE" not in postgres
    assert password not in postgres


def test_after_a_rotation_nobody_is_let_in_with_the_password_that_leaked(sandbox: StartedSandbox) -> None:
    fault = PasswordRotated(SERVICE)
    before = credential(sandbox.configuration.read(SERVICE, Slot.BLUE, soon()))
    url = sandbox.configuration.read(SERVICE, Slot.BLUE, soon()).environment["DATABASE_URL"]
    assert sandbox.tables is not None
    undo = fault.undo(scene(sandbox))
    fault.inject(scene(sandbox), undo, soon(60))
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(url, connect_timeout=5).close()
    clients = MemoryMetrics({SERVICE: 1.0}, samples=25)
    felt = Scene(sandbox, clients, {})
    assert took_hold(fault, felt).endswith("were bad; nobody is let in with the password that leaked")
    now_told = credential(sandbox.configuration.read("file-watcher", Slot.BLUE, soon()))
    sandbox.tables.change_password(*before, soon())
    assert took_hold(fault, felt) == ""  # it is valid still, whatever clients see
    sandbox.tables.change_password(*now_told, soon())
    told = sandbox.configuration.read("file-watcher", Slot.BLUE, soon()).environment["DATABASE_URL"]
    psycopg.connect(told, connect_timeout=5).close()
    for one in reversed(undo):
        carry_out(one, sandbox, soon(60))
    psycopg.connect(url, connect_timeout=5).close()


@pytest.mark.parametrize("how", WAYS)
def test_an_archive_that_was_spoiled_is_mended(sandbox: StartedSandbox, how: str) -> None:
    name = archive_as("1.0.0", MODEL, sandbox, soon())
    before = sandbox.configuration.stored(name)
    hindrance = SpoiledArchive("1.0.0", how)
    undo = hindrance.undo(scene(sandbox))
    carry_out(undo, sandbox, soon())
    assert sandbox.configuration.stored(name) == before
    hindrance.put(scene(sandbox), undo, soon())
    assert sandbox.configuration.stored(name) != before
    for _ in range(2):
        carry_out(undo, sandbox, soon())
        assert sandbox.configuration.stored(name) == before
    assert sandbox.configuration.names() == (name,)


@pytest.mark.parametrize(
    ("how", "problem"),
    [
        (ExternalApiDown(), "it does not answer: [Errno 111] Connection refused"),
        (ExternalApiDown(Duration.of(s=60)), "it does not answer within 2 s"),
    ],
)
def test_the_external_api_that_services_are_told_of_is_gone_and_is_back_at_once(
    sandbox: StartedSandbox, how: ExternalApiDown, problem: str
) -> None:
    api = sandbox.external_api
    assert api is not None
    told = {sandbox.configuration.read(one, Slot.BLUE, soon()).environment[EXTERNAL_API] for one in sandbox.services}
    assert told == {sandbox.description.external_api}
    undo = how.undo(scene(sandbox))
    carry_out(undo, sandbox, soon())  # as after a crash before the fault
    how.put(scene(sandbox), undo, soon())
    assert api.problem() == problem
    with pytest.raises(InputError, match="even before that it does not answer"):
        how.undo(scene(sandbox))
    for _ in range(2):
        carry_out(undo, sandbox, soon())
        assert api.problem() == ""


def test_a_fault_that_finds_nothing_to_break_says_so(sandbox: StartedSandbox) -> None:
    with pytest.raises(NotFound, match=r"has no database\.nothing"):
        KeyRemoved(SERVICE, f"{SERVICE}.toml", "database.nothing").undo(scene(sandbox))
    with pytest.raises(InputError, match="none was made"):
        SpoiledArchive("9.9.9", "missing").undo(scene(sandbox))


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: type(fault).__name__)
def test_where_there_is_no_configuration_to_change_a_fault_is_refused(fault: Fault) -> None:
    with pytest.raises(InputError, match="sandbox"):
        fault.undo(scene(MemorySystem(names=("web", SERVICE))))
