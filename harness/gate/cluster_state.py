"""Where a world's service in a cluster stands, and what a script left or changed beside it there. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from harness.gate.findings import Finding, some
from harness.gate.goods import CURRENT
from harness.gate.seen import ClusterSeen
from harness.gate.service import UNIT

STANDBY: Final = f"{UNIT}-blue"
SLOT: Final = "slot"
"""The label by which a Service leads to one Deployment or the other."""
SLOTS: Final[Mapping[str, str]] = {"green": UNIT, "blue": STANDBY}
"""The Deployment of each slot."""
OWN: Final = (f"service {UNIT}", f"deployment {UNIT}", f"deployment {STANDBY}", f"configmap {UNIT}", f"secret {UNIT}")
"""What a rollback of the service is about."""
_PENDING: Final = "pending-"


def cluster_unchanged(before: ClusterSeen | None, after: ClusterSeen | None) -> bool:
    """The same release serves by the same way, and all that belongs to the service is as it was."""
    if before is None or after is None:
        return before is after
    return not _led_elsewhere(before, after) and before.version == after.version and not _changed(before, after)


def cluster_problems(before: ClusterSeen | None, after: ClusterSeen | None, target: str) -> Iterator[Finding]:
    """Why the service is not at its target.

    Args:
        before: what was there.
        after: what is.
        target: the version.
    """
    if before is None or after is None:
        yield Finding("not-recovered", "there is no cluster")
        return
    if changed := _changed(before, after):
        yield Finding("not-as-released", changed)
    answers = f"{after.version or 'nothing'} answers its clients"
    if cluster_unchanged(before, after):
        yield Finding("not-recovered", f"{answers} in the cluster")
    elif after.unfinished:
        yield Finding("not-rolled-out", f"of {after.unfinished}; {answers}")
    elif not after.version:
        yield Finding("not-serving", f"of the service in the cluster: the Service leads to {_led_to(after)}")
    elif after.version == CURRENT != target:
        yield Finding("not-rolled-out", answers)
    elif after.version != target:
        yield Finding("wrong-target", f"the cluster's service is {after.version}")


def cluster_residue(before: ClusterSeen, after: ClusterSeen, *, interrupted: bool, cut: bool) -> Iterator[Finding]:
    """What a script left behind in the namespace, or changed there and elsewhere without business.

    Args:
        before: what was there.
        after: what is.
        interrupted: a run was ended before it could tidy up.
        cut: it had lost its way there.
    """
    newest = max(after.history, key=int, default="")  # Helm asks for no other
    if not cut and after.history.get(newest, "").startswith(_PENDING):
        yield Finding("left-pending", f"revision {newest} is {after.history[newest]}")
    if lost := sorted(before.history.keys() - after.history.keys(), key=int):
        yield Finding("changed-other", f"of the Helm release: revision {', '.join(lost)} is gone from its history")
    new = sorted(after.objects.keys() - before.objects.keys())
    if new and not interrupted and not cut:
        yield Finding("left-in-cluster", some(new))
    others = sorted(name for name in before.objects if name not in OWN)
    gone = [name for name in others if name not in after.objects]
    changed = [name for name in others if name in after.objects and before.objects[name] != after.objects[name]]
    told = [*(f"{name} is gone" for name in gone), *(f"{name} is another" for name in changed)]
    if told:
        yield Finding("changed-other", f"in the cluster: {some(told)}")
    if after.elsewhere:
        yield Finding("reached-elsewhere", some(after.elsewhere))


def written_to(before: ClusterSeen, after: ClusterSeen) -> str:
    """What of the service was written to, even if it is as it was by now; empty when nothing was."""
    return some(sorted(name for name in OWN if before.marks.get(name) != after.marks.get(name)))


def _led_elsewhere(before: ClusterSeen, after: ClusterSeen) -> bool:
    return (before.slot, before.releases) != (after.slot, after.releases)


def _led_to(seen: ClusterSeen) -> str:
    deployment = SLOTS.get(seen.slot)
    return f"{deployment} ({seen.releases.get(deployment, 'gone')})" if deployment else "no Deployment of the service"


def _changed(before: ClusterSeen, after: ClusterSeen) -> str:
    """What of the service is not as it was, but for its version and slot; in words."""
    told = []
    for name in OWN:
        was, is_ = before.objects.get(name), after.objects.get(name)
        if is_ is None and was is not None:
            told.append(f"{name} is gone")
        elif was is not None and is_ is not None and was != is_:
            told.append(f"{name}: {_difference(json.loads(was), json.loads(is_))}")
    return some(told)


def _difference(was: Any, is_: Any, path: str = "") -> str:
    """The first place at which two objects differ; only numbers and truths are told, for texts may be secret."""
    if isinstance(was, dict) and isinstance(is_, dict):
        keys = [key for key in sorted(was.keys() | is_.keys()) if was.get(key) != is_.get(key)]
        return _difference(was.get(keys[0]), is_.get(keys[0]), f"{path}.{keys[0]}")
    if isinstance(was, list) and isinstance(is_, list) and len(was) == len(is_):
        number = next(number for number, (one, other) in enumerate(zip(was, is_, strict=True)) if one != other)
        return _difference(was[number], is_[number], f"{path}[{number}]")
    place = path.removeprefix(".")
    if isinstance(was, int) and isinstance(is_, int):
        return f"{place} is {is_} instead of {was}"
    return f"{place} is another"
