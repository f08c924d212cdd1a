"""Whose a container is: the labels it carries, and what may be removed of what others made. Decides; does nothing.

A process id means something only in its own process namespace, and only until the next boot. So an owner that
cannot be looked up from here is left alone until its containers have expired. Warm containers belong to the
cluster; they carry no owner, and nothing here judges them.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from harness.clock import utc_anchor
from harness.errors import InternalError
from harness.sandbox.common.process import Process, boot
from harness.units import Duration

RUN: Final = "rollback-drill/run"
OWNER: Final = "rollback-drill/owner"
HOME: Final = "rollback-drill/home"
EXPIRES: Final = "rollback-drill/expires"
SANDBOX: Final = "rollback-drill/sandbox"  # its name
PART: Final = "rollback-drill/part"
CLUSTER: Final = "rollback-drill/cluster"

_OWNER: Final = re.compile(r"(\d+)-(\d+)")
_NS_PER_S: Final = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Home:
    """Where process ids mean what they mean to us: a boot of a machine, and a process namespace in it."""

    boot: str
    namespace: str

    @classmethod
    def here(cls) -> Home:
        """Ours."""
        return cls(boot(), re.sub(r"\D", "", Path("/proc/self/ns/pid").readlink().name))

    def __str__(self) -> str:
        return f"{self.boot}.{self.namespace}"


@dataclass(frozen=True, slots=True)
class Mark:
    """Whose something is, and until when; `expires` is in UTC seconds, to mean the same after a boot."""

    run: str
    pid: int
    started: int
    home: Home
    expires: int
    sandbox: str = ""

    @classmethod
    def of_this_process(cls, run: str, lasts: Duration, sandbox: str = "") -> Mark:
        """The mark of what this process makes for a run."""
        own = Process.of(os.getpid())
        if own is None:
            raise InternalError("/proc does not show this process")
        return cls(run, own.pid, own.started, Home.here(), utc_seconds() + lasts.ns // _NS_PER_S, sandbox)

    @classmethod
    def read(cls, labels: Mapping[str, str]) -> Mark | None:
        """The mark that labels carry; None when they carry none, or not one of ours."""
        owner = _OWNER.fullmatch(labels.get(OWNER, ""))
        boot_id, dot, namespace = labels.get(HOME, "").partition(".")
        expires = labels.get(EXPIRES, "")
        if owner is None or not dot or not expires.isdecimal():
            return None
        return cls(
            labels.get(RUN, ""),
            int(owner[1]),
            int(owner[2]),
            Home(boot_id, namespace),
            int(expires),
            labels.get(SANDBOX, ""),
        )

    def labels(self, part: str) -> dict[str, str]:
        """The labels of one part of a drill's sandbox."""
        return {
            RUN: self.run,
            SANDBOX: self.sandbox,
            OWNER: f"{self.pid}-{self.started}",
            HOME: str(self.home),
            EXPIRES: str(self.expires),
            PART: part,
        }


@dataclass(frozen=True, slots=True)
class Found:
    """Something of Docker's with its labels: a container or a volume."""

    kind: str
    id: str
    name: str
    labels: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Abandoned:
    """Something that nobody owns any more, and why it is known."""

    found: Found
    why: str

    def __str__(self) -> str:
        run = self.found.labels.get(RUN, "")
        return f"{self.found.kind} {self.found.name} of run {run}: {self.why}; removed"


def warm_labels(cluster: str, part: str) -> dict[str, str]:
    """The labels of what lives as long as the cluster."""
    return {CLUSTER: cluster, PART: part}


def utc_seconds() -> int:
    """The time of day, for expiries only."""
    return utc_anchor()[1] // _NS_PER_S


def alive(mark: Mark) -> bool:
    """True while the process that a mark of our own home names runs."""
    process = Process.of(mark.pid)
    return process is not None and process.started == mark.started


def abandoned(
    found: Iterable[Found], *, home: Home, now: int, is_alive: Callable[[Mark], bool], local: bool
) -> tuple[Abandoned, ...]:
    """What may be removed.

    Args:
        found: what Docker has.
        home: where we are.
        now: UTC seconds.
        is_alive: asked only about owners of our own home.
        local: Docker runs on this machine, so that a mark of another boot is one of an earlier boot.
    """
    judged = ((one, Mark.read(one.labels)) for one in found)
    reasons = ((one, mark and why_abandoned(mark, home, now, is_alive, local=local)) for one, mark in judged)
    return tuple(Abandoned(one, why) for one, why in reasons if why)


def why_abandoned(mark: Mark, home: Home, now: int, is_alive: Callable[[Mark], bool], *, local: bool) -> str | None:
    """Why what bears a mark may be removed; None where it may not. The arguments are those of `abandoned`."""
    if mark.home == home:
        return None if is_alive(mark) else "its owner is gone"
    if local and mark.home.boot != home.boot:
        return "the machine was started again since"
    return "it has expired" if now >= mark.expires else None
