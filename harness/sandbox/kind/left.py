"""What a drill keeps on this machine while it lives: its database's password, and a note of its owner and cluster.

The notes make a look for leftovers cheap: only where one's owner is gone are Docker and the cluster asked.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from harness.errors import CannotCreate, NotFound
from harness.sandbox.kind.marks import CLUSTER, Found, Mark
from harness.sandbox.kind.which import PROJECT, Which

_NAME: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")  # as Kubernetes names a namespace
_NOTE: Final = "owner.json"
_PORT: Final = "registry-port"


def folders(state_dir: Path) -> Path:
    """Where the folders lie."""
    return state_dir / ".kind" / "drills"


def make_folder(state_dir: Path, namespace: str, mark: Mark, which: Which) -> Path:
    """Makes the folder of a drill, with its note: before anything else of it is made.

    Raises:
        CannotCreate: there is no permission or no room.
    """
    folder = folders(state_dir) / namespace
    note = {**mark.labels("drill"), CLUSTER: which.name, _PORT: str(which.port)}
    try:
        folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.mkdir(mode=0o700)
        (folder / _NOTE).write_text(json.dumps(note), encoding="utf-8")
    except OSError as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise CannotCreate(f"{folder}: cannot be made: {error.strerror}") from error
    return folder


def require_name(name: str) -> None:
    """Refuses what is no name of a drill's namespace: taken for a path it leads out of the state folder.

    Raises:
        NotFound: it is none.
    """
    if not _NAME.fullmatch(name):
        raise NotFound(f"{name!r} is no name of a sandbox; expected small letters, digits and dashes")


def remove_folder(state_dir: Path, namespace: str) -> None:
    """Removes a folder: after everything else of its drill has gone. Raises as `require_name` does."""
    require_name(namespace)
    shutil.rmtree(folders(state_dir) / namespace, ignore_errors=True)


def noted(state_dir: Path) -> tuple[Found, ...]:
    """What the notes say; one that cannot be read is of nobody, and what has no name of a drill is no note."""
    try:
        paths = sorted(path for path in folders(state_dir).iterdir() if _NAME.fullmatch(path.name))
    except FileNotFoundError:
        return ()
    return tuple(Found("namespace", path.name, path.name, _labels(path / _NOTE)) for path in paths)


def mark_of(state_dir: Path, namespace: str) -> Mark:
    """Whose a drill's sandbox is, by its folder.

    Raises:
        NotFound: there is no such folder, or its note cannot be read.
    """
    mark = Mark.read(_labels(folders(state_dir) / namespace / _NOTE))
    if mark is None:
        raise NotFound(f"{namespace}: nothing tells whose it is, so it has ended")
    return mark


def cluster_of(note: Mapping[str, str]) -> Which:
    """The cluster that a note tells of; the project's where it tells of none."""
    port = note.get(_PORT, "")
    return Which(note.get(CLUSTER, PROJECT.name), int(port) if port.isdecimal() else PROJECT.port)


def _labels(note: Path) -> dict[str, str]:
    try:
        found = json.loads(note.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(key): str(value) for key, value in found.items()} if isinstance(found, dict) else {}
