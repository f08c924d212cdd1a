"""What belongs to every validation: the checks of drill.toml that say so, and what is rolled back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from harness.drill.checks.base import Demand
from harness.drill.checks.services import VersionServed
from harness.drill.demands import own, version
from harness.drill.spec import CriterionSpec
from harness.journal.declaration import Phase, Source
from harness.system.load import line_in
from harness.system.model import SystemModel


def own_checks(model: SystemModel, system_file: str) -> Iterator[tuple[Demand, Source]]:
    """What each check of drill.toml that is always made demands, with where it stands there."""
    for index, check in enumerate(model.checks):
        if check.always:
            line = line_in(model.root / Path(system_file).name, ("checks", index))
            yield own(model, check.name), Source(file=system_file, line=line, text=f"[[checks]] {check.name}")


def rolled_back(model: SystemModel, target: Mapping[str, str], said: Sequence[CriterionSpec]) -> Iterator[Demand]:
    """Whatever else is validated: what is rolled back answers as its target. The rollback's word is not enough."""
    validated = [spec for spec in said if spec.criterion.phase is Phase.VALIDATION]
    there = {spec.check for spec in validated if isinstance(spec.check, VersionServed)}
    for service, release in target.items() if validated else ():
        demand = version(model, service, release)
        if demand.check not in there:
            yield demand


def its_time(demand: Demand) -> str:
    """Why something is checked that the scenario does not name, and how it gets another time."""
    return f"always checked; a step '{demand.name} within 10 s' sets its time"
