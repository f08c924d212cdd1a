"""Holds the measures of a world against its truth and against the oracle, and tells how wide each interval is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from harness.journal.observation import Outcome
from harness.measure.edge import Edge, Wide
from harness.measure.felt import Measure
from harness.measure.measures import Measures
from harness.measure.system import SystemEdge, SystemOutage
from harness.units import Duration, Interval, Span
from tests.simulation.oracle import Found
from tests.simulation.prober import overlap
from tests.simulation.truth import Truth, nobody_saw, recovery_point, solved, truth
from tests.simulation.worlds import World

Pair = tuple[int | None, int] | None


@dataclass(frozen=True, slots=True)
class Width:
    """How wide one bound edge of an outage is, in probe periods of its service, and what most of that is."""

    which: str
    periods: float
    mostly: Wide


def complaints(world: World, measures: Measures) -> Iterator[str]:
    """Every claim of the measures that is not true of the world, or wider than its probes require."""
    found, system = solved(world), measures.system
    if (found is None) != (system is None):
        yield f"an outage {'was' if system else 'was not'} seen"
        return
    yield from _direct(world, measures)
    if found is None or system is None:
        if not nobody_saw(world):
            yield "a bad probe is of no outage"
        return
    true = truth(world, found)
    yield from _tight(system, found)
    yield from _contains(system, found, true)
    yield from _durations(world, measures, found, true)
    critical = [one.name for one in world.critical]
    already_bad = tuple(name for name in measures.already_bad if name in critical)
    if already_bad != found.already_bad:
        yield f"bad before the fault were {found.already_bad}, not {already_bad}"
    for edge in _edges(system):
        yield from _reason(world, edge)


def widths(world: World, measures: Measures) -> Iterator[Width]:
    """How wide the edges of all outages of a world are."""
    periods = {one.name: one.period for one in world.services}
    for name, outages in measures.after.items():
        for outage in outages:
            for which, edge in (("start", outage.start), ("end", outage.end)):
                if edge and edge.before:
                    yield from _widths(which, edge, periods[name])


def _widths(which: str, edge: Edge, period: int) -> Iterator[Width]:
    parts = edge.parts(Duration(period))
    yield Width(f"{which}, for clients", edge.interval.width.ns / period, _mostly(parts))
    if edge.at_server:
        parts = edge.parts_at_server(Duration(period))
        yield Width(f"{which}, at the server", edge.at_server.width.ns / period, _mostly(parts))


def _mostly(parts: dict[Wide, Duration]) -> Wide:
    return max(parts, key=lambda part: parts[part])


def _edges(system: SystemOutage) -> Iterator[Edge]:
    yield from (system.begin.low, system.begin.high)
    if system.end:
        yield from (system.end.low, system.end.high)


def _pair(interval: Interval | None) -> Pair:
    return None if interval is None else (interval.low.ns, interval.high.ns)


def _begin(edge: SystemEdge, interval: Interval | None) -> Pair:
    """A start; its low bound is None where nobody looked before it."""
    pair = _pair(interval)
    return (None, pair[1]) if pair and edge.low.before is None else pair


def _tight(system: SystemOutage, found: Found) -> Iterator[str]:
    for name, is_, could in (
        ("the start for clients", _begin(system.begin, system.start), found.start),
        ("the end for clients", _pair(system.recovery), found.end),
        ("the start at the server", _begin(system.begin, system.begin.at_server), found.start_at_server),
        ("the end at the server", _pair(system.end.at_server) if system.end else None, found.end_at_server),
    ):
        if is_ != could:
            yield f"{name} is {is_}, and the probes allow {could}"


def _contains(system: SystemOutage, found: Found, true: Truth) -> Iterator[str]:
    """Of a spell that hit only a share of requests, only the bounds by its bad probes are certain."""
    end = _pair(system.recovery)
    at_server = _pair(system.end.at_server) if system.end else None
    for name, pair, instant, bad in (
        ("the start for clients", found.start, true.t_out, 1),
        ("the end for clients", end, true.t_rec, 0),
        ("the start at the server", found.start_at_server, true.broke, 1),
        ("the end at the server", at_server, true.well, 0),
    ):
        if pair is None:
            continue
        low = pair[0] if true.whole or bad == 0 else None
        high = pair[1] if true.whole or bad == 1 else instant
        if (low is not None and instant < low) or instant > high:
            yield f"{name} was {instant}, and lies not in {pair}"


def _elsewhere(world: World, measures: Measures, found: Found) -> bool:
    """Whether the first bad probe of a critical service came with the rollback, and others had felt the fault."""
    fault, started = world.moments.set_up, world.moments.started
    felt = (
        one.outcome.bad and one.sent is not None and fault < one.sent.ns <= started
        for service in world.services
        if not service.critical and service.name not in measures.already_bad
        for one in world.seen[service.name]
    )
    return found.start[1] > started and any(felt)


def _durations(world: World, measures: Measures, found: Found, true: Truth) -> Iterator[str]:
    validated = measures.validated
    over = found.end is not None and found.start[0] is not None
    good = validated is not None and found.end is not None and validated.ns >= (found.end[0] or 0)
    for name, one, should, lasted in (
        ("outage", measures.outage, over, true.t_rec - true.t_out),
        ("outage at the server", measures.outage_at_server, over, true.well - true.broke),
        (
            "RTO",
            measures.rto,
            over and good and not _elsewhere(world, measures, found),
            (validated.ns if validated else 0) - true.t_out,
        ),
        ("validation", measures.validation, good, (validated.ns if validated else 0) - true.t_rec),
    ):
        known = should and not (one is measures.outage_at_server and found.end_at_server is None)
        if (one.span is not None) != known:
            yield f"{name} was {'' if one.span else 'not '}measured: {one.why}"
        high = true.whole or name == "validation"
        low = true.whole or name != "validation"
        if one.span and ((low and one.span.low.ns > max(0, lasted)) or (high and one.span.high.ns < lasted)):
            yield f"{name} took {lasted}, and lies not in {one.span.low.ns} to {one.span.high.ns}"
        if one.at_least and found.end and one.at_least.ns > max(lasted, true.t_rec - true.t_out):
            yield f"{name} is said to be at least {one.at_least.ns}, and was {lasted}"
    rpo, told = recovery_point(world, true.t_out), measures.rpo.span
    if true.whole and told and not told.low.ns <= rpo <= told.high.ns:
        yield f"RPO was {rpo}, and lies not in {told.low.ns} to {told.high.ns}"


def _direct(world: World, measures: Measures) -> Iterator[str]:
    """Instants that the harness took itself; a drill that was killed may not have come so far."""
    moments = world.moments
    trigger = next(at for _, at in moments.triggers if at >= moments.set_up)
    decided = next(at for at, back in moments.decisions if back)
    for name, one, begin, end in (
        ("detection", measures.detection, moments.effective, trigger),
        ("decision", measures.decision, trigger, decided),
        ("procedure", measures.procedure, moments.started, moments.ended),
    ):
        if one.span is None and (begin is None or world.cut is not None):
            continue
        if begin is None or one.span != Span(Duration(end - begin), Duration(end - begin)):
            yield f"{name} is {_said(one)}, and the world says {begin} to {end}"


def _said(one: Measure) -> str:
    return str(one.span) if one.span else one.why


def _reason(world: World, edge: Edge) -> Iterator[str]:
    """What an edge says made it wide is what the prober really did: stalls make probes silent, lag is lag."""
    if edge.before is None:
        return
    service = next(one for one in world.services if one.name == edge.after.service)
    how, rows = world.probing[service.name], world.seen[service.name]
    low, high = edge.before.number, edge.after.number
    silent = [one for one in rows if low < one.number < high]
    skipped = [one for one in silent if one.outcome is Outcome.SKIPPED]
    late = [one for one in silent if one.outcome is Outcome.LATE]
    if (edge.skipped, edge.late) != (len(skipped), len(late)) or len(silent) != len(skipped) + len(late):
        yield f"{edge.skipped} probes are said to be skipped and {edge.late} late; {silent} are"
    lost = set(range(low + 1, high)) - {one.number for one in silent}
    if world.cut is None and not lost <= how.missing:
        yield f"the journal does not hold {lost}, and lost only {how.missing}"
    if edge.missing != len(lost):
        yield f"{edge.missing} probes are said to be missing, and {len(lost)} are"
    parts = edge.parts(Duration(service.period))
    if sum(part.ns for part in parts.values()) != edge.interval.width.ns:
        yield f"the parts {parts} do not add up to {edge.interval.width}"
    if (parts[Wide.GAP] > Duration(0)) != bool(silent or lost):
        yield f"a gap of {parts[Wide.GAP]} is said, and {len(silent)} probes were silent, {len(lost)} lost"
    assert edge.before.sent is not None
    assert edge.after.sent is not None
    blind = overlap(edge.before.sent.ns, edge.after.sent.ns + 3 * service.within, how.stalls)
    if skipped and not blind:
        yield "the prober is said to have stalled, and it did not"
    if (parts[Wide.LAG] > Duration(0) or late) and how.lag == 0 and not blind:
        yield f"a lag of {parts[Wide.LAG]} is said and {late}, and the prober had no lag"


def unseen(world: World) -> int:
    """How many spells for clients no telling probe was sent into: of these nobody can know."""
    count = 0
    for service in world.services:
        sent = [one.sent.ns for one in world.seen[service.name] if one.sent and one.outcome.tells]
        until = max(sent, default=0)
        for begin, end in service.spells_for_clients():
            count += begin < until and not any(begin <= instant < end for instant in sent)
    return count


@dataclass(frozen=True, slots=True)
class Reach:
    """Of one outage that hit a share of requests: whether its spell went on beyond its bad probes for longer than is
    called likely, before them or after; and the chance of that which is told.
    """

    earlier: bool
    later: bool
    told: float


def reaches(world: World, measures: Measures) -> Iterator[Reach]:
    """All outages that hit a share of requests, if it did not fade and no sustained recovery split it in two."""
    for service in world.services:
        found = measures.after[service.name]
        outage = found[0] if len(found) == 1 else None
        spells = [spell for spell in service.spells if not spell.whole and not spell.fading]
        if outage and outage.end and outage.start.before and len(outage.bad) > 1 and spells:
            felt = service.bad_when_sent(spells[0])
            assert felt is not None
            likely = (outage.good_in_a_row + 2) * service.period
            yield Reach(
                earlier=outage.start.interval.high.ns - felt[0] > likely,
                later=felt[1] - outage.end.interval.low.ns > likely,
                told=1 / len(outage.bad),
            )
