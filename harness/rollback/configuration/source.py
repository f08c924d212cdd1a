"""Where earlier configurations are found: archives beside the system or in a folder, and tags of a git repository."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from harness.errors import InputError, MayWorkLater, NotFound
from harness.rollback.configuration.actions import ConfigurationGoal, ConfigurationTag, ConfigurationVersion, Source
from harness.system.config_archive import (
    MOST_BYTES,
    MOST_FILES,
    Packed,
    archive_name,
    plain_tar,
    unpack,
    unpack_tar,
)
from harness.system.configuration_ports import Configurations
from harness.system.model import SystemModel
from harness.units import Duration

GIT_LIMIT: Final = Duration.of(s=10)  # a tag of a few files is read in milliseconds; a lock may have to be waited for
_PLAIN_FILES: Final = ("100644", "100755")  # modes that git knows; others are links and other repositories


@dataclass(frozen=True, slots=True)
class _Found:
    """An archive as it lies there; `digest` is one and the same for the same content."""

    content: bytes = field(repr=False)
    digest: str


def found(goal: ConfigurationGoal, model: SystemModel, port: Configurations) -> Source:
    """The source that a plan is made for; without a digest where there is none."""
    try:
        return Source(goal, _find(goal, model, port).digest)
    except (NotFound, MayWorkLater, InputError):  # who reads it says what is wrong with it
        return Source(goal, "")


def read(source: Source, model: SystemModel, port: Configurations) -> Packed:
    """What a source holds, which must be what was planned.

    Raises:
        NotFound: it is not there.
        InputError: it is damaged, unsafe, or another one than was planned.
        MayWorkLater: git did not answer in time.
    """
    archive = _find(source.goal, model, port)
    if archive.digest != source.digest:
        raise InputError("it is another one than when the rollback was planned; plan it again")
    return unpack_tar(archive.content) if isinstance(source.goal, ConfigurationTag) else unpack(archive.content)


def _find(goal: ConfigurationGoal, model: SystemModel, port: Configurations) -> _Found:
    match goal:
        case ConfigurationVersion(version):
            content = _archive(version, model, port)
            return _Found(content, hashlib.sha256(content).hexdigest())
        case ConfigurationTag(tag):
            return _tagged(tag, model)


def _archive(version: str, model: SystemModel, port: Configurations) -> bytes:
    name = archive_name(version)
    kept = port.stored(name)
    if kept is not None:
        return kept
    folder = model.configuration.archives
    where = "beside the system" if folder is None else f"beside the system, nor in {model.root / folder}"
    try:
        if folder is not None:
            path = model.root / folder / name
            if path.stat().st_size > MOST_BYTES:
                raise NotFound(f"{path}: more than {MOST_BYTES} bytes, which is no archive of a configuration")
            return path.read_bytes()
    except FileNotFoundError:
        pass
    except OSError as error:
        raise NotFound(f"{error.filename}: cannot be read: {error.strerror}") from error
    raise NotFound(f"there is no {name} {where}")


def _tagged(tag: str, model: SystemModel) -> _Found:
    """The folder at a tag; its digest is git's own."""
    table = model.configuration
    if table.repository is None:
        raise NotFound("drill.toml names no 'repository' in [configuration], so there are no tags to go back to")
    repository = model.root / table.repository
    asked = _git(repository, "rev-parse", "--verify", "--quiet", f"refs/tags/{tag}^{{commit}}")
    if asked.returncode:
        raise NotFound(f"{repository}: there is no tag {tag}{_said(asked)}")
    tree = _git(repository, "rev-parse", "--verify", "--quiet", f"{_id(asked)}:{table.path}")
    listed = tree if tree.returncode else _git(repository, "ls-tree", "-r", "-l", "-z", "--full-tree", _id(tree))
    if listed.returncode:
        raise NotFound(f"{repository}: the tag {tag} has no folder {table.path!r}{_said(listed)}")
    return _Found(plain_tar(_contents(repository, listed.stdout)), _id(tree))


def _contents(repository: Path, listed: bytes) -> dict[str, bytes]:
    """The files of a tree, as they were committed: no filter, attribute or setting of anybody changes them.

    Args:
        repository: where it is.
        listed: what `git ls-tree -r -l -z` says of the tree.

    Raises:
        NotFound: a file cannot be read.
        InputError: it has a link, or another repository in it, or is too large.
    """
    ids, total = {}, 0
    for line in filter(None, listed.split(b"\0")):
        about, _, name = line.partition(b"\t")
        mode, _kind, number, size = about.decode().split()
        path = name.decode(errors="replace")
        if mode not in _PLAIN_FILES:
            raise InputError(f"{path} is a link or another repository, and no plain file")
        ids[path], total = number, total + int(size)
    if total > MOST_BYTES or len(ids) > MOST_FILES:
        raise InputError(f"it holds more than {MOST_BYTES} bytes, or more than {MOST_FILES} files")
    found = {}
    for path, number in ids.items():
        content = _git(repository, "cat-file", "blob", number)
        if content.returncode:
            raise NotFound(f"{repository}: {path} cannot be read{_said(content)}")
        found[path] = content.stdout
    return found


def _git(repository: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    if not repository.is_dir():
        raise NotFound(f"{repository}: there is no such folder; drill.toml names it in [configuration]")
    program = shutil.which("git")
    if program is None:
        raise NotFound("there is no git on this machine, so no tag can be read")
    try:
        return subprocess.run(
            [program, "-C", str(repository), *arguments],
            env={"HOME": str(Path.home()), "GIT_NO_LAZY_FETCH": "1"},  # its settings say which folders are safe
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=GIT_LIMIT.seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise MayWorkLater(f"{repository}: git did not answer within {GIT_LIMIT}") from None


def _id(done: subprocess.CompletedProcess[bytes]) -> str:
    return done.stdout.decode().strip()


def _said(done: subprocess.CompletedProcess[bytes]) -> str:
    words = done.stderr.decode(errors="replace").strip().splitlines()
    return f": {words[-1]}" if words else ""
