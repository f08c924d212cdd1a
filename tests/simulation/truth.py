"""What the measures of a world must contain, said by who made the world. Shares no code with `harness.measure`.

Every interval is a claim about one instant, and `Truth` holds these instants:

    t_out, t_rec      for clients: the begin of the spell into which the first bad probe of the outage was sent, and the
                      end of the spell into which the last one was; of all critical services the earliest, and the
                      latest
    broke, well       at the server: the begin of the first spell that a bad probe of the outage was hit by, and the end
                      of the last one
    the others        instants that the harness took itself: as they stand in the world

Which probes belong to the outage is a matter of rules (the sustain time, what was before the fault), and the oracle
applies them; when these probes' spells began and ended only the world knows. A spell that no probe was sent into is
seen by nobody, so no claim is about it. Of a spell that hits only a share of the requests one bound is certain:
the first bad probe was sent after the spell began for clients, and the last one before it ended.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from tests.simulation.ledger import Became
from tests.simulation.oracle import Asked, Found, Sample, solve
from tests.simulation.server import Service, Spell
from tests.simulation.worlds import World


@dataclass(frozen=True, slots=True)
class Truth:
    """The true instants of the outage that probes saw, in nanoseconds. `whole` is false when only a share was hit."""

    whole: bool
    t_out: int
    t_rec: int
    broke: int
    well: int


def ask(world: World) -> Asked:
    """The world's question to the oracle."""
    return Asked(
        probes={one.name: (world.seen[one.name], one.within) for one in world.critical},
        begin=world.moments.prepared,
        fault=world.moments.set_up,
        time=world.sustain.time.ns,
        count=world.sustain.probes,
    )


def truth(world: World, found: Found) -> Truth:
    """The true instants of the outage that the oracle found in a world's probes."""
    services = {one.name: one for one in world.services}
    begins, ends, broke, well, whole = [], [], [], [], True
    for name, hit in found.hit.items():
        service = services[name]
        struck = list(_struck(service, hit))
        whole = whole and all(one.whole for one in struck)
        broke.append(min(one.begin for one in struck))
        well.append(max(one.end for one in struck))
        begins.append(_sent_into(service, hit[0])[0])
        ends.append(_sent_into(service, hit[-1])[1])
    return Truth(whole, min(begins), max(ends), min(broke), max(well))


def nobody_saw(world: World) -> bool:
    """True when no probe that could be the fault's was sent into a spell of a critical service."""
    for service in world.critical:
        spells = service.spells_for_clients()
        for one in world.seen[service.name]:
            if one.sent is None or one.completed is None or not one.outcome.tells:
                continue
            decided = min(one.completed.ns, one.sent.ns + service.within)
            if decided > world.moments.set_up and any(begin <= one.sent.ns < end for begin, end in spells):
                return False
    return True


def _struck(service: Service, hit: Iterable[Sample]) -> Iterable[Spell]:
    """The spells that made probes bad: of each probe the first one that it met."""
    for one in hit:
        arrival = one.sent + service.transit
        yield next(spell for spell in service.spells if spell.begin < arrival + service.work and arrival < spell.end)


def _sent_into(service: Service, one: Sample) -> tuple[int, int]:
    """The spell for clients that a bad probe was sent into."""
    whole = [(begin, end) for begin, end in service.spells_for_clients() if begin <= one.sent < end]
    if whole:
        return whole[0]
    (spell,) = _struck(service, [one])
    felt = service.bad_when_sent(spell)
    assert felt is not None
    return felt


def recovery_point(world: World, t_out: int) -> int:
    """The true RPO, in nanoseconds: what was lost, up to the last acknowledgement before the outage.

    For a restore, up to the instant from which no write was taken.
    """
    lost = sorted(one.acknowledged.ns for one in world.ledger.of(Became.LOST) if one.acknowledged)
    kept = [one.acknowledged.ns for one in world.ledger.of(Became.KEPT) if one.acknowledged]
    if not lost:
        return 0
    if world.restore:
        return max(world.restore.stopped, lost[-1]) - lost[0]
    reference = max([*(told for told in [*lost, *kept] if told <= t_out), lost[-1]])
    return reference - lost[0]


def solved(world: World) -> Found | None:
    """What the probes of a world allow."""
    return solve(ask(world))
