"""How a system stands before all of it is rolled back: versions, replicas, schema and configuration, in one line."""

from __future__ import annotations

import hashlib
import json

from harness.clock import Deadline
from harness.errors import DrillError
from harness.system.model import SystemModel
from harness.system.ports import System
from harness.system.values import ReplicaState, Slot


def snapshot(model: SystemModel, system: System, services: tuple[str, ...], deadline: Deadline) -> str:
    """What serves each service, the schema's version, and the digest of each configuration; not known is said so.

    Raises:
        DrillError: what serves could not be seen.
    """
    parts = []
    for service in services:
        active = system.router.active(service)
        replicas = system.workloads.replicas(service, active)
        versions = " and ".join(sorted({one.version for one in replicas})) or "nothing"
        ready = sum(1 for one in replicas if one.state is ReplicaState.READY)
        configured = _configuration(system, service, active, deadline)
        parts.append(f"{service} {versions} in {active}, {ready} of {len(replicas)} ready, configuration {configured}")
    return "; ".join([*parts, f"schema {_schema(model, system, deadline)}"])


def _configuration(system: System, service: str, slot: Slot, deadline: Deadline) -> str:
    """The first digits of a digest over all files of all replicas; one and the same where they are."""
    try:
        found = system.workloads.configurations(service, slot, deadline)
    except DrillError:
        return "not known"
    texts = {json.dumps(dict(one.files), sort_keys=True) for one in found}
    digests = sorted(hashlib.sha256(text.encode()).hexdigest()[:12] for text in texts)
    return " and ".join(digests) or "none"


def _schema(model: SystemModel, system: System, deadline: Deadline) -> str:
    if system.database is None or model.database is None or model.database.version_query is None:
        return "not known"
    try:
        return ", ".join(str(row[0]) for row in system.database.read(model.database.version_query, deadline))
    except DrillError:
        return "not known"
