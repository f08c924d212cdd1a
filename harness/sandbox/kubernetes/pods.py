"""What the pods of a Deployment say: replicas as values, and why one is not ready. Pure but for the logs."""

from __future__ import annotations

from typing import Any, Final

from harness.errors import DrillError
from harness.sandbox.kubernetes.api import Kube
from harness.sandbox.kubernetes.names import VERSION
from harness.system.values import Replica, ReplicaState, Slot

_BACK_OFF: Final = frozenset(
    {
        "CrashLoopBackOff",
        "RunContainerError",
        "CreateContainerError",
        "CreateContainerConfigError",
        "ErrImagePull",
        "ImagePullBackOff",
        "InvalidImageName",
        "ErrImageNeverPull",
    }
)
"""Reasons for which a container waits before its next start."""
_IN_VAIN: Final = 2


def replica(pod: Any, service: str, slot: Slot, index: int) -> Replica:
    """A pod as a replica. `identity` is the pod's uid with its restarts: the one process that runs."""
    status = status_of(pod)
    restarts = status.restart_count if status else 0
    return Replica(
        service=service,
        slot=slot,
        version=str((pod.metadata.labels or {}).get(VERSION, "")),
        index=index,
        state=state_of(pod),
        restarts=restarts,
        identity=f"{pod.metadata.name}/{restarts}",
        detail=detail_of(pod),
    )


def status_of(pod: Any) -> Any | None:
    """The status of the pod's first container: the service."""
    found = pod.status.container_statuses
    return found[0] if found else None


def state_of(pod: Any) -> ReplicaState:
    """Where the pod is in its life."""
    status = status_of(pod)
    if is_ready(pod):
        return ReplicaState.READY
    if status is None or status.state is None:
        return ReplicaState.STARTING
    waiting = status.state.waiting
    if status.state.terminated or (waiting and waiting.reason in _BACK_OFF):
        return ReplicaState.BACK_OFF
    if waiting or not status.started:
        return ReplicaState.STARTING
    return ReplicaState.NOT_READY


def crash_loops(pod: Any) -> bool:
    """True when the service ended again and again at its start, so that it will not come up by itself.

    The cluster pauses 10 s after the first end and twice as long after each further one: two restarts in vain take
    10 to 20 s, in which whatever a service waits for at its start is up.
    """
    status = status_of(pod)
    waiting = status.state.waiting if status and status.state else None
    return bool(waiting and waiting.reason == "CrashLoopBackOff" and status and status.restart_count >= _IN_VAIN)


def is_ready(pod: Any) -> bool:
    """True when clients may be sent to it."""
    conditions = pod.status.conditions or ()
    return not is_going(pod) and any(one.type == "Ready" and one.status == "True" for one in conditions)


def is_going(pod: Any) -> bool:
    """True once it was told to end."""
    return pod.metadata.deletion_timestamp is not None


def detail_of(pod: Any) -> str:
    """Why the container waits, and how it ended last; empty when it runs well."""
    status = status_of(pod)
    if status is None:
        conditions = [one for one in pod.status.conditions or () if one.status != "True" and one.message]
        return "; ".join(str(one.message) for one in conditions)
    told: list[str] = []
    state, before = status.state, status.last_state
    if state and state.waiting and state.waiting.reason not in (None, "ContainerCreating", "PodInitializing"):
        told.append(f"{state.waiting.reason}: {state.waiting.message or ''}".rstrip(": "))
    ends = (state.terminated if state else None, before.terminated if before else None)
    told += [
        f"{end.reason or 'ended'} with exit code {end.exit_code} {end.message or ''}".rstrip() for end in ends if end
    ]
    return "; ".join(told)


def newest(pods: list[Any], deployment: Any, replica_sets: list[Any]) -> list[Any]:
    """The pods that should run: those of the ReplicaSet that the Deployment made last, oldest first."""
    own = [
        one
        for one in replica_sets
        if any(owner.uid == deployment.metadata.uid for owner in one.metadata.owner_references or ())
    ]
    if not own:
        return []
    key = "deployment.kubernetes.io/revision"
    last = max(own, key=lambda one: int((one.metadata.annotations or {}).get(key, 0)))
    found = [
        pod
        for pod in pods
        if not is_going(pod) and any(owner.uid == last.metadata.uid for owner in pod.metadata.owner_references or ())
    ]
    return sorted(found, key=lambda pod: (pod.metadata.creation_timestamp, pod.metadata.name))


def is_complete(deployment: Any) -> bool:
    """True when every replica is of the newest kind and ready, and no older one is left: `kubectl rollout status`."""
    status, wanted = deployment.status, deployment.spec.replicas
    return bool(
        (status.observed_generation or 0) >= deployment.metadata.generation
        and (status.updated_replicas or 0) == wanted
        and (status.ready_replicas or 0) == wanted
        and (status.replicas or 0) == wanted
    )


def last_lines_of(kube: Kube, pod: Any, *, lines: int | None, previous: bool) -> str:
    """The end of what the service printed, or all of it; empty when that cannot be known (any more)."""
    status = status_of(pod)
    if status is None:
        return ""
    options = {} if lines is None else {"tail_lines": lines}
    try:
        text = kube.call(
            kube.core.read_namespaced_pod_log,
            pod.metadata.name,
            kube.namespace,
            container=status.name,
            previous=previous,
            **options,
        )
    except DrillError:  # a log is a help for people; that it cannot be had changes nothing
        return ""
    return str(text)


def last_line(kube: Kube, pod: Any) -> str:
    """The last line that the service printed, of its run before when it was restarted."""
    status = status_of(pod)
    before = bool(status and status.restart_count) and not is_ready(pod)
    return last_lines_of(kube, pod, lines=1, previous=before).strip()
