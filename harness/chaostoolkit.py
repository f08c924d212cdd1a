"""Drills as probes of Chaos Toolkit: `provider: {type: python, module: harness.chaostoolkit, func: drill_passes}`.

A drill is run by the `drill` command, as a process of its own. This module imports only the standard library, and of
Chaos Toolkit, which calls it, the error that fails a probe.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any, Final

DRILL: Final = (sys.executable, "-c", "from harness.cli.main import main; main()")
LIMIT: Final = 3600.0  # seconds; a drill takes 30 min at most, unless its system's owners say otherwise
_STOP: Final = 120.0  # seconds for a drill that is stopped to take everything back
_FIRST_ERROR: Final = 64  # sysexits.h: from here on no drill was judged


def drill_passes(
    feature: str,
    *,
    system: str | None = None,
    sandbox: str | None = None,
    tag: str | None = None,
    confirm: str | None = None,
    out: str | None = None,
    within: float = LIMIT,
) -> bool:
    """Whether every drill of a feature ends as its scenario says. The probe's tolerance is `true`.

    Args:
        feature: its file, or a folder of them.
        system: the drill.toml of its system; found as `drill run` finds it where it is left out.
        sandbox: where it is brought up.
        tag: only scenarios with these tags.
        confirm: the context that you mean to break, where it must be named.
        out: where the run's folder is made.
        within: seconds after which it is stopped.

    Raises:
        chaoslib.exceptions.ActivityFailed: no drill could be judged, or it took too long: the probe fails.
    """
    options = {"system": system, "sandbox": sandbox, "tag": tag, "confirm": confirm, "out": out}
    summary = _run(feature, options, within)
    return bool(summary["drills"]) and all(one["as_expected"] for one in summary["drills"])


def drill_verdict(feature: str, *, within: float = LIMIT, **options: str) -> str:
    """The gravest verdict of those that were not expected; passed when all were. A tolerance may name several.

    Options and errors are those of `drill_passes`.
    """
    return str(_run(feature, options, within)["verdict"])


def _run(feature: str, options: Mapping[str, str | None], within: float) -> dict[str, Any]:
    """What `drill run --json` says of its drills."""
    from chaoslib.exceptions import ActivityFailed  # noqa: PLC0415 - only where Chaos Toolkit calls

    named = [f"--{name}={value}" for name, value in options.items() if value is not None]
    command = [*DRILL, "run", feature, "--json", *named]
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            out, told = process.communicate(timeout=within)
        except subprocess.TimeoutExpired:
            _stop(process)
            raise ActivityFailed(f"the drills of {feature} had not ended after {within:g} s and were stopped") from None
        except BaseException:  # Chaos Toolkit is stopped: a drill must not go on without it
            _stop(process)
            raise
    if process.returncode >= _FIRST_ERROR or process.returncode < 0:
        raise ActivityFailed(
            f"drill run {feature} ended with exit code {process.returncode}: {_last(told.splitlines())}"
        )
    try:
        found: dict[str, Any] = json.loads(out)
    except ValueError:
        raise ActivityFailed(f"drill run {feature} said nothing of its drills: {_last(told.splitlines())}") from None
    return found


def _stop(process: subprocess.Popen[str]) -> None:
    """Lets a drill take everything back; one that does not end in time is left to its watchdog."""
    process.terminate()
    try:
        process.communicate(timeout=_STOP)
    except subprocess.TimeoutExpired:
        process.kill()


def _last(lines: Sequence[str]) -> str:
    return next((line for line in reversed(lines) if line.strip()), "it said nothing")
