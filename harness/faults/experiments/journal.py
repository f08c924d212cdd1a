"""What became of each activity of an experiment, by Chaos Toolkit's journal. Pure.

The status of a whole run says little: it is 'completed' although an action of it failed. So every activity is looked
at; and a program that ended with an error, or a server that answered with one, has failed too, though Chaos Toolkit
says that it succeeded.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from harness.system.experiments import ExperimentRan
from harness.units import counted

_SUCCEEDED: Final = "succeeded"
_FIRST_ERROR: Final = 400  # RFC 9110: from here on an answer tells of an error
_RAISED: Final = "chaoslib.exceptions.ActivityFailed: "  # says nothing that the status does not
_TAIL: Final = 3  # lines of what was printed: the error is among the last


def problems(ran: ExperimentRan, section: str, expected: int) -> list[str]:
    """What went wrong in a run, a sentence each; empty when every activity succeeded.

    Args:
        ran: the run.
        section: of the journal: 'run' for the method, 'rollbacks' for those.
        expected: how many activities there are.
    """
    try:
        journal = json.loads(ran.journal)
        return list(_found(journal, section, expected))
    except (ValueError, AttributeError, TypeError, KeyError):
        lines = [line for line in ran.printed.splitlines() if line.strip()][-_TAIL:]
        said = "\n".join(f"  {line}" for line in lines) or "  (it printed nothing)"
        return [f"Chaos Toolkit ended with exit code {ran.code} and no journal:\n{said}"]


def _found(journal: dict[str, Any], section: str, expected: int) -> Iterator[str]:
    before = journal.get("steady_states", {}).get("before")
    if before and not before["steady_state_met"]:
        yield "its own steady state was not met before its method"
        return
    runs = journal[section]
    for one in runs:
        if wrong := _wrong(one):
            yield f"{one['activity']['type']} {one['activity']['name']!r} {wrong}"
    if len(runs) != expected:
        yield f"{len(runs)} of {counted(expected, 'activity', 'activities')} ran, and it ended as {journal['status']!r}"


def _wrong(one: dict[str, Any]) -> str:
    status = one.get("status", "unknown")
    if status != _SUCCEEDED:
        told = [line.strip() for part in one.get("exception") or () for line in part.splitlines() if line.strip()]
        return f"{status}: {told[-1].removeprefix(_RAISED)}" if told else str(status)
    activity, output = one["activity"], one.get("output")
    provider = activity["provider"]["type"]
    code = output.get("status") if isinstance(output, dict) and provider in ("process", "http") else output
    if "tolerance" in activity:  # Chaos Toolkit looks at those of a steady state alone
        met = _tolerated(activity["tolerance"], code)
        return "" if met else f"failed: {code!r:.80} is not what its tolerance says"
    if activity["type"] != "action" or not isinstance(output, dict):
        return ""
    if provider == "process" and code != 0:
        said = str(output.get("stderr") or output.get("stdout") or "").strip().splitlines()
        return f"failed: it ended with exit code {code}{f': {said[-1]}' if said else ''}"
    if provider == "http" and isinstance(code, int) and code >= _FIRST_ERROR:
        return f"failed: the answer was {code}"
    return ""


def _tolerated(tolerance: Any, value: Any) -> bool:
    """Whether a value is one of those that a tolerance names; of other kinds (ranges, patterns) none is known to be."""
    if isinstance(tolerance, dict):
        return False
    named = tolerance if isinstance(tolerance, list) else [tolerance]
    return any(type(one) is type(value) and one == value for one in named)
