"""Names and labels that the sandboxes on Kubernetes put on things, and read. Pure."""

from __future__ import annotations

from typing import Final

from harness.system.values import Slot

NAME: Final = "app.kubernetes.io/name"  # of the service; the recommended labels of Kubernetes
VERSION: Final = "app.kubernetes.io/version"
SLOT: Final = "slot"

RUN: Final = "rollback-drill/run"
OWNER: Final = "rollback-drill/owner"  # pid-start: the process that owns it
EXPIRES: Final = "rollback-drill/expires"  # UTC seconds since 1970, after which nobody owns it
DELAY: Final = "rollback-drill/delay"  # on the proxies that hold answers back: <service>-<slot>
AWAY: Final = "rollback-drill/away"  # with -<slot>: on the pod that turns clients away
SELECTOR: Final = "rollback-drill/selector"  # on a Service: what its selector must be, as JSON
BEAT: Final = "rollback-drill/beat"  # on a namespace: changes as long as its drill lives
HELD: Final = "rollback-drill/held-down"  # on a Deployment: how it was before it was held down, as JSON
CONFIGURATION: Final = "rollback-drill/configuration"  # on a pod: the digest of what it was started with
ARCHIVE: Final = "rollback-drill/archive"  # on a Secret that holds an archive: its name
DRAINED: Final = "rollback-drill/drained-by"  # on a node: the namespace of the drill that has taken it out of service

HELM: Final = "helm"  # the owner of the records that Helm lists
HIDDEN: Final = "rollback-drill"  # an owner by which Helm does not list a record

PORT_NAME: Final = "http"  # of the container port that a service listens on


def deployment(service: str, slot: Slot) -> str:
    """The name of a slot's Deployment."""
    return f"{service}-{slot}"


def environment(service: str, slot: Slot) -> str:
    """The name of the Secret whose keys are the variables of a slot's pods."""
    return f"{service}-{slot}-environment"


def secrets(service: str, slot: Slot) -> str:
    """The name of the Secret with the secret files of a slot's pods."""
    return f"{service}-{slot}-secrets"


def pods_of(service: str, slot: Slot) -> str:
    """The label selector of a slot's pods."""
    return f"{NAME}={service},{SLOT}={slot},!{DELAY}"


def selector(service: str, slot: Slot, version: str | None) -> dict[str, str]:
    """The selector by which a Service leads to one slot; without a version to whatever runs there."""
    found = {NAME: service, SLOT: str(slot)}
    return found if version is None else {**found, VERSION: version}


def delay_selector(service: str, slot: Slot) -> dict[str, str]:
    """The selector by which a Service leads to the proxies before a slot."""
    return {DELAY: f"{service}-{slot}"}


def away_selector(slot: Slot) -> dict[str, str]:
    """The selector by which a Service leads to the pod that turns clients away; tells the slot that served."""
    return {f"{AWAY}-{slot}": "clients"}


def delay(service: str, slot: Slot) -> str:
    """The name of the proxies before a slot, and of the Service behind them."""
    return f"drill-delay-{service}-{slot}"


def slot_of(service: str, found: dict[str, str]) -> Slot | None:
    """The slot that a selector leads to; None when it leads to none of ours."""
    away = next((slot for slot in Slot if f"{AWAY}-{slot}" in found), "")
    named = found.get(SLOT) or away or found.get(DELAY, "").removeprefix(f"{service}-")
    return Slot(named) if named in list(Slot) else None
