"""Systems on the kind cluster, for tests: one warm cluster for all, in the state folder that the settings name."""

from __future__ import annotations

import functools
import shutil
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from harness.settings import Settings
from harness.system.model import SystemModel
from tests.support.commands import ECHO
from tests.support.sandboxes import echo, soon

if TYPE_CHECKING:
    from harness.sandbox.kind.start import KindSandbox

CONTEXT: Final = "kind-rollback-drill"


@functools.cache
def warmed(root: Path) -> dict[str, str]:
    """The versions of what a cluster that is ready for a system was made with."""
    from harness.sandbox.kind import base  # noqa: PLC0415 - only for those who need it: it takes long
    from harness.system.load import load_system  # noqa: PLC0415

    return base.up([load_system(root / "drill.toml")], Settings().state_dir, soon(300))


@contextmanager
def opened_on_kind(
    model: SystemModel, _state: Path | None = None, standby: Mapping[str, str] | None = None
) -> Iterator[KindSandbox]:
    """A system that is closed at the end. The cluster stays, so its state is not the test's."""
    from harness.sandbox.kind.start import start  # noqa: PLC0415 - see above

    warmed(model.root)
    sandbox = start(
        model,
        run_id="test",
        state_dir=Settings().state_dir,
        deadline=soon(90),
        live=dict.fromkeys(model.services, model.releases.current),
        standby=standby or {},
    )
    try:
        yield sandbox
    finally:
        sandbox.close(soon(60))


def runs_already(there: KindSandbox, home: Path) -> Path:
    """Writes the drill.toml of a system that runs already, in the namespace of a sandbox; drills may install in it.

    Args:
        there: the echo system.
        home: a folder that is made, with all that the system consists of.
    """
    shutil.copytree(ECHO.parent, home)
    file = home / ECHO.name
    text = file.read_text(encoding="utf-8")
    text = text.replace('chart = "', f'chart = "{ECHO.parent}/').replace('image = "', 'image = "localhost:5001/')
    place = f'context = "{CONTEXT}"\nnamespace = "{there.kube.namespace}"\n'
    text += f'[cluster]\n{place}host = "{there.router.address("echo").host}"\ninstall = true\n'
    text += f'agent_image = "{agent_image(there.kube.namespace)}"\n'
    text += f'[guards]\nshare = "100 %"\nstop = []\n[[guards.allow]]\n{place}'
    file.write_text(text, encoding="utf-8")
    return file


def agent_image(namespace: str) -> str:
    """The agent as pods of a namespace pull it."""
    from harness.sandbox.kind import base  # noqa: PLC0415 - see above
    from harness.sandbox.kind.publish import PublishedImages  # noqa: PLC0415 - see above
    from harness.sandbox.kind.registry import Registry  # noqa: PLC0415 - see above

    with closing(Registry(Settings().registry_port)) as registry:
        return PublishedImages(echo(), registry, namespace).current(base.AGENT)
