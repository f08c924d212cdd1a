"""`drill sandbox up|down|status` and `drill heal`: a system to look at, and nothing left behind."""

from __future__ import annotations

import json as json_text
import sys
from pathlib import Path
from typing import Annotated

import typer

from harness.cli.options import Json, System
from harness.cli.output import readable
from harness.clock import Deadline
from harness.errors import NotFound
from harness.sandbox.embedded import heal as healing
from harness.sandbox.embedded import start as embedded
from harness.settings import Settings
from harness.system.find import find_system
from harness.system.load import load_system

app = typer.Typer(help="A system of your own to look at: up, down, status.")


@app.command()
@readable
def up(system: System = None, *, json: Json = False) -> int:
    """Bring the system up on this machine; it stays until `drill sandbox down`, or for 8 hours."""
    settings = Settings()
    found = system or find_system([Path.cwd()])
    if found is None:
        raise NotFound("no drill.toml was found here or above; name the system's file with --system")
    model = load_system(found)
    deadline = Deadline.after(settings.prepare)
    made = embedded.start_detached(model, run_id="by-hand", state_dir=settings.state_dir, deadline=deadline)
    addresses = {service: made.router.address(service).url for service in made.services}
    if json:
        dsn = made.database.dsn if made.database else None
        print(json_text.dumps({"id": made.id, "services": addresses, "database": dsn}, indent=2))
        return 0
    print(f"sandbox {made.id} of {model.name} is up")
    for service, url in addresses.items():
        print(f"  {service:<24}{url}")
    if made.database:
        print(f"  {'database':<24}{made.database.dsn}")
    print(f"drill sandbox down {made.id} ends it")
    return 0


@app.command()
@readable
def down(
    sandbox: Annotated[str | None, typer.Argument(help="its id; all of yours when none is named")] = None,
) -> int:
    """End a sandbox and leave nothing of it."""
    settings = Settings()
    ids = (
        [sandbox]
        if sandbox
        else [owner.sandbox for owner in embedded.list_sandboxes(settings.state_dir) if owner.detached]
    )
    for one in ids:
        embedded.down(settings.state_dir, one, Deadline.after(settings.teardown))
        print(f"sandbox {one} is gone")
    if not ids:
        print("there is no sandbox that was brought up by hand")
    return 0


@app.command()
@readable
def status(*, json: Json = False) -> int:
    """List the sandboxes that live."""
    owners = embedded.list_sandboxes(Settings().state_dir)
    if json:
        print(json_text.dumps([owner.model_dump(mode="json") for owner in owners], indent=2))
        return 0
    for owner in owners:
        kind = "by hand" if owner.detached else f"run {owner.run_id}"
        print(f"{owner.sandbox}  {owner.system}  {kind}  daemon {owner.daemon.pid}")
    if not owners:
        print("no sandbox lives")
    return 0


def heal() -> int:
    """Remove what killed drills left: processes, ports and folders that are provably ours and no longer owned."""
    for healed in healing.heal(Settings().state_dir):
        print(f"drill: healed {healed}", file=sys.stderr)
    return 0
