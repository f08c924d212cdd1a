"""Redis of a drill answers whoever has the password, and leaves nothing."""

import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from harness.errors import Unavailable
from harness.rollback.configuration.connections import try_all
from harness.sandbox.kind.images import Images
from harness.sandbox.kind.marks import Mark
from harness.sandbox.kind.redis import DrillRedis
from harness.system.bundle import ENVIRONMENT, Bundle, environment_file
from harness.system.configuration_model import Connection
from tests.support.containers import docker, docker_network, inspected, left_of, marked, new_name
from tests.support.sandboxes import soon
from tests.support.tools import needs

pytestmark = needs("docker")


@pytest.fixture(scope="module")
def network() -> Iterator[str]:
    with docker_network() as name:
        yield name


@pytest.fixture
def mark() -> Iterator[Mark]:
    with marked() as made:
        yield made


@pytest.fixture
def redis(mark: Mark, network: str) -> Iterator[DrillRedis]:
    made = DrillRedis(new_name(), network=network, mark=mark, image=Images().redis)
    made.start(soon(20))
    try:
        yield made
    finally:
        made.close(soon(20))


def say(redis: DrillRedis, *commands: str) -> list[str]:
    """The first line of each answer."""
    with socket.create_connection((redis.address.host, redis.address.port), 5) as client:
        client.sendall("".join(f"{command}\r\n" for command in commands).encode())
        with client.makefile("r", encoding="utf-8") as answers:
            return [answers.readline().strip() for _ in commands]


def password(redis: DrillRedis) -> str:
    return str(urlsplit(redis.service_url("redis")).password)


def test_it_answers_whoever_has_the_password(redis: DrillRedis) -> None:
    assert say(redis, f"AUTH {password(redis)}", "SET session 7", "DEL session") == ["+OK", "+OK", ":1"]


def test_a_configuration_reaches_it_with_the_password_and_with_no_other(redis: DrillRedis) -> None:
    connection = Connection(name="sessions", file=ENVIRONMENT, key="/REDIS_URL")
    good = redis.service_url(redis.address.host)
    for url, problem in (
        (good, ""),
        (good.replace(password(redis), "leaked-and-rotated"), "AUTH is answered by WRONGPASS"),
        (good.replace(f":{password(redis)}@", ""), "PING is answered by NOAUTH"),
        (good.replace(":6379", ":6380"), "refused"),
    ):
        bundle = Bundle({ENVIRONMENT: environment_file({"REDIS_URL": url})})
        [tried] = try_all([connection], {"web": bundle}, lambda address: address, soon())
        assert problem in tried.problem
        assert bool(tried.problem) is bool(problem)
        assert password(redis) not in str(tried)


def test_it_refuses_whoever_has_not(redis: DrillRedis) -> None:
    [answer] = say(redis, "GET session")
    assert answer.startswith("-NOAUTH")


def test_its_password_is_not_seen_from_outside(redis: DrillRedis, tmp_path: Path) -> None:
    [log] = redis.copy_log(tmp_path, soon())
    seen = str(inspected(redis.name)) + docker("top", redis.name, "-ef") + log.read_text()
    assert password(redis) not in seen


def test_nothing_is_left_of_it(mark: Mark, redis: DrillRedis) -> None:
    assert left_of(mark) == [redis.name]
    redis.close(soon())
    assert left_of(mark) == []
    redis.close(soon())


def test_one_that_does_not_start_leaves_nothing(mark: Mark, network: str) -> None:
    with pytest.raises(Unavailable, match=r"redis-server"):
        DrillRedis(new_name(), network=network, mark=mark, image="debian:trixie-slim").start(soon())
    assert left_of(mark) == []
