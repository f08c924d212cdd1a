"""What the replicas of a slot are given as their configuration: files, secrets and environment, as one value. Pure.

Everything is a file by its path. Those below `secrets/` are secret, and so is `environment.env`, whose lines
NAME=VALUE are variables of the replica's environment. Contents are never part of a text that could be written down:
a bundle shows itself by its size.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from harness.errors import InputError

ENVIRONMENT: Final = "environment.env"
SECRETS: Final = "secrets"
SECRET_MODE: Final = 0o600
PLAIN_MODE: Final = 0o644
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Bundle:
    """The configuration of one slot of a service: each file's content by its path."""

    files: Mapping[str, bytes] = field(repr=False)

    def __repr__(self) -> str:
        return f"Bundle of {len(self.files)} files"

    @property
    def digest(self) -> str:
        """One and the same for the same files with the same contents, and no other."""
        found = hashlib.sha256()
        for path in sorted(self.files):
            found.update(f"{path}\0{hashlib.sha256(self.files[path]).hexdigest()}\n".encode())
        return found.hexdigest()

    @property
    def environment(self) -> dict[str, str]:
        """The variables of the replica's environment.

        Raises:
            InputError: a line is no variable; says which line, and nothing of what it holds.
        """
        return variables(self.files.get(ENVIRONMENT, b""))

    @property
    def secrets(self) -> tuple[str, ...]:
        """The paths that nobody else may read, in order."""
        return tuple(sorted(path for path in self.files if is_secret(path)))

    def with_variables(self, given: Mapping[str, str]) -> Bundle:
        """The same with variables that are part of the environment unless it says otherwise itself.

        Raises:
            InputError: see `environment`.
        """
        if not given:
            return self
        return self.with_file(ENVIRONMENT, environment_file({**given, **self.environment}))

    def with_file(self, path: str, content: bytes) -> Bundle:
        """The same with another content of one file."""
        return Bundle({**self.files, path: content})


def is_secret(path: str) -> bool:
    """Whether only its owner may read a file."""
    return path == ENVIRONMENT or path.startswith(f"{SECRETS}/")


def mode_of(path: str) -> int:
    """The permissions of a file."""
    return SECRET_MODE if is_secret(path) else PLAIN_MODE


def variables(content: bytes) -> dict[str, str]:
    """The lines NAME=VALUE of an environment file; empty lines, and those that begin with '#', are none.

    Raises:
        InputError: a line is no variable; says which line, and nothing of what it holds.
    """
    found: dict[str, str] = {}
    try:
        lines = content.decode("utf-8").splitlines()
    except UnicodeDecodeError:
        raise InputError(f"{ENVIRONMENT}: not text in UTF-8") from None
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.startswith("#"):
            continue
        name, separator, value = line.partition("=")
        if not separator or not _VARIABLE.fullmatch(name) or "\0" in value:
            raise InputError(f"{ENVIRONMENT}: line {number}: expected NAME=VALUE")
        found[name] = value
    return found


def environment_file(values: Mapping[str, str]) -> bytes:
    """An environment file with these variables."""
    return "".join(f"{name}={value}\n" for name, value in values.items()).encode()


def differing(found: Bundle, wanted: Bundle) -> tuple[str, ...]:
    """What differs, a path each with how: it has another content, it is missing, or there is one too many."""
    told = []
    for path in sorted({*found.files, *wanted.files}):
        if path not in found.files:
            told.append(f"{path} missing")
        elif path not in wanted.files:
            told.append(f"{path} one too many")
        elif found.files[path] != wanted.files[path]:
            told.append(f"{path} differs")
    return tuple(told)
