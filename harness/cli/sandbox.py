"""`drill sandbox up|down|status`, `drill heal`, `drill gc`: a system to look at, a cluster kept warm, nothing left."""

from __future__ import annotations

import json as json_text
import sys
from dataclasses import asdict
from functools import partial
from typing import Annotated, Final

import typer

from harness.cli.options import EMBEDDED, Json, System
from harness.cli.output import readable, results_to_stdout, tell
from harness.cli.systems import named_or_nearest
from harness.cli.versions import of_services
from harness.clock import Deadline
from harness.drill.gc import collect
from harness.drill.in_time import limit_told
from harness.drill.sandboxes import KIND, cluster_status, known, make_ready, take_down, watch_cluster
from harness.drill.sandboxes import heal as heal_sandboxes
from harness.drill.watch.heal import heal_drills
from harness.errors import MayWorkLater, UsageError
from harness.gate.folder import left_of_gates
from harness.sandbox.embedded import start as embedded
from harness.settings import Settings

RELEASE: Final = "SERVICE=VERSION"

app = typer.Typer(add_completion=False, help="A system of your own to look at: up, down, status.")


Live = Annotated[
    list[str] | None, typer.Option("--live", help="what serves at first, if not the current release", metavar=RELEASE)
]
Standby = Annotated[
    list[str] | None, typer.Option("--standby", help="what is ready in the other slot", metavar=RELEASE)
]
Which = Annotated[str, typer.Argument(help="embedded: the system; kind: the cluster that drills on kind share")]


@app.command()
@readable
def up(
    which: Which = EMBEDDED,
    *,
    live: Live = None,
    standby: Standby = None,
    system: System = None,
    json: Json = False,
) -> int:
    """Bring the system up on this machine, for 8 hours at most; or make the cluster, which stays until `down kind`."""
    settings = Settings()
    [name] = known(which)
    model = named_or_nearest(system)
    if name != EMBEDDED and (live or standby):
        raise UsageError("--live and --standby say what a system begins with; on a cluster each drill says it itself")
    if name != EMBEDDED:
        versions = make_ready(name, [model], settings, tell=tell)
        versions |= watch_cluster(settings) if name == KIND else {}
        print(json_text.dumps(versions, indent=2) if json else _told(name, versions))
        return 0
    deadline = Deadline.after(settings.prepare)
    with limit_told(settings.prepare):
        made = embedded.start_detached(
            model,
            run_id="by-hand",
            state_dir=settings.state_dir,
            deadline=deadline,
            live=dict.fromkeys(model.services, model.releases.current) | of_services(live or [], "--live"),
            standby=of_services(standby or [], "--standby"),
        )
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


def _told(name: str, versions: dict[str, str]) -> str:
    found = "".join(f"\n  {tool:<24}{version}" for tool, version in versions.items())
    return f"the {name} sandbox is ready for drills{found}\ndrill sandbox down {name} ends it"


@app.command()
@readable
def down(
    sandbox: Annotated[str | None, typer.Argument(help="its id, or kind; all of yours when none is named")] = None,
) -> int:
    """End a sandbox and leave nothing of it; the cluster only when 'kind' is named."""
    settings = Settings()
    if sandbox == KIND:
        print("the cluster is gone" if take_down(settings) else "there is no cluster")
        return 0
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
    settings = Settings()
    owners = embedded.list_sandboxes(settings.state_dir)
    cluster = cluster_status(settings)
    if json:
        found = {"embedded": [owner.model_dump(mode="json") for owner in owners], "kind": cluster}
        print(json_text.dumps(found, indent=2))
        return 0
    if cluster:
        print(f"kind  {', '.join(f'{name} {value}' for name, value in cluster.items())}")
    for owner in owners:
        kind = "by hand" if owner.detached else f"run {owner.run_id}"
        print(f"{owner.sandbox}  {owner.system}  {kind}  daemon {owner.daemon.pid}")
    if not owners and not cluster:
        print("no sandbox lives")
    return 0


def heal() -> int:
    """Remove what killed drills and gates left, and nobody owns: processes, ports, folders, containers, namespaces."""
    settings = Settings()
    gates = (f"{one.kind} {one.name}: {one.why}" for one in left_of_gates(remove=True) if one.rubbish)
    for healed in (*heal_drills(settings), *heal_sandboxes(settings), *gates):
        print(f"drill: healed {healed}", file=sys.stderr)
    return 0


def gc(
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="only tell what would be removed")] = False,
    json: Json = False,
) -> int:
    """Look for all that drills have left, notes or not, and remove it; what is alive or not ours is told and kept."""
    found = collect(Settings(), remove=not dry_run, also=[partial(left_of_gates, remove=not dry_run)])
    with results_to_stdout():
        if json:
            print(json_text.dumps([asdict(one) for one in found.things], indent=2))
        else:
            done = "would remove" if dry_run else "removed"
            for one in found.things:
                print(f"{done if one.rubbish else 'kept'}  {one.kind} {one.name}: {one.why}")
    for sentence in found.problems:
        tell(sentence)
    return MayWorkLater.exit_code if found.problems else 0
