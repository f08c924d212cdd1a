"""What an open-loop prober sees of a service: due by a fixed schedule, sent with lag, blind while it stalls.

The rules of what counts (skipped, late, slow, …) are the real ones of `harness.observe`: a change to them is felt here.
Of stalls the simulated prober knows exactly; the real one to a few milliseconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from random import Random

from harness.journal.observation import Observation, Outcome
from harness.observe.classify import Failure, classify
from harness.observe.schedule import patience, tolerated_lag
from harness.system.request_model import Request
from harness.units import Duration, Instant
from tests.simulation.server import Service


@dataclass(frozen=True, slots=True)
class Probing:
    """How one service is probed, in nanoseconds: first due at `begin`, none due at `end` or later.

    `lag` is the most that a probe is sent after it was due for no known reason; in `stalls` the prober's process does
    not run; `missing` are numbers that the journal lost.
    """

    begin: int
    end: int
    lag: int
    stalls: tuple[tuple[int, int], ...]
    missing: frozenset[int]
    seed: int


def observe(service: Service, how: Probing) -> tuple[Observation, ...]:
    """Every probe of the service, in the order in which they were due."""
    prober = _Prober(service, how)
    every = (prober.probe(number, due) for number, due in enumerate(range(how.begin, how.end, service.period)))
    return tuple(one for one in every if one.number not in how.missing)


@cache
def _request(within: int) -> Request:
    return Request(path="/", within=Duration(within))


class _Prober:
    def __init__(self, service: Service, how: Probing) -> None:
        self._service = service
        self._how = how
        self._request = _request(service.within)
        self._random = Random(how.seed)  # noqa: S311 - a seed is the point
        self._patience = patience(self._request.within).ns
        self._late = tolerated_lag(Duration(service.period), self._request.within).ns

    def probe(self, number: int, due: int) -> Observation:
        """One probe. A prober that wakes from a stall sends at once what is not too late by then."""
        name = self._service.name
        lag, coin = round(self._random.random() ** 3 * self._how.lag), self._random.random()
        sent = self._awake(self._awake(due) + lag)
        if sent - due > self._late:
            return Observation(name, number, Instant(due), None, None, Outcome.SKIPPED)
        answer, back = self._service.answer(sent, due + self._patience, coin)
        completed = self._awake(back)
        gone_out = completed if answer.failure is Failure.UNREACHED else sent + self._service.transit
        outcome = classify(
            self._request,
            due=Instant(due),
            sent=Instant(sent),
            completed=Instant(completed),
            answer=answer,
            stalled=Duration(self._stalled(sent, completed)),
            stalled_sending=Duration(self._stalled(sent, gone_out)),
        )
        return Observation(name, number, Instant(due), Instant(sent), Instant(completed), outcome, answer.status)

    def _awake(self, instant: int) -> int:
        """The first instant from this one on at which the prober's process runs."""
        return next((end for begin, end in self._how.stalls if begin <= instant < end), instant)

    def _stalled(self, begin: int, end: int) -> int:
        return overlap(begin, end, self._how.stalls)


def overlap(begin: int, end: int, stretches: Sequence[tuple[int, int]]) -> int:
    """For how long [begin, end) lies in stretches that do not overlap each other."""
    return sum(max(0, min(end, high) - max(begin, low)) for low, high in stretches)
