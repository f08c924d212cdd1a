"""The folders that replicas have as their configuration: made from a release, read, and replaced. For the daemon.

A folder is made whole beside the one that it replaces and takes its place by a rename: nobody ever starts with half of
one, and no file of the old one stays. Secrets are for their owner alone from the moment they are made.
"""

import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from harness.system.bundle import SECRET_MODE, Bundle, mode_of

_FOLDER: Final = 0o755
_SECRET_FOLDER: Final = 0o700


def from_release(source: Path | None, targets: Sequence[Path], given: Mapping[str, str]) -> None:
    """Makes the folders of replicas from a release's; what the sandbox gives is part of their environment."""
    bundle = (read(source) if source is not None else Bundle({})).with_variables(given)
    for target in targets:
        write(bundle, target)


def copy(source: Path, target: Path) -> None:
    """Makes a folder as another one is."""
    write(read(source), target)


def read(folder: Path) -> Bundle:
    """The files of a folder, also of those below it."""
    paths = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return Bundle({path.relative_to(folder).as_posix(): path.read_bytes() for path in paths})


def write(bundle: Bundle, place: Path) -> None:
    """Puts exactly these files in a place, whatever is there."""
    new, old = (place.with_name(f".{place.name}.{how}") for how in ("new", "old"))
    for left in (new, old):
        shutil.rmtree(left, ignore_errors=True)
    new.mkdir(parents=True)
    for path in sorted(bundle.files):
        folder = (new / path).parent
        folder.mkdir(parents=True, exist_ok=True)
        if folder != new and mode_of(path) == SECRET_MODE:
            folder.chmod(_SECRET_FOLDER)
        descriptor = os.open(new / path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, SECRET_MODE)
        with os.fdopen(descriptor, "wb") as file:
            file.write(bundle.files[path])
        (new / path).chmod(mode_of(path))
    new.chmod(_FOLDER)
    if place.exists():
        place.rename(old)
    new.rename(place)
    shutil.rmtree(old, ignore_errors=True)


def exposed(folder: Path, secrets: Sequence[str]) -> tuple[str, ...]:
    """The secrets of a folder that others than their owner may read."""
    return tuple(path for path in secrets if (folder / path).stat().st_mode & 0o077)
