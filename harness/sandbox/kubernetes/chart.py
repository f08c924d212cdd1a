"""Whether a system's chart can be installed, told before anything is made. No cluster is asked."""

from __future__ import annotations

import json
from typing import Final

from harness.clock import Deadline
from harness.errors import ConfigurationError
from harness.sandbox.kubernetes import limits
from harness.sandbox.kubernetes.database import SECRET
from harness.sandbox.kubernetes.given import values_of
from harness.sandbox.kubernetes.tools import ToolFailed, run
from harness.sandbox.kubernetes.values import service_values, slot_values
from harness.system.bundle import SECRETS, Bundle
from harness.system.model import SystemModel
from harness.system.releases import is_folder
from harness.system.values import Slot

_NAMESPACE: Final = "drill"


def check_chart(model: SystemModel, deadline: Deadline) -> None:
    """Renders the chart for each service with its current release.

    Raises:
        ConfigurationError: drill.toml names no chart, or Helm refuses it; says which field.
        Unavailable: helm is missing.
        DeadlineExceeded: it took too long.
    """
    chart = model.root / model.on_kubernetes.chart
    field = f"{model.root / 'drill.toml'}: kubernetes.chart:"
    if not is_folder(chart) or not (chart / "Chart.yaml").is_file():
        raise ConfigurationError(f"{field} {chart} is not a Helm chart; expected a folder with a Chart.yaml")
    secret = SECRET if model.database else None
    current = model.releases.current
    for service in model.services:
        slot = {
            **values_of(service, Slot.BLUE, Bundle({f"{SECRETS}/any": b""})),
            **slot_values(model, service, current, model.image(service, current)),
        }
        shared = service_values(model, service, secret)
        values = {**shared, "active": str(Slot.BLUE), "slots": {str(Slot.BLUE): slot}}
        command = ["helm", "template", service, str(chart), f"--namespace={_NAMESPACE}", "--values=-"]
        try:
            run(command, deadline.within(limits.HELM), stdin=json.dumps(values))
        except ToolFailed as error:
            raise ConfigurationError(f"{field} Helm refuses it for {service}: {error}") from error
