"""Which controls of common frameworks a drill is evidence for.

The texts are short renderings, not quotations; the sources name the documents. A drill is evidence that a control was
exercised, and what came of it. Whether that is enough is for the auditor to say.

Sources:
    AICPA, Trust Services Criteria 2017 with revised points of focus 2022: A1.2, A1.3.
    ISO/IEC 27001:2022, Annex A: 5.29, 8.13, 8.14.
    NIST SP 800-53 Rev. 5: CP-4, CP-10.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from harness.journal.declaration import Value, Verdict
from harness.report.story import doubt
from harness.verdict.result import Result


class Control(Value):
    """A control that a drill exercised, and how."""

    framework: str
    control: str
    asks: str
    shown: str


@dataclass(frozen=True, slots=True)
class _Rule:
    framework: str
    control: str
    asks: str
    shown: str
    applies: Callable[[Result], bool]


def _tested(result: Result) -> bool:
    """The fault took effect and a verdict was reached; a drill that says nothing is evidence for nothing."""
    return result.verdict in {Verdict.PASSED, Verdict.MISSED}


def _rolled_back(result: Result) -> bool:
    done = result.plan is not None and result.plan.outcome == "done"
    return _tested(result) and done and doubt(result) is None


def _restored(result: Result) -> bool:
    account = result.account  # what it was restored to stands in it where the database says that it was
    looked_for = account is not None and account.complete and account.restored is not None
    return _rolled_back(result) and looked_for and result.plan is not None and result.plan.procedure in _RESTORES


def _switched(result: Result) -> bool:
    steps = result.plan.steps if result.plan else ()
    return _rolled_back(result) and any(one.outcome == "done" and one.title.startswith(_SWITCH) for one in steps)


def _measured(result: Result) -> bool:
    known = {one.name for one in result.measures if one.interval is not None}
    return _rolled_back(result) and {"rto", "rpo"} <= known


_RESTORES: Final = frozenset({"backup", "point-in-time"})
_SWITCH: Final = "switch the traffic of "  # how a plan words this step
_SOC: Final = "SOC 2 (Trust Services Criteria 2017)"
_ISO: Final = "ISO/IEC 27001:2022, Annex A"
_NIST: Final = "NIST SP 800-53 Rev. 5"

_RULES: Final = (
    _Rule(_SOC, "A1.2", "backup processes and recovery infrastructure are operated and monitored",
          "data was restored, and every acknowledged write was looked for afterwards", _restored),
    _Rule(_SOC, "A1.3", "recovery plan procedures are tested",
          "a recovery procedure was carried out and measured from outside", _rolled_back),
    _Rule(_ISO, "A.5.29", "information security is maintained at an appropriate level during disruption",
          "service was disrupted on purpose, and what clients lived through was measured", _tested),
    _Rule(_ISO, "A.8.13", "backup copies are maintained and regularly tested",
          "data was restored, and every acknowledged write was looked for afterwards", _restored),
    _Rule(_ISO, "A.8.14", "processing facilities have enough redundancy to meet availability requirements",
          "traffic was moved to what stood by, under load", _switched),
    _Rule(_NIST, "CP-4", "the contingency plan is tested, and the results are reviewed",
          "a part of the plan was tested; objectives, measured intervals and verdict are in the report", _tested),
    _Rule(_NIST, "CP-10", "the system is recovered and reconstituted to a known state within its objectives",
          "the system was brought back to a known version, and RTO and RPO were measured", _measured),
)  # fmt: skip


def exercised(result: Result) -> tuple[Control, ...]:
    """The controls that a drill exercised, in the order of their frameworks; none where it says nothing."""
    return tuple(
        Control(framework=rule.framework, control=rule.control, asks=rule.asks, shown=rule.shown)
        for rule in _RULES
        if rule.applies(result)
    )
