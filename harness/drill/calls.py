"""What calls for a drill's rollback: the triggers that its scenario names, or else the handbook's and the system's."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from harness.drill.demands import not_met
from harness.drill.spec import CriterionSpec, TriggerSpec
from harness.journal.declaration import Phase, Source
from harness.rollback.assessment import Severity
from harness.rollback.triggers import AnyTrigger, Declared, default_triggers
from harness.system.load import line_in
from harness.system.model import SystemModel

Call = tuple[AnyTrigger, Source]


def default_calls(model: SystemModel, services: Iterable[str], system_file: str) -> list[Call]:
    """The handbook's triggers of some services, and all that the system declares."""
    handbook = Source.nowhere(system_file, "default; a step 'a rollback is called for when ...' replaces it")
    calls: list[Call] = [(trigger, handbook) for service in services for trigger in default_triggers(service)]
    for index, table in enumerate(model.triggers):
        line = line_in(model.root / Path(system_file).name, ("triggers", index))
        calls.append((Declared.of(table), Source(file=system_file, line=line, text=f"[[triggers]] {table.name}")))
    return calls


def trigger_specs(model: SystemModel, calls: Sequence[Call], severity: Severity | None) -> tuple[TriggerSpec, ...]:
    """The triggers as they are watched; `severity` is what the scenario says of the incident, if it says anything."""
    return tuple(
        TriggerSpec(one, where, severity or one.severity, _watched(model, one, where, f"t{index}"))
        for index, (one, where) in enumerate(calls)
    )


def _watched(model: SystemModel, trigger: AnyTrigger, where: Source, name: str) -> CriterionSpec | None:
    if not isinstance(trigger, Declared):
        return None
    return CriterionSpec.of(name, Phase.STEADY_STATE, not_met(model, trigger.name), trigger.hold, where)
