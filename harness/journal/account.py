"""The accounts beside a drill's journal: what somebody else did for the drill, once it could not do so itself."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from harness.errors import InputError
from harness.journal.chain import read_journal
from harness.journal.records import Record

_NAME: Final = re.compile(r"account-(\d+)\.jsonl")


def account_name(number: int) -> str:
    """The name of a drill's first, second, … account in the drill's folder."""
    return f"account-{number}.jsonl"


def read_accounts(folder: Path) -> tuple[tuple[Record, ...], ...]:
    """The whole records of each account in a drill's folder, in the order in which they were begun.

    Raises:
        InputError: one was altered, or cannot be read; the message names the line, or the folder.
    """
    try:
        names = [path.name for path in folder.iterdir()]
    except OSError as error:
        raise InputError(f"{folder}: the folder cannot be read: {error.strerror}") from error
    found = [(int(match[1]), folder / name) for name in names if (match := _NAME.fullmatch(name))]
    return tuple(read_journal(path).records for _, path in sorted(found))
