"""A service in virtual time: exactly what becomes of a request that is sent at a given nanosecond.

A request sent at s arrives at s + transit, is handled until s + transit + work, and its answer is back another transit
later. The service is unwell in spells [begin, end). A request is hit by a spell when they overlap while it is handled;
so one that is in flight when a spell begins is hit, too. Two truths follow, and they differ:

    at the server  a spell begins and ends at its `begin` and `end`
    for clients    a request sent at s gets no good answer within its limit exactly while `bad_when_sent` says so:
                   earlier than the spell by the time in flight, and, where frozen requests are answered when the
                   service wakes, over before the spell is

A spell that hits only a share of the requests decides for each by its number.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from harness.observe.classify import Answer, Failure

OK, BROKEN = 200, 503


class Way(StrEnum):
    """How a service is unwell."""

    DOWN = "down"  # refuses connections, and breaks those that are open
    ERRORS = "errors"  # answers 503
    HANG = "hang"  # takes requests and never answers them
    FREEZE = "freeze"  # stands still, and goes on with all requests when it wakes
    SLOW = "slow"  # answers well, and later than the limit


@dataclass(frozen=True, slots=True)
class Spell:
    """The service is unwell in [begin, end), in nanoseconds, for a share of requests that may fade to none."""

    begin: int
    end: int
    way: Way
    share: float = 1.0
    fading: bool = False

    @property
    def whole(self) -> bool:
        """True when it hits every request."""
        return self.share == 1 and not self.fading

    def hits(self, arrival: int, done: int, coin: float) -> bool:
        """Whether a request that is handled in [arrival, done) is hit."""
        if not (self.begin < done and arrival < self.end):
            return False
        left = (self.end - max(arrival, self.begin)) / (self.end - self.begin) if self.fading else 1.0
        return self.whole or coin < self.share * left


@dataclass(frozen=True, slots=True)
class Service:
    """A service: how fast it is when well, what clients ask of it, and when it is unwell. In nanoseconds."""

    name: str
    critical: bool
    period: int
    within: int
    transit: int
    work: int
    spells: tuple[Spell, ...]

    def answer(self, sent: int, give_up: int, coin: float) -> tuple[Answer, int]:
        """The answer to a request, and when it is back.

        Args:
            sent: when it is sent.
            give_up: when its client stops waiting.
            coin: in [0, 1); what a spell decides by that hits only a share.
        """
        arrival, done = sent + self.transit, sent + self.transit + self.work
        spell = next((one for one in self.spells if one.hits(arrival, done, coin)), None)
        answer, back = Answer(status=OK), done + self.transit
        if spell and spell.way is Way.DOWN:
            open_already = arrival < spell.begin
            answer = Answer(failure=Failure.BROKEN if open_already else Failure.UNREACHED)
            back = max(arrival, spell.begin) + self.transit
        elif spell and spell.way is Way.ERRORS:
            answer = Answer(status=BROKEN)
        elif spell and spell.way is Way.FREEZE:
            back = spell.end + done - max(arrival, spell.begin) + self.transit
        elif spell and spell.way is Way.SLOW:
            back = arrival + self.within * 5 // 4 + self.transit
        if back > give_up or (spell and spell.way is Way.HANG):
            return Answer(failure=Failure.SILENT), give_up
        return answer, back

    def bad_when_sent(self, spell: Spell) -> tuple[int, int] | None:
        """When requests must be sent to be hit by a whole spell and not answered well in time: in [begin, end).

        None when all of them are: a service that is frozen for a moment keeps nobody waiting for longer than the limit.
        """
        begin, end = spell.begin - self.transit - self.work + 1, spell.end - self.transit
        if spell.way is Way.FREEZE:
            if spell.end - spell.begin + 2 * self.transit + self.work <= self.within:
                return None
            end = min(end, spell.end + self.work + self.transit - self.within)
        return begin, end

    def spells_for_clients(self) -> tuple[tuple[int, int], ...]:
        """The spells as clients live through them, those that touch made one; only of whole spells."""
        felt = [self.bad_when_sent(spell) for spell in self.spells if spell.whole]
        return joined(one for one in felt if one)


def joined(stretches: Iterable[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Stretches [begin, end), those that overlap or touch made one."""
    found: list[tuple[int, int]] = []
    for begin, end in sorted(stretches):
        if found and begin <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((begin, end))
    return tuple(found)
