"""Results on stdout, whose reader may be gone: that changes neither the exit code nor what was written to disk."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import ParamSpec

from harness.errors import CannotCreate

P = ParamSpec("P")


@contextmanager
def results_to_stdout() -> Iterator[None]:
    """What is printed inside goes out at its end; a reader that has left (`| head -1`) is no error.

    Raises:
        CannotCreate: stdout cannot be written for another reason, such as a full disk.
    """
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        _write_nowhere()
    except OSError as error:
        _write_nowhere()
        raise CannotCreate(f"the results cannot be written to stdout: {error.strerror}") from error


def readable(command: Callable[P, int]) -> Callable[P, int]:
    """A command that only prints: it has done its work when its reader has read enough."""

    @wraps(command)
    def printed(*args: P.args, **kwargs: P.kwargs) -> int:
        with results_to_stdout():
            return command(*args, **kwargs)
        return 0

    return printed


def tell(sentence: str) -> None:
    """Tells who waits what goes on; on stderr, beside progress."""
    print(f"drill: {sentence}", file=sys.stderr)


def _write_nowhere() -> None:
    """What is still in the buffer would raise again when the interpreter ends."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
