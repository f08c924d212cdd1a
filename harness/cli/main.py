"""The `drill` command.

Every error of ours is one message on stderr and an exit code of sysexits.h, never a traceback.
"""

from __future__ import annotations

import importlib.metadata
import io
import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from importlib import import_module
from types import FrameType
from typing import Annotated, Any, Final

import typer
from typer.core import TyperGroup
from typer.exceptions import TyperException

from harness.cli.output import results_to_stdout
from harness.errors import DrillError, InternalError, Interrupted, UsageError
from harness.secrecy import masked

COMMANDS: Final = {
    "init": "harness.cli.init:init",
    "new": "harness.cli.new:new",
    "run": "harness.cli.run:run",
    "list": "harness.cli.show:list_drills",
    "steps": "harness.cli.steps:steps",
    "lint": "harness.cli.lint:lint",
    "report": "harness.cli.show:report",
    "gameday": "harness.cli.gameday:app",
    "note": "harness.cli.gameday:note",
    "schedule": "harness.cli.schedule:app",
    "merge": "harness.cli.shards:merge",
    "history": "harness.cli.history:history",
    "trend": "harness.cli.history:trend",
    "metrics": "harness.cli.metrics:metrics",
    "key": "harness.cli.evidence:key",
    "sign": "harness.cli.evidence:sign",
    "verify": "harness.cli.evidence:verify",
    "doctor": "harness.cli.doctor:doctor",
    "gate": "harness.cli.gate:gate",
    "rollback": "harness.cli.rollback:app",
    "status": "harness.cli.live:status",
    "abort": "harness.cli.live:abort",
    "heal": "harness.cli.sandbox:heal",
    "gc": "harness.cli.sandbox:gc",
    "sandbox": "harness.cli.sandbox:app",
}
"""Where each command is, in the order in which they are shown."""


class _When(Mapping[str, Any]):
    """The commands; what one is made of is imported when it is asked for.

    So a report can be made where nothing else can be done, and no command waits for the imports of another.
    """

    def __getitem__(self, name: str) -> Any:
        module, _, inside = COMMANDS[name].partition(":")
        found = getattr(import_module(module), inside)
        if not isinstance(found, typer.Typer):
            alone = typer.Typer(add_completion=False)
            alone.command(name)(found)
            found = alone
        command = typer.main.get_command(found)
        command.name = name
        return command

    def __iter__(self) -> Iterator[str]:
        return iter(COMMANDS)

    def __len__(self) -> int:
        return len(COMMANDS)


class _Commands(TyperGroup):
    """The group of all commands."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.commands = _When()  # type: ignore[assignment]  # none is added, so it need not be mutable


HEAL_NOTHING: Final = ("heal", "gc", "status", "abort")
"""Commands that heal by themselves, or show and stop what lives."""

HEAL_IF_POSSIBLE: Final = ("report", "merge", "history", "trend", "metrics", "key", "sign", "verify")
"""Commands of the judging half, which needs nothing of the live one."""

app = typer.Typer(
    name="drill",
    cls=_Commands,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Rollback drills: break a system under load, roll it back, and prove what clients lived through.",
)


@app.callback(invoke_without_command=True)
def _before_any_command(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Say which version this is.")] = False,  # noqa: FBT002 - an option
) -> None:
    """Says what there is when nothing is asked for; else removes what drills left that were killed."""
    if version:
        with results_to_stdout():
            print(f"drill {importlib.metadata.version('rollback-drill')}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        print(context.get_help())
    elif context.invoked_subcommand not in HEAL_NOTHING:
        _heal(context.invoked_subcommand)


def _heal(command: str) -> None:
    try:
        _healer(command)()
    except DrillError as error:  # a report can be read all the same; what needs the state folder will say so
        _complain(f"what an earlier drill left could not be removed: {error}")


def _healer(command: str) -> Callable[[], object]:
    try:
        from harness.settings import Settings  # noqa: PLC0415 - it is of the live half
        from harness.state import has_traces  # noqa: PLC0415 - likewise

        if not has_traces(Settings().state_dir):  # so most commands do not wait for all that healing imports
            return lambda: None
        from harness.cli import sandbox  # noqa: PLC0415 - likewise
    except ImportError:
        if command in HEAL_IF_POSSIBLE:
            return lambda: None  # where nothing can be drilled, nothing was left, and judging needs only the journal
        raise
    return sandbox.heal


PYTEST_VARIABLES = ("PYTEST_ADDOPTS", "PYTEST_PLUGINS", "PYTEST_DISABLE_PLUGIN_AUTOLOAD")
"""What a shell may have set for tests: `-k` there would leave drills out without a word."""

INTERRUPTED = 3  # a person or a guard stopped it: the same code as the verdict aborted


def main() -> None:
    """Runs the command and exits."""
    _settle()
    try:
        code = _command()
    except (KeyboardInterrupt, typer.Abort) as interrupt:
        code = _interrupted(interrupt)
    except TyperException as error:
        context = getattr(error, "ctx", None)
        told = error.format_message().replace(": Value error, ", ": ", 1).rstrip(".?")
        _complain(f"{told or 'name a command'}; see '{context.command_path if context else 'drill'} --help'")
        code = UsageError.exit_code
    except typer.Exit as exit_:
        code = exit_.exit_code
    except DrillError as error:
        if isinstance(error, InternalError) and error.__cause__:
            _print_traceback(error.__cause__)
        _complain(str(error))
        code = error.exit_code
    except Exception as error:  # noqa: BLE001 - a traceback's exit code of 1 would read as a missed objective
        _print_traceback(error)
        _complain(f"this is a bug of drill ({type(error).__name__}: {error}); please report the lines above")
        code = InternalError.exit_code
    sys.exit(code if isinstance(code, int) else 0)


def _settle() -> None:
    """Signals end the command in order, no variable changes what is run, and a locale without a character tells it."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # as with nohup
            signal.signal(number, _interrupt)
    for name in PYTEST_VARIABLES:
        os.environ.pop(name, None)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _interrupted(interrupt: BaseException) -> int:
    """Says who stopped the command, and what became of what it had begun."""
    if isinstance(interrupt, Interrupted) and interrupt.at_once:
        _complain(str(interrupt))
        sys.stdout.flush()
        os._exit(INTERRUPTED)  # at once: nothing that this process has begun is waited for
    halted = isinstance(interrupt, Interrupted)
    _complain(f"stopped: {interrupt}" if halted else "interrupted; what was begun has been undone")
    return INTERRUPTED


def _command() -> object:
    """Reads the arguments and runs what they ask for.

    Without typer's own main, which turns an interrupt into exit 130 and a broken pipe into exit 1: a missed drill.
    """
    command = typer.main.get_command(app)
    with command.make_context("drill", sys.argv[1:]) as context:
        return command.invoke(context)


def _print_traceback(error: BaseException) -> None:
    print(masked("".join(traceback.format_exception(error))), end="", file=sys.stderr)


def _complain(text: str) -> None:
    with suppress(OSError):  # who read stderr has gone; the exit code still tells
        for line in masked(text).splitlines():
            print(f"drill: {line}", file=sys.stderr)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
