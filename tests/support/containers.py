"""Containers for tests: on a network of their own, marked as this process's, and none left at the end."""

import json
import secrets
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from harness.sandbox.common.process import Process
from harness.sandbox.kind.containers import Container, Plan
from harness.sandbox.kind.engine import Engine
from harness.sandbox.kind.heal import remove_all
from harness.sandbox.kind.marks import CLUSTER, RUN, Mark
from harness.units import Duration
from tests.support.sandboxes import soon

IMAGE = "debian:trixie-slim"


def new_name() -> str:
    """A name that nothing else has."""
    return f"drill-test-{secrets.token_hex(4)}"


def mark_of_test() -> Mark:
    """The mark of a run of its own."""
    return Mark.of_this_process(new_name(), Duration.of(s=600))


def of_the_dead(mark: Mark) -> Mark:
    """The same mark of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    found = Process.of(process.pid)
    process.communicate()
    assert found is not None
    return replace(mark, pid=found.pid, started=found.started)


@contextmanager
def docker_network() -> Iterator[str]:
    """A Docker network."""
    name = new_name()
    docker("network", "create", name)
    try:
        yield name
    finally:
        docker("network", "rm", name)


@contextmanager
def marked() -> Iterator[Mark]:
    """A mark; nothing that carries it is left at the end."""
    mark = mark_of_test()
    try:
        yield mark
    finally:
        remove_all(RUN, mark.run, soon(20))


@contextmanager
def cluster() -> Iterator[str]:
    """The name of a cluster that is not there; nothing that is warm beside it is left at the end."""
    name = new_name()
    try:
        yield name
    finally:
        remove_all(CLUSTER, name, soon(30))


def shell(script: str, mark: Mark, network: str, **more: Any) -> Plan:
    """A container that runs a script."""
    entrypoint = ("sh", "-c", script)
    return Plan(
        image=IMAGE, name=new_name(), network=network, labels=mark.labels("test"), entrypoint=entrypoint, **more
    )


def docker(*arguments: str, given: str = "") -> str:
    """What Docker's own command says, to see what others see."""
    done = subprocess.run(["docker", *arguments], check=True, capture_output=True, text=True, timeout=60, input=given)
    return done.stdout


@contextmanager
def image(content: str, *names: str) -> Iterator[None]:
    """A small image under some names."""
    docker("build", "--tag", names[0], "-", given=f'FROM {IMAGE}\nLABEL content="{content}"\n')
    try:
        for name in names[1:]:
            docker("tag", names[0], name)
        yield
    finally:
        docker("image", "rm", "--no-prune", *names)


def free_port() -> int:
    """A port of this machine that nobody has at the moment."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def inspected(name: str) -> dict[str, Any]:
    """All that Docker tells of a container."""
    [content] = json.loads(docker("inspect", name))
    return dict(content)


def run_inside(container: Container, script: str) -> str:
    """What a script says inside a container."""
    return docker("exec", container.name, "sh", "-c", script)


def left_of(mark: Mark) -> list[str]:
    """Names of the containers and volumes that carry a mark."""
    label = f"label={RUN}={mark.run}"
    containers = docker("ps", "--all", "--filter", label, "--format", "{{.Names}}")
    return [*containers.split(), *docker("volume", "ls", "--filter", label, "--format", "{{.Name}}").split()]


@contextmanager
def running(plan: Plan) -> Iterator[Container]:
    """A container that is removed at the end."""
    container = Container.start(plan, soon(20))
    try:
        yield container
    finally:
        container.stop(soon(20))


@contextmanager
def engine() -> Iterator[Engine]:
    """A connection to Docker."""
    opened = Engine.open(soon())
    try:
        yield opened
    finally:
        opened.close()
