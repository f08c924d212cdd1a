"""A container has an address, keeps its secrets, says why it did not start, and leaves nothing."""

import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from harness.clock import now, wait_for
from harness.errors import CannotCreate, DeadlineExceeded, MayWorkLater, Unavailable
from harness.sandbox.kind.containers import Container, CopiedFile, Published
from harness.sandbox.kind.engine import Engine
from harness.sandbox.kind.marks import EXPIRES, OWNER, PART, RUN, Mark
from harness.sandbox.kind.volumes import make_volume
from harness.units import Duration
from tests.support.containers import (
    docker,
    docker_network,
    engine,
    inspected,
    left_of,
    marked,
    new_name,
    run_inside,
    running,
    shell,
)
from tests.support.sandboxes import soon
from tests.support.tools import needs

SLEEP = "exec sleep 60"
pytestmark = needs("docker")


@pytest.fixture(scope="module")
def network() -> Iterator[str]:
    with docker_network() as name:
        yield name


@pytest.fixture
def mark() -> Iterator[Mark]:
    with marked() as made:
        yield made


def test_a_container_is_reached_at_its_address(mark: Mark, network: str) -> None:
    serve = "exec perl -MIO::Socket -e '$s = IO::Socket::INET->new(Listen => 1, LocalPort => 7000); $s->accept while 1'"
    with running(shell(serve, mark, network)) as container:

        def connects() -> bool:
            with socket.socket() as client:
                client.settimeout(1)
                return client.connect_ex((container.ip, 7000)) == 0

        assert container.wait_until(connects, soon(), "the container accepted connections")


def test_a_container_is_found_by_its_name_on_its_network(mark: Mark, network: str) -> None:
    with running(shell(SLEEP, mark, network)) as found, running(shell(SLEEP, mark, network)) as seeker:
        assert run_inside(seeker, f"getent hosts {found.name}").split()[0] == found.ip


def test_a_container_says_whose_it_is(mark: Mark, network: str) -> None:
    with running(shell(SLEEP, mark, network)) as container:
        labels = inspected(container.name)["Config"]["Labels"]
    assert labels[RUN] == mark.run
    assert labels[OWNER] == f"{mark.pid}-{mark.started}"
    assert labels[EXPIRES] == str(mark.expires)
    assert labels[PART] == "test"


def test_a_secret_file_is_only_its_readers(mark: Mark, network: str) -> None:
    file = CopiedFile("/drill/secret", b"hush-5b0c", mode=0o600, uid=1234)
    with running(shell(SLEEP, mark, network, files=(file,))) as container:
        assert run_inside(container, "stat -c '%a %u' /drill/secret; cat /drill/secret") == "600 1234\nhush-5b0c"
        assert "hush-5b0c" not in str(inspected(container.name)) + docker("top", container.name) + repr(file)


def test_an_image_that_is_not_there_is_named_with_what_makes_it(mark: Mark, network: str) -> None:
    plan = replace(shell(SLEEP, mark, network), image="drill-test/none:1")
    with pytest.raises(Unavailable, match=r"no image drill-test/none:1; .*`make images`"):
        Container.start(plan, soon())
    assert left_of(mark) == []


def test_a_network_that_is_not_there_is_named_with_what_makes_it(mark: Mark) -> None:
    with pytest.raises(Unavailable, match=r"network drill-test-none not found; `drill sandbox up kind`"):
        Container.start(shell(SLEEP, mark, "drill-test-none"), soon())
    assert left_of(mark) == []


def test_a_port_that_is_taken_is_named(mark: Mark, network: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        plan = shell(SLEEP, mark, network, published=Published(80, "127.0.0.1", port))
        with pytest.raises(Unavailable, match=rf"{port}.*end what listens on that port"):
            Container.start(plan, soon())
    assert left_of(mark) == []


def test_a_name_that_is_taken_is_left_to_who_has_it(mark: Mark, network: str) -> None:
    plan = shell(SLEEP, mark, network)
    with running(plan) as first:
        with pytest.raises(Unavailable, match=rf"{plan.name}.*already in use.*`drill heal`"):
            Container.start(plan, soon())
        assert inspected(first.name)["State"]["Running"]


def test_a_full_disk_is_told_as_such(mark: Mark, network: str) -> None:
    volume = new_name()
    options = ("--opt", "type=tmpfs", "--opt", "device=tmpfs", "--opt", "o=size=16k")
    docker("volume", "create", "--label", f"{RUN}={mark.run}", *options, volume)
    file = CopiedFile("/small/large", bytes(1_000_000))
    with pytest.raises(CannotCreate, match="no space left on device; make room"):
        Container.start(shell(SLEEP, mark, network, volumes={volume: "/small"}, files=(file,)), soon())
    assert left_of(mark) == [volume]


@pytest.mark.parametrize(
    ("script", "error"),
    [
        ("echo out of luck >&2; exit 3", Unavailable),
        ("echo could not write: No space left on device; exit 3", CannotCreate),
    ],
)
def test_a_container_that_ends_too_soon_is_told_with_its_last_words(
    mark: Mark, network: str, script: str, error: type[Exception]
) -> None:
    words = "out of luck" if error is Unavailable else "No space left"
    with running(shell(script, mark, network)) as container:
        expected = rf"{container.name} ended with 3 before it was ready:\n.*{words}"
        with pytest.raises(error, match=expected):
            container.wait_until(lambda: False, soon(), "it was ready")


def test_a_container_that_somebody_removes_is_told_as_such(mark: Mark, network: str) -> None:
    with running(shell(SLEEP, mark, network)) as container:
        docker("rm", "--force", container.name)
        with pytest.raises(Unavailable, match="was removed before it was ready"):
            container.wait_until(lambda: False, soon(), "it was ready")


def test_what_does_not_happen_in_time_is_told_with_the_end_of_the_log(mark: Mark, network: str) -> None:
    expected = r"it was ready did not happen within .*\nstill thinking"
    plan = shell(f"echo still thinking; {SLEEP}", mark, network)
    with running(plan) as container:
        wait_for(lambda: docker("logs", container.name), soon(), "its words")
        with pytest.raises(DeadlineExceeded, match=expected):
            container.wait_until(lambda: False, soon(0.1), "it was ready")


def test_a_copied_log_has_both_outputs(mark: Mark, network: str, tmp_path: Path) -> None:
    with running(shell("echo out; echo err >&2", mark, network)) as container:
        with pytest.raises(Unavailable, match="ended with 0"):
            container.wait_until(lambda: False, soon(), "its end")
        copy = container.copy_log(tmp_path / "test.log", soon())
    assert sorted(copy.read_text().split()) == ["err", "out"]


def test_what_is_stopped_is_gone_with_its_unnamed_volumes(mark: Mark, network: str) -> None:
    with running(shell(SLEEP, mark, network)) as container:
        pass
    assert left_of(mark) == []
    container.stop(soon())


def test_scratch_folders_are_in_memory_and_open_to_all(mark: Mark, network: str) -> None:
    with running(shell(SLEEP, mark, network, scratch=("/scratch",), user="1234")) as container:
        assert run_inside(container, "stat -f -c %T /scratch; touch /scratch/it") == "tmpfs\n"


def test_a_volume_can_be_made_twice(mark: Mark) -> None:
    name = new_name()
    with engine() as opened:
        make_volume(opened, name, mark.labels("test"), soon())
        make_volume(opened, name, mark.labels("test"), soon())
    assert left_of(mark) == [name]


def test_docker_that_is_not_there_is_told_with_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    with pytest.raises(Unavailable, match=r"cannot be reached at .*none.sock: No such file.*`docker info` must work"):
        Engine.open(soon())


def test_docker_that_does_not_answer_is_not_waited_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(tmp_path / "silent.sock"))
        silent.listen()
        monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/silent.sock")
        began = now()
        with pytest.raises((MayWorkLater, Unavailable), match="connecting to Docker"):
            Engine.open(soon(1))
        assert now() - began < Duration.of(s=5)
