"""Runs the command-line tools (helm, kind, docker) with deadlines; errors carry command, exit code and last lines."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from harness.clock import Deadline, wait_for
from harness.errors import DeadlineExceeded, MayWorkLater, Unavailable
from harness.sandbox.common.environment import of_tools
from harness.sandbox.common.process import Process, mark_of
from harness.sandbox.kubernetes import limits

_VERSION: Final = re.compile(r"v?(\d+)\.(\d+)(?:\.(\d+))?")
_WHAT_FOR: Final = {
    "docker": "is the engine that clusters and databases run in; install Docker and start it",
    "helm": "installs the system's chart; get it from https://helm.sh",
    "kind": "makes the cluster; get it from https://kind.sigs.k8s.io",
    "kubectl": "is what rollback scripts talk to a cluster with; get it from https://kubernetes.io",
}


class ToolFailed(MayWorkLater):
    """A command ended with another exit code than 0.

    Attributes:
        code: the exit code, negative for a signal.
        output: everything it printed, both streams.
    """

    def __init__(self, command: Sequence[str], code: int, output: str) -> None:
        super().__init__(f"'{shlex.join(command)}' ended with exit code {code}:\n{last_lines(output)}")
        self.code = code
        self.output = output


@dataclass(frozen=True, slots=True, order=True)
class Version:
    """The version of a tool."""

    major: int
    minor: int
    patch: int

    @classmethod
    def find(cls, text: str) -> Version:
        """The first version in a text.

        Raises:
            ValueError: there is none.
        """
        found = _VERSION.search(text)
        if not found:
            raise ValueError(f"no version in {text!r:.80}")
        return cls(*(int(part or 0) for part in found.groups()))

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}"


def last_lines(text: str, count: int = limits.TAIL_LINES) -> str:
    """The end of what a command printed, without empty lines."""
    lines = [line for line in text.splitlines() if line.strip()]
    return "\n".join(f"  {line}" for line in lines[-count:]) or "  (it printed nothing)"


def require(tool: str) -> str:
    """The tool's path.

    Raises:
        Unavailable: it is not on PATH; says what it is for.
    """
    found = shutil.which(tool)
    if found is None:
        raise Unavailable(f"{tool} is not on PATH; it {_WHAT_FOR.get(tool, 'is needed')}")
    return found


def run(
    command: Sequence[str], deadline: Deadline, *, stdin: str | None = None, env: Mapping[str, str] | None = None
) -> str:
    """Runs a command to its end and returns its standard output.

    Args:
        command: the program, looked up on PATH, and its arguments.
        deadline: when it is killed.
        stdin: text for its standard input, which is empty otherwise.
        env: its environment; what every tool needs otherwise.

    Raises:
        Unavailable: there is no such program.
        DeadlineExceeded: it was killed at its deadline.
        ToolFailed: it ended with another exit code than 0.
    """
    program = require(command[0])
    try:
        done = subprocess.run(
            [program, *command[1:]],
            input=stdin if stdin is not None else "",
            capture_output=True,
            text=True,
            errors="replace",
            timeout=max(deadline.left.seconds, 0.05),
            check=False,
            env=_marked(env),
        )
    except subprocess.TimeoutExpired as late:
        printed = "".join(_text(part) for part in (late.stdout, late.stderr))
        raise DeadlineExceeded(
            f"'{shlex.join(command)}' had not ended at its deadline and was killed:\n{last_lines(printed)}"
        ) from None
    except OSError as error:
        raise Unavailable(f"{program} cannot be run: {error.strerror}") from error
    if done.returncode != 0:
        raise ToolFailed(command, done.returncode, done.stdout + done.stderr)
    return done.stdout


def version_of(tool: str, *arguments: str) -> Version:
    """The version that a tool tells.

    Raises:
        Unavailable: it is not on PATH, or does not tell one.
    """
    try:
        return Version.find(run([tool, *arguments], Deadline.after(limits.QUICK_TOOL)))
    except (ToolFailed, DeadlineExceeded) as error:
        raise Unavailable(f"{tool} does not work: {error}") from error
    except ValueError as error:
        raise Unavailable(f"'{shlex.join([tool, *arguments])}' does not tell a version: {error}") from error


def run_and_kill(
    command: Sequence[str],
    condition: Callable[[], object],
    deadline: Deadline,
    *,
    stdin: str | None = None,
    env: Mapping[str, str] | None = None,
) -> None:
    """Starts a command and kills it once a condition holds: as when the machine that runs it dies.

    Standard input and environment are as with `run`. A command that ends by itself before is left ended; what it left
    behind tells which it was.

    Raises:
        Unavailable: there is no such program.
        DeadlineExceeded: the condition did not hold in time; the command was killed.
        ToolFailed: it ended with another exit code than 0.
    """
    program = require(command[0])
    with tempfile.TemporaryFile("w+") as printed, tempfile.TemporaryFile("w+") as given:
        given.write(stdin or "")
        given.seek(0)
        with subprocess.Popen(
            [program, *command[1:]], stdin=given, stdout=printed, stderr=printed, env=_marked(env)
        ) as process:
            try:
                wait_for(lambda: process.poll() is not None or condition(), deadline, f"the point to kill {command[0]}")
            finally:
                process.kill()
        printed.seek(0)
        if process.returncode > 0:
            raise ToolFailed(command, process.returncode, printed.read())


def _marked(env: Mapping[str, str] | None) -> dict[str, str]:
    """The environment of a tool, with the mark by which it is found."""
    return {**(of_tools() if env is None else env), **mark_of(Process.own())}


def _text(part: str | bytes | None) -> str:
    return part.decode(errors="replace") if isinstance(part, bytes) else part or ""
