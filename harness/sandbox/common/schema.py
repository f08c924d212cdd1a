"""Runs the system's SQL files; a mistake in one gives its file and line. Imports psycopg and the floor."""

from pathlib import Path

import psycopg

from harness.errors import ConfigurationError, NotFound
from harness.sandbox.common.dsn import with_password


async def apply(dsn: str, files: tuple[Path, ...]) -> None:
    """Runs the files in order, each in one transaction.

    Raises:
        NotFound: a file is not there.
        ConfigurationError: the server refused a statement; the message starts with file and line.
    """
    async with await psycopg.AsyncConnection.connect(with_password(dsn)) as connection:
        for file in files:
            try:
                text = file.read_text(encoding="utf-8")
            except OSError as error:
                raise NotFound(f"{file}: cannot be read: {error.strerror}; drill.toml names it as schema") from error
            except UnicodeDecodeError as error:
                raise ConfigurationError(f"{file}: not UTF-8: {error.reason} at byte {error.start}") from error
            try:
                async with connection.transaction():
                    # Many statements in one string: without parameters psycopg sends them as they are.
                    await connection.execute(text.encode())
            except psycopg.Error as error:
                raise ConfigurationError(f"{file}:{_line(text, error)}: {_told(error)}") from error


def _line(text: str, error: psycopg.Error) -> int:
    position = error.diag.statement_position
    return 1 if position is None else text.count("\n", 0, int(position) - 1) + 1


def _told(error: psycopg.Error) -> str:
    diagnosis = error.diag
    parts = [diagnosis.message_primary or str(error), diagnosis.message_detail, diagnosis.message_hint]
    return "; ".join(part for part in parts if part)
