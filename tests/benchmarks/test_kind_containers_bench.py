"""What the containers of a drill cost: printed, never asserted on.

Target on 2 cores: PostgreSQL accepts connections in 1.5 s. Beside it the same image with its own entry point, which
starts the server twice and has neither a receiver nor a schema.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

import psycopg
import pytest

from harness.clock import now, wait_for
from harness.sandbox.kind.database import DrillPostgres
from harness.sandbox.kind.images import Images
from harness.sandbox.kind.marks import Mark
from harness.sandbox.kind.prepared import prepared
from harness.sandbox.kind.redis import DrillRedis
from tests.support.containers import docker, docker_network, marked, new_name
from tests.support.sandboxes import TRACKTION, soon
from tests.support.tools import needs

pytestmark = [pytest.mark.benchmark, needs("docker")]

TIMES = 5
SCHEMA = tuple(TRACKTION.parent / "schema" / name for name in ("2.4.0.sql", "seed.sql"))


@pytest.fixture
def network() -> Iterator[str]:
    with docker_network() as name:
        yield name


@pytest.fixture
def mark() -> Iterator[Mark]:
    with marked() as made:
        yield made


def timed(act: Callable[[], object]) -> float:
    """Seconds that it takes."""
    began = now()
    act()
    return (now() - began).seconds


def ours(network: str, mark: Mark, folder: Path) -> dict[str, float]:
    database = DrillPostgres(
        new_name(), database="tracktion", network=network, mark=mark, folder=folder, image=Images().postgres
    )
    return {
        "PostgreSQL accepts connections": timed(lambda: database.start(soon(60))),
        "  then its schema is there": timed(lambda: database.apply_schema(SCHEMA)),
        "  then its write-ahead log is kept": timed(lambda: database.wait_until_kept(soon())),
        "  nothing is left of it": timed(lambda: database.close(soon(30))),
    }


def bare(network: str) -> dict[str, float]:
    """The image as it is, with a password in its environment."""
    name = new_name()

    def start() -> None:
        environment = ("--env", "POSTGRES_PASSWORD=bare", "--env", "POSTGRES_DB=tracktion")
        docker("run", "--detach", "--name", name, "--network", network, *environment, Images().postgres)
        template = '{{(index .NetworkSettings.Networks "' + network + '").IPAddress}}'
        host = docker("inspect", "--format", template, name).strip()
        wait_for(lambda: enters(host), soon(60), "a connection")

    return {
        "bare image accepts connections": timed(start),
        "  nothing is left of it ": timed(lambda: docker("rm", "--force", "--volumes", name)),
    }


def enters(host: str) -> bool:
    try:
        psycopg.connect(host=host, user="postgres", dbname="tracktion", password="bare").close()  # noqa: S106 - not kept
    except psycopg.OperationalError:
        return False
    return True


def redis(network: str, mark: Mark) -> dict[str, float]:
    made = DrillRedis(new_name(), network=network, mark=mark, image=Images().redis)
    return {
        "Redis answers": timed(lambda: made.start(soon(60))),
        "  nothing is left of it  ": timed(lambda: made.close(soon(30))),
    }


def test_containers_of_a_drill(network: str, mark: Mark, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    prepared(Images().postgres, mark, soon(60))  # as `drill sandbox up kind` does, once
    rounds = [{**ours(network, mark, tmp_path), **bare(network), **redis(network, mark)} for _ in range(TIMES)]
    with capsys.disabled():
        print(f"\n{f'containers, {TIMES} times':36}{'median':>8}{'worst':>8}")  # noqa: T201 - a benchmark prints
        for name in rounds[0]:
            times = [one[name] for one in rounds]
            print(f"{name:36}{median(times):6.2f} s{max(times):6.2f} s")  # noqa: T201 - likewise
