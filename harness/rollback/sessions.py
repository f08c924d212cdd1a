"""Counts the sessions that are active now in Redis. Only looks: SCAN, which holds nobody up, and never KEYS."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from harness.clock import Deadline
from harness.errors import MayWorkLater

MOST: Final = 100_000  # whether more are broken changes no decision; these take 0.1 s and 10 MB
_BATCH: Final = 1_000  # keys that the server looks at in one call: under 1 ms, in which it serves nobody else
_LEAST_WAIT: Final = 0.05  # seconds; a client whose patience is zero would wait for ever


@dataclass(frozen=True, slots=True)
class Counted:
    """So many were seen; all of them unless `cut` says why there may be more."""

    number: int
    cut: str = ""


def count_sessions(address: str, match: str, deadline: Deadline, *, most: int = MOST) -> Counted:
    """Counts the keys that match a pattern.

    SCAN may give a key twice, so keys are told apart; one that comes or goes meanwhile may be counted or not.

    Args:
        address: of Redis, such as redis://localhost:6379/0; may hold a password.
        match: a glob, such as session:*.
        deadline: what was not seen by then is not counted.
        most: no more than these are looked for.

    Raises:
        MayWorkLater: Redis did not answer, or refused.
    """
    from redis import Redis  # noqa: PLC0415 - 0.2 s, which what counts no sessions does without
    from redis.backoff import NoBackoff  # noqa: PLC0415 - likewise
    from redis.exceptions import RedisError  # noqa: PLC0415 - likewise
    from redis.retry import Retry  # noqa: PLC0415 - likewise

    patience = max(deadline.left.seconds, _LEAST_WAIT)
    found: set[bytes] = set()
    cursor, begun = 0, False
    try:
        with Redis.from_url(
            address,
            socket_timeout=patience,
            socket_connect_timeout=patience,
            retry=Retry(NoBackoff(), 0),
            protocol=2,  # older servers know no other
        ) as client:
            while cursor or not begun:
                if deadline.passed:
                    return Counted(len(found), "the time was over before all keys were seen")
                cursor, keys = client.scan(cursor, match=match, count=_BATCH)
                begun = True
                found.update(keys)
                if len(found) > most:
                    return Counted(most, f"no more than {most} are counted")
    except (RedisError, ValueError) as error:
        if found:
            return Counted(len(found), f"Redis did not answer any more: {error}")
        raise MayWorkLater(f"Redis did not tell of sessions: {error}") from error
    return Counted(len(found))
