"""A system that does not come up in time: what is told of it. Not every system is as quick as the sample."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from harness.clock import now
from harness.errors import DeadlineExceeded
from harness.settings import PREPARE
from harness.units import Duration, counted


@contextmanager
def limit_told(limit: Duration) -> Iterator[None]:
    """Who is too slow inside of the block is told how long was waited, the limit, and where it is set.

    Raises:
        DeadlineExceeded: as it was raised, with that.
    """
    begun = now()
    try:
        yield
    except DeadlineExceeded as error:
        load, cores = os.getloadavg()[0], counted(len(os.sched_getaffinity(0)), "core")
        raise DeadlineExceeded(
            f"{error}; given up after {now() - begun}, a system has {limit} to come up: one that needs longer is given"
            f" it by {PREPARE}, such as {PREPARE}='{limit * 3}'; on a busy machine (the load is {load:.1f} on {cores})"
            " run fewer drills at a time"
        ) from error
