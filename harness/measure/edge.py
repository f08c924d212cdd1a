"""An instant at which answers changed: the two probes it lies between, and what made the interval wide. Pure.

Two different instants are meant, and each interval is a claim about one of them:

    for clients    from it on a request that is sent gets no good answer within its limit, or gets one again. A probe
                   samples this at the instant it was *sent*, however late its answer comes
    at the server  the service itself broke, or was well again. A good answer shows that it was well while the request
                   was in flight; a bad one, that it was not at some instant between sent and `known`. So the time
                   in flight counts: the completion of a good probe proves nothing about the instant of completion

Either claim is about the bad spell that the probes beside the edge show. A spell so short that no probe was sent in
it (for the server: in flight) is seen by nobody. Where a service fails only some of its requests, a good probe does
not show that others fared well: then only one bound of each interval is certain, and `Outage.mixed` is true.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from harness.journal.observation import Observation
from harness.journal.probes import Probes
from harness.units import Duration, Instant, Interval, are, counted


class Wide(StrEnum):
    """What an interval's width is made of, so that a person knows what to change."""

    PERIOD = "probe period"  # probe more often
    LAG = "the prober's lag"  # give the machine more room
    GAP = "gap"  # the prober stalled: give the machine more room, much more
    FLIGHT = "time in flight"  # only at the server: a shorter limit of a good answer
    UNBOUNDED = "nothing before"  # nobody looked before the first bad probe


@dataclass(frozen=True, slots=True)
class Edge:
    """An instant at which the answers of one service changed.

    `interval` is for clients, `at_server` for the server; None when no good probe shows that it was well again.
    `before` is None when no probe was sent before it. Of the probes due between the two, which say nothing, `skipped`
    were never sent, `late` were made late by the prober itself, and `missing` are not in the journal.
    """

    interval: Interval
    at_server: Interval | None
    before: Observation | None
    after: Observation
    skipped: int = 0
    late: int = 0
    missing: int = 0

    def parts(self, period: Duration) -> dict[Wide, Duration]:
        """What the width for clients is made of; the parts add up to it.

        Args:
            period: the time between two probes of the service.
        """
        width = self.interval.width
        if self.before is None:
            return {Wide.UNBOUNDED: width}
        over = max(Duration(0), width - period)
        gap = min(over, max(Duration(0), self.after.due - self.before.due - period))
        return {Wide.PERIOD: width - over, Wide.GAP: gap, Wide.LAG: over - gap}

    def parts_at_server(self, period: Duration) -> dict[Wide, Duration]:
        """What the width at the server is made of; empty when it has no upper bound."""
        if self.at_server is None:
            return {}
        return {**self.parts(period), Wide.FLIGHT: self.at_server.width - self.interval.width}

    def why(self, period: Duration) -> str:
        """What bounds the interval for clients, and what made it wider than one probe period."""
        if self.before is None:
            return "bounded by the first probe alone: nothing was observed before it"
        between = f"between probe {self.before.number} and probe {self.after.number} of {self.after.service}"
        return f"{between}, {self.interval.width} apart{self.reason(period)}"

    def reason(self, period: Duration) -> str:
        """The parts of the width for clients in words."""
        parts = self.parts(period)
        if self.interval.width <= period:
            return f" (probe period {period})"
        text = f": probe period {period}"
        if parts[Wide.GAP] > Duration(0):
            text += f", and {self._gap()}"
        if parts[Wide.LAG] > Duration(0):
            text += f", and the prober's lag of {parts[Wide.LAG]}"
        return text

    def _gap(self) -> str:
        """The probes that were due between the two and say nothing."""
        found = [
            f"{counted(many, 'probe')} between them that {what}"
            for many, what in (
                (self.skipped, f"{are(self.skipped, 'was', 'were')} not sent (the prober stalled)"),
                (self.late, f"{are(self.late, 'was', 'were')} late by the prober's own doing"),
                (self.missing, f"{are(self.missing)} not in the journal"),
            )
            if many
        ]
        return ", and ".join(found) if found else "a pause in the schedule of the prober"


def tells(one: Observation) -> bool:
    """True when a probe is evidence about the service."""
    return one.sent is not None and one.outcome.tells


def telling(observations: Iterable[Observation]) -> Probes:
    """The probes of a service that are evidence about it, in the order in which they were sent."""
    return Probes.of(observations).telling


def sent(one: Observation) -> Instant:
    """When a probe was sent; only telling probes are asked."""
    assert one.sent is not None  # noqa: S101 - telling() keeps only probes that were sent
    return one.sent


def known(one: Observation, within: Duration) -> Instant:
    """When it was decided whether a probe is good: at its answer, or when its limit had passed.

    The limit runs from the instant it was sent: a probe that got no answer by then was bad by the service's doing,
    whatever lag the prober had before.
    """
    limit = sent(one) + within
    return max(sent(one), min(one.completed, limit)) if one.completed else limit
