"""Systems on the kind cluster, for tests: one warm cluster for all, in the state folder that the settings name."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from harness.settings import Settings
from harness.system.model import SystemModel
from tests.support.sandboxes import echo, soon

if TYPE_CHECKING:
    from harness.sandbox.kind.start import KindSandbox


@functools.cache
def warmed(root: Path) -> dict[str, str]:
    """The versions of what a cluster that is ready for a system was made with."""
    from harness.sandbox.kind import base  # noqa: PLC0415 - only for those who need it: it takes long
    from harness.system.load import load_system  # noqa: PLC0415

    return base.up([load_system(root / "drill.toml")], Settings().state_dir, soon(300))


@contextmanager
def opened_on_kind(model: SystemModel, _state: Path | None = None) -> Iterator[KindSandbox]:
    """A system that is closed at the end. The cluster stays, so its state is not the test's."""
    from harness.sandbox.kind.start import start  # noqa: PLC0415 - see above

    warmed(model.root)
    sandbox = start(
        model,
        run_id="test",
        state_dir=Settings().state_dir,
        deadline=soon(90),
        live=dict.fromkeys(model.services, model.releases.current),
        standby={},
    )
    try:
        yield sandbox
    finally:
        sandbox.close(soon(60))


def agent_image(namespace: str) -> str:
    """The agent as pods of a namespace pull it."""
    from harness.sandbox.kind import base  # noqa: PLC0415 - see above
    from harness.sandbox.kind.publish import PublishedImages  # noqa: PLC0415 - see above
    from harness.sandbox.kind.registry import Registry  # noqa: PLC0415 - see above

    with closing(Registry(Settings().registry_port)) as registry:
        return PublishedImages(echo(), registry, namespace).current(base.AGENT)
