"""What the plain run came to, and whether anything can be told of the script by it. Pure."""

from __future__ import annotations

import re
from collections.abc import Set as AbstractSet
from typing import Final

from harness.gate.cases import PLAIN
from harness.gate.commands import CLUSTER, SYSTEMCTL
from harness.gate.findings import Finding
from harness.gate.judge import Judged, Objectives, judge
from harness.gate.result import CaseResult
from harness.gate.seen import Seen, Subject
from harness.gate.state import touched

_NAMED: Final = re.compile(rb"\b(?:kubectl|helm|DRILL_NAMESPACE)\b")
_NAMES_SERVICE: Final = re.compile(rb"\bDRILL_SERVICE(?:_URL)?\b")
_ABOUT_THE_END: Final = ("not-recovered", "false-success", "denied-success", "half-done")
"""What a script is told that did not get where it should: without a cluster it could not."""


def plain_result(
    seen: Seen, claims: AbstractSet[Subject], objectives: Objectives, text: bytes, *, told: bool
) -> CaseResult:
    """The plain case; a script that is about a cluster cannot be told without one.

    Args:
        seen: what was seen.
        claims: what the script rolls back.
        objectives: what it must keep.
        text: of the script.
        told: the claims were said, not found out.
    """
    judged = judge(PLAIN, seen, claims, objectives)
    called = sorted(set(seen.commands) & set(CLUSTER))
    idle = not touched(seen.before, seen.after)
    cluster = called or (sorted({one.decode() for one in _NAMED.findall(text)}) if idle else [])
    # Without a cluster neither its failure nor that nothing changed is to blame on the script; all else is.
    excused = not seen.last.said_done or (idle and not told)
    if cluster and seen.after.cluster is None and (excused or not judged.findings) and not _worse(judged):
        what = " and ".join(cluster)
        reason = f"it has to do with {what}: that needs a cluster, and there is none in this gate (--sandbox kind)"
        return CaseResult.not_tried(PLAIN, reason, output=seen.last.output)
    if not claims and not judged.findings:
        judged = Judged((Finding("not-recovered", judged.end),), judged.end)
    if not judged.findings and not told and seen.connected and Subject.DATABASE not in claims:
        reason = (
            "it uses the database and changes nothing there; "
            "say --rolls-back configuration if that is right, or --rolls-back database if it should"
        )
        return CaseResult.not_tried(PLAIN, reason, output=seen.last.output)
    return CaseResult.of(PLAIN, judged, seen)


def uses_service(seen: Seen, text: bytes) -> bool:
    """The script has to do with the service, if only to stop it for a while or to ask for its health.

    Args:
        seen: what was seen of the plain run.
        text: of the script.
    """
    return SYSTEMCTL in seen.commands or bool(_NAMES_SERVICE.search(text))


def _worse(judged: Judged) -> bool:
    """Something is wrong beside where it came to."""
    return any(one.id not in _ABOUT_THE_END for one in judged.findings)
