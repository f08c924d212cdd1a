"""What a service's history and its slot say about going back within the slot. Pure.

Invariant: a revision is chosen by the version that it holds, never by its position: the one before the newest may
be a release that failed, too, or the same one with another configuration.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.journal.refusal import Refusal
from harness.system.values import Replica, ReplicaState, Revision, RevisionState, Slot


@dataclass(frozen=True, slots=True)
class HistoryFacts:
    """How one service stands before it goes back within its slot.

    `revisions` are oldest first, and None where the sandbox keeps none; `images` is true where releases need one.
    """

    active: Slot
    replicas: int
    revisions: Sequence[Revision] | None
    images: bool


@dataclass(frozen=True, slots=True)
class Found:
    """What a check found, in words; `refusal` says that the rollback must not go on."""

    text: str
    refusal: Refusal | None = None


def revision_with(revisions: Sequence[Revision], slot: Slot, version: str) -> Revision | None:
    """The newest revision that worked and holds a version in a slot."""
    fitting = [one for one in revisions if one.worked and one.versions.get(slot) == version]
    return max(fitting, key=lambda one: one.number, default=None)


def previous_version(
    slot: Slot, serving: Sequence[Replica], revisions: Sequence[Revision], standby: Sequence[Replica]
) -> str | None:
    """The version before the one that serves: that of the newest revision that worked, else the standby's; or None.

    Never the current one: a revision that only changed its configuration holds that, too.
    """
    current = {one.version for one in serving}
    before = [one for one in revisions if one.worked and one.versions.get(slot, "") not in {"", *current}]
    if before:
        return max(before, key=lambda one: one.number).versions[slot]
    waiting = {one.version for one in standby} - current
    return waiting.pop() if len(waiting) == 1 else None


def find_revision(revisions: Sequence[Revision], slot: Slot, version: str, planned: int | None) -> Found:
    """Is the revision that was planned still the one to go back to?"""
    found = revision_with(revisions, slot, version)
    if found is None:
        there = ", ".join(_in_words(one, slot) for one in revisions) or "none"
        return Found(f"no revision that worked holds {version} in {slot}; there are {there}", Refusal.NO_REVISION)
    if found.number != planned:
        instead = f"revision {planned}" if planned else "no revision"
        return Found(f"{version} is in revision {found.number} now, and {instead} was planned", Refusal.NO_REVISION)
    return Found(f"revision {found.number} holds {version}")


def find_unfinished(service: str, revisions: Sequence[Revision]) -> Found:
    """Is the newest revision a rollback that has not ended? A pending upgrade is what is to be undone."""
    newest = max(revisions, key=lambda one: one.number, default=None)
    if newest is None:
        return Found("nothing has been rolled back")
    if newest.state is RevisionState.PENDING and newest.rollback:
        return Found(
            f"the rollback that makes revision {newest.number} has not ended; if nobody is at it any more, remove that "
            f"revision (Helm: kubectl delete secret sh.helm.release.v1.{service}.v{newest.number}) and try again",
            Refusal.UNFINISHED,
        )
    pending = " (pending: an upgrade that has not ended)" if newest.state is RevisionState.PENDING else ""
    return Found(f"the newest revision is {newest.number}{pending}, and no rollback")


def find_deployed(replicas: Sequence[Replica], wanted: int, least_ready: int) -> Found:
    """Is something deployed in the slot, and are so many of its replicas ready?"""
    if not replicas:
        return Found("nothing is deployed there, so there is nothing to roll back", Refusal.NOT_DEPLOYED)
    ready = sum(1 for one in replicas if one.state is ReplicaState.READY)
    holds = ", ".join(sorted({one.version for one in replicas}))
    if ready < least_ready:
        return Found(
            f"{ready} of {wanted} replicas of {holds} are ready, and a rolling update keeps serving only what serves; "
            "use the service procedure",
            Refusal.NOT_READY,
        )
    return Found(f"{ready} of {wanted} replicas of {holds} are ready")


def _in_words(revision: Revision, slot: Slot) -> str:
    return f"{revision.number} with {revision.versions.get(slot, 'nothing')} ({revision.state})"
