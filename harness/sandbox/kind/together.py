"""Does several things at the same time, each to its end. Imports only the standard library."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait


def at_the_same_time(parts: list[Callable[[], None]]) -> None:
    """Does all; the first error is raised once all have ended."""
    with ThreadPoolExecutor(max_workers=len(parts)) as pool:
        running = [pool.submit(part) for part in parts]
        failed = [one for one in wait(running, return_when=FIRST_EXCEPTION).done if one.exception()]
    for one in [*failed, *running]:
        one.result()
