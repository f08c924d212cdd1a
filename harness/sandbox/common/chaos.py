"""Runs Chaos Toolkit as a program of its own: its handlers of signals want a main thread, and a run can be killed.

Neither its journal nor what it prints comes to the disk from here: both may hold what nobody should see.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from harness.clock import Deadline, wait_for
from harness.errors import DeadlineExceeded, Unavailable
from harness.marks import as_top
from harness.sandbox.common.environment import named, of_tools
from harness.sandbox.common.process import Process, mark_of, marked
from harness.secrecy import learn
from harness.system.experiments import ExperimentRan, ExperimentRun

_COLOUR: Final = re.compile(r"\x1b\[[0-9;]*m")
_OWNER: Final = "DRILL_EXPERIMENT"
_CHAOS: Final = (sys.executable, "-m", "chaostoolkit", "--no-version-check", "--no-log-file", "--settings", os.devnull)
"""No settings: those of a person's home may name other strategies, and programs that hear of every run."""
_METHOD: Final = ("--hypothesis-strategy", "before-method-only", "--rollback-strategy", "never")
"""Its steady state is a gate; after the method it must deviate, since that is what the drill is for."""
_ROLLBACKS: Final = ("--rollback-strategy", "always")


class ChaosToolkit:
    """The port Experiments.

    Args:
        variables: what tells an experiment where the system is.
    """

    def __init__(self, variables: Mapping[str, str] | None = None) -> None:
        self._variables = variables or {}

    @property
    def variables(self) -> Mapping[str, str]:
        """See the port."""
        return self._variables

    def run(self, order: ExperimentRun, deadline: Deadline) -> ExperimentRan:
        """See the port.

        It bears the mark of the drill, so that who takes that over finds it: a method with all that it starts, and
        rollbacks alone, because what they start again must live on.
        """
        own, secret = named(order.names), named(order.secrets)
        learn(*secret.values())
        env = {**of_tools(), **own, **secret, **order.variables, _OWNER: order.owner}
        with _in_memory("journal") as journal, _in_memory("printed") as printed:
            strategy = _ROLLBACKS if order.rollbacks else _METHOD
            command = [*_CHAOS, "run", "--journal-path", f"/proc/self/fd/{journal}", *strategy, str(order.file)]
            command, mark = as_top(command) if order.rollbacks else (command, mark_of(Process.own()))
            try:
                process = subprocess.Popen(
                    command,
                    cwd=order.root,
                    env=env | mark,
                    stdin=subprocess.DEVNULL,
                    stdout=printed,
                    stderr=printed,
                    pass_fds=(journal,),
                    start_new_session=True,  # a Ctrl-C in the terminal is the drill's to handle
                )
            except OSError as error:
                raise Unavailable(f"{order.root}: no experiment can be run there: {error.strerror}") from error
            try:
                code = process.wait(max(deadline.left.seconds, 0.05))
            except subprocess.TimeoutExpired:
                raise DeadlineExceeded(
                    f"{order.file} had not ended at its deadline and was killed; it printed:\n{_text(printed)}"
                ) from None
            finally:
                if process.poll() is None:
                    _kill(order.owner)
                    process.kill()
                    process.wait()
            return ExperimentRan(code, _all(journal), _text(printed))

    def end(self, owner: str, deadline: Deadline) -> None:
        """See the port."""
        wait_for(lambda: not _kill(owner), deadline, "the end of what an experiment has started")


def _kill(owner: str) -> bool:
    """Kills all that bears the mark of an owner; False when nothing did."""
    found = marked(f"{_OWNER}={owner}", "an experiment")
    for one in found:
        one.send(signal.SIGKILL)
    return bool(found)


@contextmanager
def _in_memory(name: str) -> Iterator[int]:
    file = os.memfd_create(name)
    try:
        yield file
    finally:
        os.close(file)


def _text(file: int) -> str:
    return _COLOUR.sub("", _all(file).decode(errors="replace"))


def _all(file: int) -> bytes:
    return os.pread(file, os.fstat(file).st_size, 0)
