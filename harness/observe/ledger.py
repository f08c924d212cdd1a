"""The ledger file, its one writer and its one reader: what clients meant to write and what they were told.

A line is a JSON list, either of
    ["intent", client, sequence, id, value, due, sent]           durable before the write is sent
    ["outcome", client, sequence, outcome, sent, acknowledged]    appended when its outcome is known
with instants in nanoseconds. The `sent` of an outcome was taken after the intent was durable, and counts.

Invariant: a write that a server ever saw has its intent in the file, however the worker died.
"""

from __future__ import annotations

import asyncio
import json
import os
import queue
import threading
from pathlib import Path
from typing import Any, Final, NamedTuple

from harness.errors import CannotCreate, InputError, NotFound
from harness.journal.observation import Write, WriteOutcome
from harness.units import Instant

_INTENT: Final = "intent"
_OUTCOME: Final = "outcome"


def intent_line(write: Write) -> bytes:
    """The line that must be durable before a write is sent."""
    return _line(_INTENT, write.client, write.sequence, write.id, write.value, write.due.ns, write.sent.ns)


def outcome_line(write: Write) -> bytes:
    """The line that says what a client was told."""
    known = None if write.acknowledged is None else write.acknowledged.ns
    return _line(_OUTCOME, write.client, write.sequence, write.outcome, write.sent.ns, known)


def _line(*content: Any) -> bytes:
    return json.dumps(content, separators=(",", ":")).encode() + b"\n"


class _Item(NamedTuple):
    line: bytes
    durable: asyncio.Future[None]


class LedgerWriter:
    """Appends lines durably, on a thread of its own so that probes do not wait for the disk.

    Lines that arrive while the disk is busy share the next fdatasync.
    """

    def __init__(self, path: Path) -> None:
        """Makes the file.

        Raises:
            CannotCreate: the file is there already, or cannot be made.
        """
        try:
            self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL, 0o600)
            folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        except FileExistsError:
            raise CannotCreate(f"{path}: there is a ledger already; a second one would use its ids again") from None
        except OSError as error:
            raise CannotCreate(f"{path}: the ledger cannot be made: {error}") from error
        os.fsync(folder)
        os.close(folder)
        self._loop = asyncio.get_running_loop()
        self._queue: queue.SimpleQueue[_Item | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="ledger", daemon=True)
        self._thread.start()

    async def append(self, line: bytes) -> None:
        """Returns when the line is on the disk.

        Raises:
            OSError: the disk refused it.
        """
        item = _Item(line, self._loop.create_future())
        self._queue.put(item)
        await item.durable

    def close(self) -> None:
        """Ends the thread after what is queued, and closes the file."""
        self._queue.put(None)
        self._thread.join()
        os.close(self._file)

    def _run(self) -> None:
        while (item := self._queue.get()) is not None:
            group = [item]
            last = False
            while not last and not self._queue.empty():
                following = self._queue.get()
                if following is None:
                    last = True
                else:
                    group.append(following)
            self._loop.call_soon_threadsafe(_settle, group, self._commit(b"".join(each.line for each in group)))
            if last:
                return

    def _commit(self, data: bytes) -> OSError | None:
        try:
            while data:
                data = data[os.write(self._file, data) :]
            os.fdatasync(self._file)
        except OSError as error:
            return error
        return None


def _settle(group: list[_Item], error: OSError | None) -> None:
    for item in group:
        if item.durable.cancelled():
            continue
        if error is None:
            item.durable.set_result(None)
        else:
            item.durable.set_exception(error)


def read_ledger(path: Path) -> list[Write]:
    """All writes of a ledger file, in the order of their intents.

    A last line that is torn is left out: it was never durable. An intent without an outcome is `info`, with
    nothing acknowledged: the worker ended before it knew.

    Raises:
        NotFound: there is no such file.
        InputError: a line before the last is damaged, or an outcome has no intent.
    """
    try:
        lines = path.read_bytes().split(b"\n")
    except FileNotFoundError:
        raise NotFound(f"{path}: there is no ledger here") from None
    except OSError as error:
        raise InputError(f"{path}: the ledger cannot be read: {error}") from error
    writes: dict[tuple[int, int], Write] = {}
    for number, line in enumerate(lines, start=1):
        try:
            if line:
                _take(line, writes)
        except (ValueError, TypeError, KeyError) as error:
            if number == len(lines):
                break
            raise InputError(f"{path}:{number}: not a line of a ledger: {error}") from None
    return list(writes.values())


def _take(line: bytes, writes: dict[tuple[int, int], Write]) -> None:
    kind, client, sequence, *rest = json.loads(line)
    key = (int(client), int(sequence))
    if kind == _INTENT:
        if key in writes:
            raise ValueError(f"a second intent of client {client}, sequence {sequence}")
        name, value, due, sent = rest
        writes[key] = Write(*key, str(name), str(value), Instant(int(due)), Instant(int(sent)), None, WriteOutcome.INFO)
    elif kind == _OUTCOME:
        outcome, sent, known = rest
        if key not in writes:
            raise ValueError(f"an outcome of client {client}, sequence {sequence}, without an intent")
        acknowledged = None if known is None else Instant(int(known))
        writes[key] = writes[key]._replace(
            outcome=WriteOutcome(outcome), sent=Instant(int(sent)), acknowledged=acknowledged
        )
    else:
        raise ValueError(f"{kind!r} is neither {_INTENT!r} nor {_OUTCOME!r}")
