"""Whole drills in virtual time, drawn from a seed: what was broken, what probes saw of it, all records of the journal.

`world(seed)` is pure. A world holds only what it was made of; `truth` says what its measures must contain.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from random import Random
from types import MappingProxyType

from harness.journal import declaration as d
from harness.journal import records as r
from harness.journal.observation import LoadSecond, Observation, Row
from harness.measure.timeline import Timeline, read_timeline
from harness.units import Duration, Instant
from tests.simulation import script
from tests.simulation.ledger import Became, Forgetting, Ledger, Loss, Restore, keep
from tests.simulation.prober import Probing, observe
from tests.simulation.server import Service, joined
from tests.simulation.shapes import FOREVER, MS, SECOND, SHAPES, Scene, Shape

BASE = 5_000 * SECOND
NAMES = ("web", "mail", "blog")
_BESIDE = (Shape.ONE, Shape.SEVERAL, Shape.FLAPPING, Shape.SLOW_START, Shape.LONE, Shape.EARLY, Shape.BEFORE)
"""What may happen to a second service at the same time."""


@dataclass(frozen=True, slots=True)
class Moments:
    """When the harness did or noticed what, in nanoseconds; None for what did not happen."""

    prepared: int
    set_up: int
    injected: int
    effective: int | None
    triggers: tuple[tuple[int, int], ...]
    decisions: tuple[tuple[int, bool], ...]
    started: int
    ended: int
    looks: tuple[tuple[str, int, float], ...]
    closed: int
    end: int


@dataclass(frozen=True)
class World:
    """A drill as it was. `cut` is when it was killed; None when it ended in order."""

    seed: int
    shape: Shape
    services: tuple[Service, ...]
    probing: Mapping[str, Probing]
    sustain: d.Sustain
    moments: Moments
    ledger: Ledger
    cut: int | None
    clock_steps: tuple[int, ...]
    restore: Restore | None

    @cached_property
    def seen(self) -> Mapping[str, tuple[Observation, ...]]:
        """What the prober saw and could still report of each service."""
        until = FOREVER if self.cut is None else self.cut
        return {
            one.name: tuple(
                row for row in observe(one, self.probing[one.name]) if (row.completed or row.due).ns <= until
            )
            for one in self.services
        }

    @property
    def critical(self) -> tuple[Service, ...]:
        """The services whose outage is the system's."""
        return tuple(one for one in self.services if one.critical)

    def timed(self, objectives: Sequence[d.Objective] = ()) -> script.Timed:
        """All records with the instants at which they were written."""
        timed = [*self._course(), *self._looks(), *self._data()]
        rows = [row for seen in self.seen.values() for row in seen]
        timed += script.observations(rows, Duration(250 * MS))
        every = script.in_order(self._declared(tuple(objectives)), Instant(BASE), timed, Instant(self.moments.end))
        return every if self.cut is None else [pair for pair in every if pair[0].ns <= self.cut + 250 * MS]

    def timeline(self, objectives: Sequence[d.Objective] = ()) -> Timeline:
        """Read back by the code that reads real journals."""
        return read_timeline(self.timed(objectives))

    def _declared(self, objectives: tuple[d.Objective, ...]) -> r.DrillDeclared:
        return script.declared(
            [
                d.ServiceDeclared(
                    name=one.name,
                    critical=one.critical,
                    period=Duration(one.period),
                    within=Duration(one.within),
                    request="GET /",
                )
                for one in self.services
            ],
            self.sustain,
            load=(d.LoadDeclared(service="web", rate=20),),
            ledger=d.LedgerDeclared(service="web", clients=1, rate=20),
            objectives=objectives,
            criteria=tuple(_criterion(key) for key in ("healthy", "version")),
        )

    def _course(self) -> script.Timed:
        moments = self.moments
        ends = (
            moments.prepared,
            moments.set_up,
            moments.effective or moments.injected,
            moments.started - 1,
            moments.started,
            moments.ended,
            moments.ended + 1,
            moments.closed - 1,
            moments.end - 1,
        )
        states = (
            (r.FaultState.SET_UP, moments.set_up),
            (r.FaultState.INJECTED, moments.injected),
            (r.FaultState.EFFECTIVE, moments.effective),
            (r.FaultState.RECOVERED, moments.closed),
            (r.FaultState.GONE, moments.closed),
        )
        steps = (("check", Instant(moments.started + 1)), ("switch", Instant(moments.ended - 1)))
        return [
            *script.stages(Instant(BASE), map(Instant, ends)),
            *script.fault(((state, None if at is None else Instant(at)) for state, at in states), Instant(moments.end)),
            *(
                (Instant(at), r.TriggerMet(trigger="0", since=Instant(since), at=Instant(at), detail=""))
                for since, at in moments.triggers
            ),
            *(
                (Instant(at), r.Decided(at=Instant(at), decision="immediate", reasons=(), roll_back=back))
                for at, back in moments.decisions
            ),
            *script.rollback(Instant(moments.started), Instant(moments.started), steps, Instant(moments.ended)),
            *(
                (Instant(BASE + at), r.ClockRead(process="observer", at=Instant(BASE + at), utc_ns=step))
                for at, step in enumerate(self.clock_steps)
            ),
        ]

    def _looks(self) -> script.Timed:
        return [
            (
                Instant(at),
                r.CriterionChecked(criterion=key, started=Instant(at - 5 * MS), completed=Instant(at), value=value),
            )
            for key, at, value in self.moments.looks
        ]

    def _data(self) -> script.Timed:
        closed = Instant(self.moments.closed)
        acknowledged = [one for one in self.ledger.writes if one.acknowledged and one.acknowledged <= closed]
        rows = [Row(one.id, one.value) for one in self.ledger.of(Became.KEPT) if one in acknowledged]
        reads = (
            script.read("after recovery", Instant(self.moments.ended), rows),
            script.read("after validation", closed + Duration(1), self.ledger.rows),
        )
        seconds = range(self.moments.prepared, self.moments.closed, SECOND)
        load = script.load(LoadSecond("web", Instant(at), 20, 20, 0) for at in seconds)
        restored = [(self.restore.record.switched, self.restore.record)] if self.restore else []
        return [*script.ledger(self.ledger.writes, closed, reads), *load, *restored]


def _criterion(key: str) -> d.Criterion:
    return d.Criterion(
        id=key,
        name=f"{key} holds",
        phase=d.Phase.VALIDATION,
        comparison="equals",
        bound=1,
        within=Duration.of(s=30),
        source=script.SOURCE,
    )


def world(seed: int, shape: Shape | None = None) -> World:
    """The world of a seed, of any shape or of one."""
    random = Random(seed)  # noqa: S311 - a seed is the point
    shape = shape or random.choice(list(Shape))
    sustain = d.Sustain(time=Duration(random.choice([300, 500, 1_000]) * MS), probes=random.choice([4, 8, 12]))
    services = _services(random)
    web = services[0]
    prepared = BASE + random.randint(300, 700) * MS
    steady = max(1_200 * MS, random.choice((31, 110)) * web.period)  # enough probes; and so many that one may be bad
    fault = prepared + steady + random.randint(0, 500) * MS + random.randrange(MS)
    scene = Scene(random, prepared, fault, sustain.time.ns, web.period, max(_flight(one) for one in services))
    spells = dict(SHAPES[shape](scene))
    if random.random() < 0.2 and "mail" not in spells and shape is not Shape.QUIET:
        spells["mail"] = SHAPES[random.choice(_BESIDE)](scene).get("web", ())
    services = tuple(replace(one, spells=spells.get(one.name, ())) for one in services)
    moments = _moments(random, services, sustain, prepared, fault)
    cut = random.randint(fault, moments.end) if random.random() < 0.06 else None
    ledger, restore = _ledger(random, services[0], moments)
    return World(
        seed=seed,
        shape=shape,
        services=services,
        probing=_probing(random, services, moments),
        sustain=sustain,
        moments=moments,
        ledger=ledger,
        cut=cut,
        clock_steps=tuple(random.randrange(-(10**18), 10**18) for _ in range(random.choice([0, 0, 1, 3]))),
        restore=restore,
    )


def _flight(service: Service) -> int:
    return 2 * service.transit + service.work


def _services(random: Random) -> tuple[Service, ...]:
    """Three services, the last of them not critical; mostly probed alike, sometimes not."""
    period = random.choice([20, 40, 50, 50, 80]) * MS
    found = []
    for name in NAMES:
        within = random.choice([60, 100, 150, 250]) * MS
        slow = random.choice([2, 4, 7]) if random.random() < 0.15 else 1
        transit = random.randint(20_000, 2 * MS)
        work = random.randint(MS, within // 3) if random.random() < 0.2 else random.randint(MS, 6 * MS)
        found.append(
            Service(
                name=name,
                critical=name != "blog",
                period=period * slow,
                within=within,
                transit=transit,
                work=work,
                spells=(),
            )
        )
    return tuple(found)


def _moments(random: Random, services: Sequence[Service], sustain: d.Sustain, prepared: int, fault: int) -> Moments:
    """The course of the drill: it waits for the trouble to be over, or gives up waiting."""

    def after(moment: int, low: int, high: int) -> int:
        return moment + random.randint(low * MS, high * MS)

    spells = [spell for one in services for spell in one.spells if spell.end > fault]
    over = max((spell.end for spell in spells if spell.end < FOREVER), default=fault)
    injected = after(fault, 1, 150)
    effective = after(max(injected, min(spell.begin for spell in spells)), 5, 200) if spells else None
    trigger = after(effective or injected, 20, 400)
    decided = after(trigger, 1, 20)
    started = after(decided, 1, 20)
    ended = max(after(started, 30, 300), after(over, -300, 100))
    longest = max(one.period for one in services)
    lasting = sustain.time.ns + (sustain.probes + 4) * longest
    recovered = max(ended, over) + lasting if random.random() < 0.9 else ended + 6 * MS
    looks = [("healthy", after(recovered, 10, 50), 0.0), ("healthy", after(recovered, 60, 300), 1.0)]
    if random.random() < 0.9:
        looks.append(("version", after(recovered, 10, 300), 1.0))
    closed = after(max(at for _, at, _ in looks), 5, 50)
    early = ((prepared, after(prepared, 10, 900)),) if random.random() < 0.1 else ()
    monitor = ((after(trigger, 0, 1), False),) if random.random() < 0.1 else ()
    return Moments(
        prepared=prepared,
        set_up=fault,
        injected=injected,
        effective=effective,
        triggers=(*early, (trigger - 10 * MS, trigger)),
        decisions=(*monitor, (decided, True)),
        started=started,
        ended=ended,
        looks=tuple(looks),
        closed=closed,
        end=max(closed, over + lasting) + 300 * MS,
    )


def _probing(random: Random, services: Sequence[Service], moments: Moments) -> Mapping[str, Probing]:
    stalls = _stalls(random, services, moments)
    found = {}
    for place, one in enumerate(services):
        lag = random.choice([0, MS // 5, 3 * MS, min(one.period, 100 * MS)])
        begin = moments.prepared + one.period * place // len(services)
        end = moments.end - 100 * MS
        lost = random.sample(range((end - begin) // one.period), 5) if random.random() < 0.05 else []
        found[one.name] = Probing(begin, end, lag, stalls, frozenset(lost), random.randrange(2**32))
    return MappingProxyType(found)


def _stalls(random: Random, services: Sequence[Service], moments: Moments) -> tuple[tuple[int, int], ...]:
    """When the prober's process does not run: seldom, for a moment here and there, or just over an edge."""
    edges = [
        edge for one in services for spell in one.spells for edge in (spell.begin, spell.end) if edge < moments.end
    ]
    found = []
    for _ in range(random.choice([0, 0, 0, 1, 2, 4])):
        length = random.choice([random.randint(1, 60), random.randint(60, 700)]) * MS
        begin = random.randint(moments.prepared, moments.end)
        if edges and random.random() < 0.6:
            begin = random.choice(edges) - random.randrange(length)
        found.append((begin, begin + length))
    return joined(found)


def _ledger(random: Random, service: Service, moments: Moments) -> tuple[Ledger, Restore | None]:
    loss = random.choice([Loss.NONE, Loss.NONE, *Loss])
    begin = random.randint(moments.prepared, moments.ended)
    end = {Loss.TAIL: moments.injected}.get(loss, moments.closed)
    restore = None
    if loss is Loss.BACK:
        chance = Random(begin)  # noqa: S311 - a seed is the point
        begin = chance.randint(moments.prepared, moments.injected)
        restore = _restore(chance, moments, begin)
        end = restore.stopped
    span = (moments.prepared, moments.closed - SECOND)
    forgetting = Forgetting(loss, begin, max(begin, end))
    return keep(service, span, 40 * MS, forgetting, random.randrange(2**32), restore=restore), restore


def _restore(random: Random, moments: Moments, target: int) -> Restore:
    """A restore to a target. When writers were stopped, and led to what was restored, is known between two instants."""
    instants = sorted(random.randint(moments.started, moments.ended) for _ in range(6))
    stopping, stopped, writes_stopped, switching, switch, switched = instants
    record = r.DataRestored(
        way="point in time",
        target="a time",
        earliest=Instant(target - random.randint(0, 50 * MS)),
        latest=Instant(min(target + random.randint(0, 50 * MS), stopping)),
        stopping=Instant(stopping),
        writes_stopped=Instant(writes_stopped),
        switching=Instant(switching),
        switched=Instant(switched),
    )
    return Restore(stopped, switch, record)
