"""The system that `drill rollback` works on: one that `drill sandbox up` brought up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import httpx

from harness.cli.options import EMBEDDED
from harness.cli.systems import named_or_nearest
from harness.drill.sandboxes import entered
from harness.errors import NotFound, UsageError
from harness.rollback.engine import Engine
from harness.sandbox.embedded.start import list_sandboxes
from harness.settings import Settings
from harness.system import ports
from harness.system.checks import http_client
from harness.system.model import SystemModel

RECORDS: Final = "rollbacks"


@contextmanager
def live(on: str | None, system: Path | None) -> Iterator[tuple[SystemModel, ports.System, Engine, httpx.Client, Path]]:
    """A sandbox, the engine on it, and the folder for the records of its rollbacks, which ends with it.

    Raises:
        NotFound: there is no such sandbox, or none at all.
        UsageError: there are several, and none was named.
    """
    settings = Settings()
    model = named_or_nearest(system)
    name = on or _only([one.sandbox for one in list_sandboxes(settings.state_dir) if one.detached])
    with entered(EMBEDDED, name, model, "by-hand", settings) as found, http_client() as http:
        if set(found.services) != set(model.services):
            raise UsageError(
                f"sandbox {name} is of another system: it has {', '.join(found.services)}; name it by --system"
            )
        yield model, found, Engine(model, found, http), http, settings.state_dir / name / RECORDS


def _only(names: Sequence[str]) -> str:
    if not names:
        raise NotFound("no sandbox was brought up by hand; 'drill sandbox up' does it")
    if len(names) > 1:
        raise UsageError(f"several sandboxes live: {', '.join(names)}; name one with --on")
    return names[0]
