"""Secrets in every place that one can come from, and a search through all that drills make.

The services of a system that is made so say aloud all that they know.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

CANARY = "k4n4ry"  # stands in each of them
FROM_SHELL = {
    "PGPASSWORD": f"{CANARY}-pg",
    "DATABASE_URL": f"postgresql://me:{CANARY}-url@db.invalid/shop",
    "SLACK_WEBHOOK_URL": f"https://hooks.invalid/services/T0/{CANARY}-hook",
    "PAGERDUTY_TOKEN": f'{CANARY}-"token"',
    "AWS_SECRET_ACCESS_KEY": f"{CANARY}/aws+key",
}
WORKER = "main() run"  # it is what a person has called in parts, and gets what that has
LEAKY_NAME = "leaky.py"
LEAKY = """
import os, runpy, sys
print("started with", dict(os.environ), file=sys.stderr, flush=True)
runpy.run_path(ROOT, run_name="__main__")
"""
RECEIVERS = """
[[notify]]
name = "by-variable"
way = "webhook"
secret = { env = "WHERE_TO" }

[[notify]]
name = "by-file"
way = "webhook"
secret = { file = "address.txt" }
"""


@dataclass
class Search:
    """Looks for secrets: those that are given to drills, and the passwords that drills make."""

    state: Path
    passwords: set[str] = field(default_factory=set)

    def secrets_in(self, data: bytes) -> set[str]:
        """The secrets that stand in something."""
        found = {match.decode(errors="replace") for match in re.findall(rb"%b[\w/+\"\\-]*" % CANARY.encode(), data)}
        return found | {one for one in self.passwords if one.encode() in data}

    def learn(self) -> None:
        """Learns the passwords that the harness has made, and that only their own users may read where they lie."""
        for path in (one for one in files_in(self.state) if one.name == "pgpass"):
            self.passwords.add(_read(path).decode().strip().rpartition(":")[2] or "none")
        self.passwords.discard("none")

    def open_files(self) -> list[str]:
        """The files of the state folder that hold a secret, and that others can read."""
        found = []
        for path in files_in(self.state):
            if not path.is_symlink() and self.secrets_in(_read(path)):
                way = [path, *(one for one in path.parents if self.state in one.parents)]
                with suppress(FileNotFoundError):  # its sandbox ends just now
                    if all(one.stat().st_mode & 0o077 for one in way):
                        found.append(f"{path} is open to others")
        return found

    def telling(self, family: Iterable[psutil.Process]) -> list[str]:
        """The processes that have a secret in their command line, or one in their environment that they do not need."""
        found = []
        for process in family:
            command = " ".join(_told(process.cmdline))
            if told := self.secrets_in(command.encode()):
                found.append(f"{process} is called with {told}")
            known = self.secrets_in("\0".join(map(repr, dict(_told(process.environ)).items())).encode())
            needed = {f"{CANARY}-toml", *self.passwords} if LEAKY_NAME in command else set()
            if not known <= needed and WORKER not in command:
                found.append(f"{command} has {known}")
        return found

    def leaks(self, produced: Sequence[Path], said: Sequence[str]) -> list[str]:
        """Where a secret stands, in files and in what was said."""
        places: dict[str, bytes] = {str(path): _read(path) for path in produced}
        places |= {f"said {number}": text.encode() for number, text in enumerate(said)}
        return [f"{place}: {found}" for place, data in places.items() if (found := self.secrets_in(data))]


def files_in(folder: Path) -> Iterator[Path]:
    """All files below a folder from which others may remove some meanwhile; no sockets, no pipes."""
    for parent, _, names in os.walk(folder):
        yield from (path for name in names if (path := Path(parent, name)).is_file())


def leaky(system: Path, folder: Path, *, more: str = "") -> Path:
    """Makes a system of another: its services know secrets and tell all they know, and people are told by secrets.

    Args:
        system: the drill.toml of the other, which starts its services by `serve.py`.
        folder: of the new one; empty.
        more: what its drill.toml has besides.

    Returns:
        Its drill.toml.
    """
    for one in system.parent.iterdir():
        if one != system:
            (folder / one.name).symlink_to(one)
    script = LEAKY.replace("ROOT", repr(str(system.parent / "serve.py")))
    (folder / LEAKY_NAME).write_text(script, encoding="utf-8")
    text = system.read_text(encoding="utf-8").replace("serve.py", LEAKY_NAME)
    text = text.replace("replicas =", f'env = {{ API_TOKEN = "{CANARY}-toml" }}\nreplicas =') + more + RECEIVERS
    made = folder / system.name
    made.write_text(text, encoding="utf-8")
    return made


def receivers(folder: Path, url: str) -> Mapping[str, str]:
    """Has the people of such a system told at an address.

    Returns:
        The variables that its drills need.
    """
    (folder / "address.txt").write_text(f"{url}/{CANARY}-file-hook\n", encoding="utf-8")
    return {**FROM_SHELL, "WHERE_TO": f"{url}/{CANARY}-env-hook"}


def _told(of: Any) -> Any:
    try:
        return of()
    except psutil.Error:  # it has ended meanwhile
        return {}


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:  # it was removed meanwhile
        return b""
