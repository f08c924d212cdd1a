"""What a watchdog is told of a drill, for tests of what becomes of that."""

from __future__ import annotations

from pathlib import Path

from harness.drill.watch.order import Order
from harness.sandbox.common.process import Process
from harness.settings import Settings
from harness.system.model import SystemModel
from tests.support.sandboxes import echo


def order_of(settings: Settings, folder: Path, system: SystemModel | None = None) -> Order:
    """The order of a drill of this process, of the echo system if no other is named."""
    return Order.of(
        settings,
        system or echo(),
        drill=Process.own("drill"),
        run_id="run",
        slug="one",
        name="one",
        folder=folder,
        sandbox="embedded",
        sandbox_id="00000000",
    )
