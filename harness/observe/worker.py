"""The observer's process, `python -m harness.observe.worker`, started by `observer.Observer` only.

It takes its plan and its commands from standard input and writes rows to standard output. It ignores SIGINT,
because Ctrl-C reaches the whole group and the parent decides what becomes of a drill; and it never outlives
its parent.
"""

import ctypes
import os
import signal
import sys
from typing import Final

_PR_SET_PDEATHSIG: Final = 1  # prctl(2)
_STDOUT: Final = 1
_STDERR: Final = 2


def _dies_with_parent() -> None:
    """Asks the kernel to kill this process with its parent; the end of standard input is the second way."""
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")


def main() -> None:
    """Runs until the parent says stop, or is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _dies_with_parent()
    os.environ.setdefault("SSL_CERT_FILE", os.devnull)  # or aiohttp reads all authorities of the machine at its import
    import asyncio  # noqa: PLC0415 - the protections above come before 0.3 s of imports

    from harness.observe.session import fail, serve  # noqa: PLC0415

    output = os.dup(_STDOUT)
    os.dup2(_STDERR, _STDOUT)  # rows have standard output for themselves, whatever a library prints
    try:
        asyncio.run(serve(output))
    except Exception as error:  # noqa: BLE001 - whatever it is, it ends the worker loudly
        fail(error)
    sys.exit(0)


if __name__ == "__main__":
    main()
