"""Judges one case: what was seen, and which ends are right, give findings. Pure."""

from __future__ import annotations

import stat
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from itertools import groupby

from harness.gate import limits
from harness.gate.case import Case, Expect
from harness.gate.cluster_state import written_to
from harness.gate.findings import Finding
from harness.gate.relay import Statement
from harness.gate.residue import residue
from harness.gate.seen import Ended, Method, Place, Probe, Seen, Subject
from harness.gate.sql_text import changes_what_serves, keeps_clients_out
from harness.gate.state import Stand, method_of, stands
from harness.gate.variation import Release
from harness.measure.account import Account, account, recovery_point
from harness.units import Duration, Instant, Interval, counted


@dataclass(frozen=True, slots=True)
class Objectives:
    """What a rollback must keep."""

    rto: Duration = limits.RTO
    rpo: Duration = limits.RPO


@dataclass(frozen=True, slots=True)
class Judged:
    """What a case came to."""

    findings: tuple[Finding, ...]
    end: str
    """How the script ended, in words."""
    rto: Duration | None = None
    rpo: Duration | None = None


def judge(case: Case, seen: Seen, claims: AbstractSet[Subject], objectives: Objectives) -> Judged:
    """All that is wrong in one case.

    Args:
        case: what was done.
        seen: what was seen.
        claims: what the script rolls back.
        objectives: what it must keep.
    """
    where = stands(seen)
    done = bool(claims) and all(where[one].at_target for one in claims)
    kept = all(one.unchanged for one in where.values())
    ledger = account(seen.writes, seen.after.database.orders, seen.after.at) if seen.after.database else None
    findings = [
        *_ending(case, seen, where, claims, done=done, kept=kept),
        *_asked_to_end(case, seen, claims),
        *_unclaimed(where, claims),
        *_clients(case, seen, claims, done=done, kept=kept, objectives=objectives),
        *_service(case, seen, claims, done=done, kept=kept, objectives=objectives),
        *(_ledger(ledger, seen, done=done, objectives=objectives) if ledger else ()),
        *residue(case, seen, done=done),
    ]
    return Judged(
        findings=tuple(dict.fromkeys(findings)),
        end=_told(seen, done=done, kept=kept),
        rto=_slowest(seen, claims) if done else None,
        rpo=_lost_time(ledger, seen) if ledger and done else None,
    )


def _told(seen: Seen, *, done: bool, kept: bool) -> str:
    code = seen.last.code
    what = "rolled back" if done else "nothing changed" if kept else "neither the old state nor the target"
    return f"{'still running at its deadline' if code is None else f'exit {code}'}, {what}"


def _ending(
    case: Case,
    seen: Seen,
    where: Mapping[Subject, Stand],
    claims: AbstractSet[Subject],
    *,
    done: bool,
    kept: bool,
) -> Iterator[Finding]:
    last = seen.last
    if last.code is None:
        yield Finding("no-end", f"{last.took} after its start")
    if case.expect is Expect.REFUSE:
        yield from _refusal(case, seen, kept=kept)
    elif last.said_done and not done:
        yield from _lied(where, claims, kept=kept)
    elif not last.said_done and done:
        yield from _denied(case, last)
    elif not last.said_done and not kept:
        yield from _broken(where, claims)
    elif not last.said_done:
        yield from _gave_up(case, last)
        if case.variation.spoilt:
            yield from _refused_late(seen, [one for one in seen.statements if keeps_clients_out(one)], prepares=True)


def _lied(where: Mapping[Subject, Stand], claims: AbstractSet[Subject], *, kept: bool) -> Iterator[Finding]:
    """It says that it is done; one of several subjects that did not go back is none the less for the others."""
    if kept:
        yield Finding("false-success", "")
    for one in sorted(claims):
        stand = where[one]
        if stand.unchanged and not stand.at_target and not kept:
            yield Finding("false-success", f"the {one} is as it was")
        yield from (found for found in stand.problems if found.id != "not-recovered")


def _asked_to_end(case: Case, seen: Seen, claims: AbstractSet[Subject]) -> Iterator[Finding]:
    if case.trouble.asks and seen.between and seen.runs[0].said_done:
        reached = stands(replace(seen, after=seen.between))
        if not all(reached[one].at_target for one in claims):
            yield Finding("false-success", "it was asked to end (SIGTERM), ended early, and exits 0")


def _refusal(case: Case, seen: Seen, *, kept: bool) -> Iterator[Finding]:
    if seen.last.said_done or not kept:
        yield Finding("not-refused", case.title)
        return
    yield from _refused_late(seen, [one for one in seen.statements if changes_what_serves(one)])


def _refused_late(seen: Seen, changing: Sequence[Statement], *, prepares: bool = False) -> Iterator[Finding]:
    """It took back what it had begun; clients, and whoever read the configuration, did not get that back.

    Who may prepare something may do so in a folder of its own among the configuration.
    """
    if changing:
        yield Finding("late-refusal", f"it had sent '{_short(changing[0].text)}'")
    one, other = seen.before.service, seen.after.service
    if one and other and (one.leads_to, one.version) != (other.leads_to, other.version):
        yield Finding("late-refusal", "it had changed the service")
    if seen.before.cluster and seen.after.cluster and (told := written_to(seen.before.cluster, seen.after.cluster)):
        yield Finding("late-refusal", f"it had changed {told} in the cluster, and put it back")
    was, is_ = seen.before.places, seen.after.places
    if any(_moved(place, is_.get(name)) for name, place in was.items()) if prepares else was != is_:
        yield Finding("late-refusal", "it had changed the configuration, and put it back")


def _moved(was: Place, is_: Place | None) -> bool:
    """Not a folder into which something was put for a while."""
    if is_ is not None and stat.S_ISDIR(was.mode) and was.filled_ns != is_.filled_ns:
        return was.inode != is_.inode
    return was != is_


def _gave_up(case: Case, last: Ended) -> Iterator[Finding]:
    """It changed nothing and said so; where nothing was in its way that is too little."""
    if last.code is not None and case.runs_twice:
        yield Finding("rerun-fails", f"it exits {last.code} and changes nothing")
    elif last.code is not None and case.expect is Expect.RECOVER:
        yield Finding("not-recovered", f"it exits {last.code}")


def _denied(case: Case, last: Ended) -> Iterator[Finding]:
    """All is rolled back, and it says no; who loses the way to the database after the last step cannot know."""
    if last.code is not None and not case.trouble.cuts:
        yield Finding("rerun-fails" if case.runs_twice else "denied-success", f"it exits {last.code}")


def _broken(where: Mapping[Subject, Stand], claims: AbstractSet[Subject]) -> Iterator[Finding]:
    """It failed, and what was is not there any more; what it does not roll back is told of by itself."""
    if claims and all(where[one].unchanged for one in claims):
        return
    found = [problem for one in claims for problem in where[one].problems]
    gone = [one for one in found if one.id in ("database-gone", "version-record", "wrong-target", "not-serving")]
    yield from gone
    if not gone:
        yield Finding("half-done", "; ".join(one.detail for one in found) or "it failed after it had changed something")


def _unclaimed(where: Mapping[Subject, Stand], claims: AbstractSet[Subject]) -> Iterator[Finding]:
    if claims:
        for subject, stand in where.items():
            if subject not in claims and not stand.unchanged:
                yield Finding("changed-other", f"the {subject}, which it does not roll back")


def _clients(
    case: Case, seen: Seen, claims: AbstractSet[Subject], *, done: bool, kept: bool, objectives: Objectives
) -> Iterator[Finding]:
    """Whether clients are served at the end, and how long they were not."""
    target = done and Subject.DATABASE in claims
    if seen.after.database is not None and (done or kept):
        good = [one.good_target if target else one.good_current for one in seen.probes[-limits.SUSTAIN :]]
        kept_out = case.trouble.cuts and seen.after.flags != seen.before.flags
        if not kept_out and (not all(good) or len(good) < limits.SUSTAIN):
            yield Finding("not-serving", f"of the {'target' if target else 'current'} release")
    if target:
        took = _recovered_after(seen, seen.probes)
        if took is not None and took > objectives.rto:
            yield Finding("too-slow", f"{took}; at most {objectives.rto}")
    elif kept and not seen.last.said_done:
        longest = _longest_outage(seen.probes, seen.runs[0].started)
        if longest > limits.OUTAGE_ALLOWED:
            yield Finding("clients-blocked", f"for {longest}, in '{case.title}'")


def _service(
    case: Case, seen: Seen, claims: AbstractSet[Subject], *, done: bool, kept: bool, objectives: Objectives
) -> Iterator[Finding]:
    """How long clients of the service were not served, of the machine's and of the cluster's."""
    for subject, probes in ((Subject.SERVICE, seen.service_probes), (Subject.CLUSTER, seen.cluster_probes)):
        took = _recovered_after(seen, probes)
        if subject in claims and done and took is not None and took > objectives.rto:
            yield Finding("too-slow", f"{took}; at most {objectives.rto}")
        elif subject in claims and kept and not seen.last.said_done:
            longest = _longest_outage(probes, seen.runs[0].started)
            if longest > limits.OUTAGE_ALLOWED:
                yield Finding("clients-blocked", f"for {longest}, in '{case.title}'")
            if subject is Subject.SERVICE and case.variation.release is Release.MISSING and longest > Duration(0):
                yield Finding("late-refusal", "it had stopped the service")


def _slowest(seen: Seen, claims: AbstractSet[Subject]) -> Duration | None:
    """Until all that it rolls back is served."""
    asked = {
        Subject.DATABASE: seen.probes,
        Subject.SERVICE: seen.service_probes,
        Subject.CLUSTER: seen.cluster_probes,
    }
    took = [_recovered_after(seen, probes) for subject, probes in asked.items() if subject in claims]
    return max((one for one in took if one is not None), default=None)


def _recovered_after(seen: Seen, probes: Sequence[Probe]) -> Duration | None:
    """From the start of the last run to the first of the good answers that lasted until the end."""
    first: Probe | None = None
    for one in reversed(probes):
        if not one.good_target:
            break
        first = one
    return None if first is None else max(Duration(0), first.at - seen.last.started)


def _longest_outage(probes: tuple[Probe, ...], since: Instant) -> Duration:
    longest = Duration(0)
    for bad, group in groupby((one for one in probes if one.at >= since), key=lambda one: not one.good_current):
        stretch = list(group)
        if bad:
            longest = max(longest, stretch[-1].at - stretch[0].at)
    return longest


def _ledger(found: Account, seen: Seen, *, done: bool, objectives: Objectives) -> Iterator[Finding]:
    gone = found.gone
    started = seen.runs[0].started
    after = [one for one in gone if one.sent >= seen.last.ended]
    first = seen.runs[0]
    between = [one for one in gone if first.said_done and first.ended <= one.sent < seen.last.started]
    old = [one for one in gone if one.sent < started]
    restored = method_of(seen) is Method.RESTORED
    lost = _lost_time(found, seen)
    if after:
        yield Finding("lost-writes", f"{counted(len(after), 'write')} made after it had ended")
    if between:
        yield Finding("lost-writes", f"{counted(len(between), 'write')} made after the first run had rolled back")
    many = f"{len(gone)} of {found.acknowledged} acknowledged writes"
    if gone and not restored:
        yield Finding("lost-writes", f"{many}, although nothing was restored")
    elif gone and not done:
        yield Finding("lost-writes", f"{many}, and the target is not reached")
    elif old and lost is not None and lost > objectives.rpo:
        yield Finding("lost-writes", f"back to {lost} before its start ({len(gone)} writes); at most {objectives.rpo}")
    for what, names in (("altered", found.altered), ("there twice", found.duplicated), ("unknown", found.foreign)):
        if names:
            yield Finding("damaged-rows", f"{counted(len(names), 'order')} {what}, such as {names[0]}")
    before, after_all = seen.before.database, seen.after.database
    if (
        before
        and after_all
        and (other := sorted(name for name, mark in after_all.marks.items() if before.marks.get(name, mark) != mark))
    ):
        told = f"{other[0]}: {after_all.marks[other[0]]} instead of {before.marks[other[0]]}"
        yield Finding("damaged-rows", f"{counted(len(other), 'order')} with another id or date, such as {told}")
    if found.resurrected:
        yield Finding("damaged-rows", f"{counted(len(found.resurrected), 'refused order')} there all the same")


def _lost_time(found: Account, seen: Seen) -> Duration | None:
    span = recovery_point(found, Interval.at(seen.runs[0].started))
    return None if span is None else span.high


def _short(text: str) -> str:
    return " ".join(text.split())[:60]
