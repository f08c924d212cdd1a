"""The file of the automatic rollbacks of one system, by which the guards count: on disk before anything is done."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from harness.errors import CannotCreate, InputError
from harness.rollback.automatic import Acted

_ACTED = TypeAdapter(Acted)


def read_acted(path: Path) -> tuple[Acted, ...]:
    """All that are on file; of two lines about one the later counts. Half a line at the end is not on file.

    Raises:
        InputError: the file cannot be read: then nobody can tell whether another rollback may come.
    """
    found: dict[tuple[int, str, str], Acted] = {}
    try:
        whole = path.read_bytes().rpartition(b"\n")[0] if path.exists() else b""
        for line in whole.splitlines():
            one = _ACTED.validate_json(line)
            found[one.utc_ns, one.service, one.release] = one
    except (OSError, ValidationError) as error:
        raise InputError(f"{path}: the automatic rollbacks so far cannot be read: {error}") from error
    return tuple(found.values())


def add_acted(path: Path, acted: Iterable[Acted]) -> None:
    """Adds lines, and has them on disk.

    Raises:
        CannotCreate: they cannot be written.
    """
    try:
        with path.open("ab") as file:
            file.write(b"".join(json.dumps(asdict(one)).encode() + b"\n" for one in acted))
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise CannotCreate(f"{path}: cannot be written: {error.strerror}") from error
