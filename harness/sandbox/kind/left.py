"""Notes of what lives in the cluster: one file for each namespace, so that a look for leftovers costs nothing.

Only where a note's owner is gone are Docker and the cluster asked. Imports nothing of either.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.errors import CannotCreate
from harness.sandbox.kind.marks import Found, Mark


def folder(state_dir: Path) -> Path:
    """Where the notes lie."""
    return state_dir / ".kind" / "namespaces"


@contextmanager
def noted(state_dir: Path, namespace: str, mark: Mark) -> Iterator[None]:
    """A note that is there from before the namespace is made until after it has gone.

    Raises:
        CannotCreate: it cannot be written, so nothing may be made.
    """
    note = folder(state_dir) / namespace
    try:
        note.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        note.write_text(json.dumps(mark.labels("namespace")), encoding="utf-8")
    except OSError as error:
        raise CannotCreate(f"{note}: cannot be written: {error.strerror}") from error
    yield
    note.unlink(missing_ok=True)


def notes(state_dir: Path) -> tuple[Found, ...]:
    """What the notes say; one that cannot be read is of nobody."""
    try:
        paths = sorted(folder(state_dir).iterdir())
    except FileNotFoundError:
        return ()
    return tuple(Found("namespace", path.name, path.name, _labels(path)) for path in paths)


def forget(state_dir: Path, namespace: str) -> None:
    """Removes a note."""
    (folder(state_dir) / namespace).unlink(missing_ok=True)


def _labels(path: Path) -> dict[str, str]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(key): str(value) for key, value in found.items()} if isinstance(found, dict) else {}
