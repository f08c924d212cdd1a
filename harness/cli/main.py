"""The `drill` command.

Every error of ours is one message on stderr and an exit code of sysexits.h, never a traceback.
"""

from __future__ import annotations

import signal
import sys
from types import FrameType

import typer
from typer.exceptions import TyperException

from harness.cli import doctor, run, sandbox, show
from harness.errors import DrillError, UsageError

app = typer.Typer(
    name="drill",
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Rollback drills: break a system under load, roll it back, and prove what clients lived through.",
)


@app.callback(invoke_without_command=True)
def _help_without_a_command(context: typer.Context) -> None:
    """Says what there is when nothing is asked for."""
    if context.invoked_subcommand is None:
        print(context.get_help())


app.command("run")(run.run)
app.command("list")(show.list_drills)
app.command("steps")(show.steps)
app.command("report")(show.report)
app.command("doctor")(doctor.doctor)
app.command("heal")(sandbox.heal)
app.add_typer(sandbox.app, name="sandbox")

INTERRUPTED = 3  # a person stopped it: the same code as the verdict aborted


def main() -> None:
    """Runs the command and exits."""
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        code = app(standalone_mode=False)
    except TyperException as error:
        _complain(f"{error.format_message() or 'name a command'}; see 'drill --help'")
        code = UsageError.exit_code
    except typer.Exit as exit_:
        code = exit_.exit_code
    except DrillError as error:
        _complain(str(error))
        code = error.exit_code
    except (KeyboardInterrupt, typer.Abort):
        _complain("interrupted; what was begun has been undone")
        code = INTERRUPTED
    except BrokenPipeError:
        sys.stderr.close()  # who read our output has gone; there is nobody to tell
        code = 0
    sys.exit(code if isinstance(code, int) else 0)


def _complain(text: str) -> None:
    for line in text.splitlines():
        print(f"drill: {line}", file=sys.stderr)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
