"""When a rollback may be carried out without a person, and when a person must take over. Pure.

Nobody is there to see that it goes round in circles: so it acts rarely, never twice for one release, and not at all
after it did not help.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from harness.units import Duration, counted

DAY: Final = Duration.of(s=24 * 3600)


@dataclass(frozen=True, slots=True)
class Acted:
    """An automatic rollback: when (UTC nanoseconds: it outlives boots), of which release, and whether that helped.

    `helped` is None while that is not known: it was interrupted, or is under way.
    """

    utc_ns: int
    service: str
    release: str
    helped: bool | None


@dataclass(frozen=True, slots=True)
class Restraint:
    """How rarely it acts."""

    cooldown: Duration = Duration.of(s=15 * 60)
    per_day: int = 3


def hands_over(
    before: Sequence[Acted], restraint: Restraint, now_utc_ns: int, service: str, release: str
) -> str | None:
    """Why a person must take over, in words; None when it may act.

    Args:
        before: the automatic rollbacks of the system so far, in any order.
        restraint: how rarely it acts.
        now_utc_ns: the present, as the instants of `before`.
        service: what would be rolled back.
        release: the release of it that serves now.
    """
    ago = {one: Duration(max(0, now_utc_ns - one.utc_ns)) for one in before}
    if any(one.service == service and one.release == release for one in before):
        return f"{release} of {service} was rolled back automatically before, and serves again"
    of_today = [one for one in before if ago[one] < DAY]
    unhelpful = next((one for one in of_today if not one.helped), None)
    if unhelpful is not None:
        what = "is not known to have helped" if unhelpful.helped is None else "did not help"
        return f"the automatic rollback of {unhelpful.service} {ago[unhelpful]} ago {what}"
    latest = min((ago[one] for one in of_today), default=DAY)
    if latest < restraint.cooldown:
        return f"the last automatic rollback was {latest} ago, and the next may come after {restraint.cooldown}"
    if len(of_today) >= restraint.per_day:
        return f"there were {counted(len(of_today), 'automatic rollback')} in 24 h, as many as there may be"
    return None
