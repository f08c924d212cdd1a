"""The table of drill.toml that says what else calls for a rollback, beside what clients see of a service.

A trigger is said by what is right as long as it is not met: one of the system's checks, that there is no orphan, or
that a file is not there. So a business metric below its bound, a full disk, a partner that does not answer, or page
checksums that failed are each a check that is broken.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import Literal

from pydantic import Field, model_validator
from pydantic_core import InitErrorDetails

from harness.system.check_model import CheckName
from harness.system.table import Table, problem
from harness.units import Duration


class Kind(StrEnum):
    """What a trigger tells of; the first two call for a rollback at once, the others for one that is planned."""

    DATA_CORRUPTION = "data corruption"
    SECURITY_BREACH = "security breach"
    INTEGRATION_FAILURE = "integration failure"
    RESOURCE_EXHAUSTION = "resource exhaustion"
    BUSINESS_IMPACT = "business impact"
    FEATURE_DEFECT = "feature defect"


class TriggerTable(Table):
    """One trigger: met while the check that it names is broken, the file is there, or a foreign key has orphans."""

    name: CheckName
    kind: Kind
    check: str | None = Field(default=None, description="its condition is that this check fails")
    file: str | None = Field(default=None, min_length=1, description="its condition is that this file is there")
    orphans: bool = Field(default=False, description="its condition is that a foreign key leads nowhere")
    hold: Duration | None = Field(default=None, alias="for", description="how long its condition must be true")
    severity: Literal["critical", "high", "medium", "low"] | None = None

    @model_validator(mode="after")
    def _has_one_condition(self) -> TriggerTable:
        if sum((self.check is not None, self.file is not None, self.orphans)) != 1:
            raise ValueError("a trigger needs exactly one of 'check', 'file' and 'orphans = true'")
        return self


def trigger_problems(
    triggers: Sequence[TriggerTable], checks: Sequence[str], *, database: bool
) -> Iterator[InitErrorDetails]:
    """What is wrong with triggers in view of the rest of the file."""
    names: set[str] = set()
    for index, one in enumerate(triggers):
        if one.name in names:
            yield problem(("triggers", index, "name"), one.name, f"there is a trigger {one.name!r} already")
        names.add(one.name)
        if one.check is not None and one.check not in checks:
            expected = f"there is no check {one.check!r}; there are {', '.join(map(repr, checks)) or 'none'}"
            yield problem(("triggers", index, "check"), one.check, expected)
        if one.orphans and not database:
            yield problem(("triggers", index, "orphans"), None, "orphans are rows of a [database], and there is none")
