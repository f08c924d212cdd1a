"""Progress on stderr: one live line in a terminal, one plain line for each stage elsewhere."""

from __future__ import annotations

import sys
from contextlib import suppress
from types import TracebackType
from typing import Any, Protocol, Self, TextIO, cast

from rich.console import Console
from rich.live import Live
from rich.text import Text

from harness.clock import now
from harness.drill.progress import Status
from harness.secrecy import masked


class Watcher(Protocol):
    """Progress that must be ended."""

    def __enter__(self) -> Self:
        """Begins to show."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Ends what is live."""

    def update(self, status: Status) -> None:
        """See `harness.drill.progress.Progress`."""

    def stage_ended(self, status: Status, reason: str) -> None:
        """See `harness.drill.progress.Progress`."""

    def say(self, text: str) -> None:
        """See `harness.drill.progress.Progress`."""


def watcher(stream: TextIO = sys.stderr) -> Watcher:
    """The progress that fits where stderr goes."""
    lasting = cast(TextIO, Lasting(stream))
    return LiveProgress(lasting) if stream.isatty() else PlainProgress(lasting)


class Lasting:
    """A stream whose reader may leave (a closed pipe, a lost terminal) without ending who writes: the drill goes on."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Writes, if there is still somebody to read."""
        with suppress(OSError):
            return self._stream.write(masked(text))
        return len(text)

    def flush(self) -> None:
        """Likewise."""
        with suppress(OSError):
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def _took(status: Status) -> str:
    return f"{(now() - status.since).seconds:.1f} s"


class PlainProgress:
    """One line for each stage that ended."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """There is nothing to end."""

    def update(self, status: Status) -> None:
        """Shows nothing until the stage has ended."""

    def stage_ended(self, status: Status, reason: str) -> None:
        """The stage, its time and, if it failed, why."""
        failed = f": {reason}" if reason else ""
        print(f"{status.drill}: {status.stage} {_took(status)}{failed}", file=self._stream, flush=True)

    def say(self, text: str) -> None:
        """A line of its own."""
        print(f"drill: {text}", file=self._stream, flush=True)


class LiveProgress:
    """The stage that runs now, against its deadline, with the error rate clients see; what ended stands above it."""

    def __init__(self, stream: TextIO) -> None:
        self._status: Status | None = None
        self._named = ""
        self._console = Console(file=stream)
        self._live = Live(console=self._console, get_renderable=self._line, refresh_per_second=8, transient=True)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Takes the live line away."""
        self._live.stop()

    def update(self, status: Status) -> None:
        """The live line reads it when it is drawn next."""
        if status.drill != self._named:
            self._named = status.drill
            self._console.print(Text(status.drill, style="bold"))
        self._status = status

    def stage_ended(self, status: Status, reason: str) -> None:
        """A line that stays."""
        mark, style = ("failed", "red") if reason else ("done", "green")
        line = Text.assemble("  ", (f"{mark:<7}", style), f"{status.stage:<13}{_took(status):>7}")
        if reason:
            line.append(f"  {reason}")
        self._console.print(line)
        self._status = None

    def say(self, text: str) -> None:
        """A line that stays."""
        self._console.print(Text(f"  {text}", style="yellow"))

    def _line(self) -> Text:
        status = self._status
        if status is None:
            return Text("")
        limit = (status.deadline.at - status.since).seconds
        line = Text.assemble(
            "  ", ("now    ", "cyan"), f"{status.stage:<13}{_took(status):>7} of at most {limit:.0f} s"
        )
        if status.error_rate is not None:
            line.append(f"  {status.error_rate:.0%} bad answers", style="red" if status.error_rate > 0 else "")
        return line
