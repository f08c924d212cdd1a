"""Outages of every shape, drawn at random: for each service the spells in which it is unwell, in nanoseconds.

A shape is asked when the fault begins and gives spells around it; what a prober makes of them is not its business.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from random import Random

from tests.simulation.server import Spell, Way

MS = 1_000_000
SECOND = 1_000 * MS
FOREVER = 1_000_000 * SECOND  # later than anything in a world

Spells = Mapping[str, tuple[Spell, ...]]


class Shape(StrEnum):
    """What kind of outage a world has."""

    ONE = "one"
    SEVERAL = "several"
    FLAPPING = "flapping"
    SLOW_START = "slow start"
    LONE = "lone bad probe"
    EARLY = "began before the fault"
    FROM_START = "on from the first probe"
    LASTING = "still on at the end"
    CASCADE = "several services"
    BYSTANDER = "only a service that is not critical"
    QUIET = "no effect"
    BEFORE = "a lone bad answer before the fault"
    PARTIAL = "a share of requests"
    FADING = "a share that fades"


@dataclass(frozen=True, slots=True)
class Scene:
    """What a shape is drawn on: when probes and the fault begin, the sustain time, the period and flight of `web`."""

    random: Random
    probes: int
    fault: int
    sustain: int
    period: int
    flight: int

    def between(self, low: float, high: float) -> int:
        """A length of so many milliseconds, in nanoseconds."""
        return round(self.random.uniform(low, high) * MS)

    def soon(self) -> int:
        """When the fault bites: at once, or some time after it was set up."""
        return self.fault + 1 + self.between(0, 250)

    def way(self) -> Way:
        """How the service is unwell."""
        return self.random.choice(list(Way))

    def spell(self, begin: int, length: int, way: Way | None = None) -> Spell:
        """One spell of any way."""
        return Spell(begin, begin + max(1, length), way or self.way())

    def row(self, begin: int, lengths: list[tuple[int, int]]) -> tuple[Spell, ...]:
        """Spells one after the other: each a length and the rest that follows it, longer than a request takes."""
        way, found = self.way(), []
        for length, rest in lengths:
            found.append(self.spell(begin, length, way))
            begin = found[-1].end + max(rest, self.flight + 1)
        return tuple(found)


def _one(scene: Scene) -> Spells:
    return {"web": (scene.spell(scene.soon(), scene.between(20, 1_500)),)}


def _several(scene: Scene) -> Spells:
    rest = scene.sustain + 5 * scene.period
    lengths = [(scene.between(20, 400), rest + scene.between(0, 600)) for _ in range(scene.random.randint(2, 3))]
    return {"web": scene.row(scene.soon(), lengths)}


def _flapping(scene: Scene) -> Spells:
    rest = scene.sustain / MS
    lengths = [(scene.between(5, 200), scene.between(1, rest)) for _ in range(scene.random.randint(3, 9))]
    return {"web": scene.row(scene.soon(), lengths)}


def _slow_start(scene: Scene) -> Spells:
    """Dead at first, then well for ever longer and unwell for ever shorter."""
    dead = (scene.between(200, 900), scene.between(10, 40))
    waking = [
        (scene.between(60, 160) >> step, scene.between(20, 40) * (step + 1))
        for step in range(scene.random.randint(3, 7))
    ]
    return {"web": scene.row(scene.soon(), [dead, *waking])}


def _lone(scene: Scene) -> Spells:
    return {"web": (scene.spell(scene.soon(), round(scene.period * scene.random.uniform(0.1, 1.2))),)}


def _early(scene: Scene) -> Spells:
    begin = scene.fault - scene.between(1, 700)
    return {"web": (scene.spell(begin, scene.fault - begin + scene.between(-200, 900)),)}


def _from_start(scene: Scene) -> Spells:
    begin = scene.probes - scene.between(50, 400)
    if scene.random.random() < 0.5:
        return {"web": (scene.spell(begin, scene.fault - begin + scene.between(50, 900)),)}
    again = scene.spell(scene.soon(), scene.between(20, 900))
    return {"web": (scene.spell(begin, scene.between(400, 900)), again)}


def _lasting(scene: Scene) -> Spells:
    web = (Spell(scene.soon(), FOREVER, scene.random.choice([Way.DOWN, Way.ERRORS, Way.HANG, Way.SLOW])),)
    mail = (scene.spell(scene.soon(), scene.between(20, 900)),)
    return {"web": web, "mail": mail} if scene.random.random() < 0.5 else {"mail": web, "web": mail}


def _cascade(scene: Scene) -> Spells:
    first = scene.soon()
    found = {}
    for name in scene.random.sample(["web", "mail", "blog"], scene.random.randint(2, 3)):
        found[name] = (scene.spell(first, scene.between(20, 1_200)),)
        first += scene.between(0, 800) if scene.random.random() < 0.7 else scene.sustain + scene.between(50, 900)
    return found


def _bystander(scene: Scene) -> Spells:
    return {"blog": (scene.spell(scene.soon(), scene.between(20, 900)),)}


def _quiet(_scene: Scene) -> Spells:
    return {}


def _before(scene: Scene) -> Spells:
    """A blip of about one probe before the fault, and the fault's own outage."""
    blip = scene.spell(scene.fault - scene.between(100, 900), round(scene.period * scene.random.uniform(0.3, 1)))
    own = scene.spell(scene.soon(), scene.between(50, 900))
    return {"web": (blip, own) if blip.end + scene.flight < own.begin else (own,)}


def _partial(scene: Scene) -> Spells:
    begin, way = scene.soon(), scene.random.choice([Way.DOWN, Way.ERRORS, Way.SLOW, Way.HANG])
    return {"web": (Spell(begin, begin + scene.between(300, 1_800), way, share=scene.random.uniform(0.1, 0.9)),)}


def _fading(scene: Scene) -> Spells:
    begin, way = scene.soon(), scene.random.choice([Way.DOWN, Way.ERRORS, Way.SLOW])
    return {"web": (Spell(begin, begin + scene.between(300, 1_800), way, fading=True),)}


SHAPES: Mapping[Shape, Callable[[Scene], Spells]] = {
    Shape.ONE: _one,
    Shape.SEVERAL: _several,
    Shape.FLAPPING: _flapping,
    Shape.SLOW_START: _slow_start,
    Shape.LONE: _lone,
    Shape.EARLY: _early,
    Shape.FROM_START: _from_start,
    Shape.LASTING: _lasting,
    Shape.CASCADE: _cascade,
    Shape.BYSTANDER: _bystander,
    Shape.QUIET: _quiet,
    Shape.BEFORE: _before,
    Shape.PARTIAL: _partial,
    Shape.FADING: _fading,
}
