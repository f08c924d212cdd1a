"""Clients of a service: they ask for its health all the time, and note which release answers. Effects."""

from __future__ import annotations

import json
import threading
from contextlib import suppress
from http.client import HTTPConnection, HTTPException
from typing import Final

from harness.clock import Deadline, now, wait_for
from harness.errors import DeadlineExceeded
from harness.gate import goods, limits
from harness.gate.seen import Probe
from harness.units import Duration, Instant

_ALONE: Final = 2 * limits.SUSTAIN  # answers in a row: of two releases side by side so many are of one in 1 of 1,000


class Clients:
    """Of one service. They ask from `start` to `stop`, each time on a connection of its own.

    Args:
        host: where the service listens.
        port: likewise.
    """

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._stopping = threading.Event()
        self._probes: list[Probe] = []
        self._asking = threading.Thread(target=self._ask_on, name="gate service load", daemon=True)

    def start(self) -> None:
        """Returns once clients of the current release are served.

        Raises:
            DeadlineExceeded: they are not.
        """
        self._asking.start()
        since = now()
        wait_for(
            lambda: self._served(limits.ENOUGH_ANSWERS, since), Deadline.after(limits.WARM), "answers of the service"
        )

    def stop(self) -> None:
        """Ends them; what is under way is finished."""
        self._stopping.set()
        if self._asking.is_alive():
            self._asking.join()

    @property
    def probes(self) -> tuple[Probe, ...]:
        """All requests so far."""
        return tuple(self._probes)

    def wait_until_served(self, within: Duration = limits.SETTLE) -> None:
        """Until one release answers, so many times in a row."""
        since = now()
        with suppress(DeadlineExceeded):
            wait_for(lambda: self._served(limits.SUSTAIN, since), Deadline.after(within), "answers after the script")

    def wait_until_alone(self, *, target: bool, within: Duration) -> None:
        """Until the target's release, or the current one, answers alone, so many times in a row."""
        since = now()

        def alone() -> bool:
            last = [one for one in self._probes[-_ALONE:] if one.at >= since]
            return len(last) == _ALONE and all(one.good_target if target else one.good_current for one in last)

        with suppress(DeadlineExceeded):
            wait_for(alone, Deadline.after(within), "answers of one release")

    def version_in_the_end(self) -> str:
        """As `version`, but one that does not answer is given some time: on a busy machine an answer may come late."""
        with suppress(DeadlineExceeded):
            return wait_for(self.version, Deadline.after(limits.SETTLE), "an answer of the service")
        return ""

    def version(self) -> str:
        """The release that answers; empty when none does, or when it is not healthy."""
        connection = HTTPConnection(self._host, self._port, timeout=limits.CLIENT.seconds)
        try:
            connection.request("GET", "/health")
            answer = connection.getresponse()
            body = answer.read()
            return str(json.loads(body)["version"]) if answer.status == 200 else ""  # noqa: PLR2004 - HTTP's "OK"
        except (OSError, HTTPException, ValueError):
            return ""
        finally:
            connection.close()

    def _served(self, count: int, since: Instant) -> bool:
        last = [one for one in self._probes[-count:] if one.at >= since]
        return len(last) == count and (all(one.good_current for one in last) or all(one.good_target for one in last))

    def _ask_on(self) -> None:
        while not self._stopping.wait(limits.ASK_EVERY.seconds):
            at = now()
            version = self.version()
            self._probes.append(Probe(at, version == goods.CURRENT, version == goods.TARGET))
