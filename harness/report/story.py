"""What a report says first: the headline and the five answers under it. Pure: a result in, sentences out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from harness.journal.cause import NOT_AS_IT_SAYS, UNSEEN
from harness.journal.declaration import Verdict
from harness.journal.records import Stage
from harness.report.words import (
    NOT_MEASURED,
    capital,
    duration,
    ending,
    interval,
    kinds,
    sentence,
    short,
    stop,
)
from harness.units import are, counted
from harness.verdict.judge import counts_as
from harness.verdict.result import (
    AccountResult,
    FindingResult,
    LostWrite,
    MeasureResult,
    ObjectiveResult,
    OutageResult,
    Result,
    ServiceResult,
)

_WHOLLY: Final = 0.9  # from this share of bad probes on, clients were "without good answers" for the whole outage

_HEADLINE: Final = 130  # characters that a headline holds and still is one

State = Literal["good", "bad", "unknown", "plain"]


@dataclass(frozen=True, slots=True)
class Headline:
    """The verdict in words. `tone` picks colour and sign; the words say the same without either."""

    word: str
    sentence: str
    detail: str
    tone: str


@dataclass(frozen=True, slots=True)
class Fact:
    """One of the answers under the headline."""

    question: str
    answer: str
    detail: str
    state: State = "plain"


def measure(result: Result, name: str) -> MeasureResult | None:
    """A measure of the result by its name."""
    return next((one for one in result.measures if one.name == name), None)


def headline(result: Result) -> Headline:
    """The sentence that a report opens with, and the one under it."""
    lived = sentence(f"{suffering(result)}; {data(result)}")
    verdict, expected = result.verdict, result.expected
    reason, more = _split(result.reason)
    if verdict is Verdict.PASSED and result.as_expected:
        return Headline(verdict.capitalize(), lived[0].lower() + lived[1:], sentence(result.reason), verdict.value)
    if result.as_expected:
        due = ending(expected, result.expected_cause)
        control = f"A negative control: this drill had to end {due}, which shows that the harness notices."
        return Headline(f"As expected, {verdict.value}", reason, f"{control} {sentence(more)}".rstrip(), "passed")
    if verdict is expected:
        due = f"Expected was that it ends {ending(expected, result.expected_cause)}. {lived} {sentence(more)}".rstrip()
        return Headline(f"{verdict.capitalize()}, but for another reason than expected", reason, due, verdict.value)
    if expected is not Verdict.PASSED:
        tone = counts_as(verdict, as_expected=False)
        return Headline(f"{verdict.capitalize()}, but {expected.value} was expected", reason, lived, tone.value)
    return Headline(verdict.capitalize(), reason, f"{lived} {sentence(more)}".rstrip(), verdict.value)


def _split(reason: str) -> tuple[str, str]:
    """A reason as what fits a headline, and the rest of it."""
    head, _, rest = reason.partition("; ") if len(reason) > _HEADLINE else (reason, "", "")
    if len(head) <= _HEADLINE:
        return stop(head), rest
    return short(head, _HEADLINE), reason


def untouched(result: Result) -> bool:
    """True when the drill ended before anything was injected: what clients saw is no effect of it."""
    stages = [stage.name for stage in result.stages]
    return bool(stages) and Stage.INJECT not in stages and result.fault.injected is None


def suffering(result: Result) -> str:
    """What clients lived through, as a clause."""
    found = measure(result, "outage")
    if untouched(result):
        return "nothing was injected"
    if not any(service.probes for service in result.services):
        return "nothing was observed"
    if found and found.interval:
        wholly = any(
            _wholly(service, outage) for service in result.services if service.critical for outage in service.outages
        )
        lived = "were without good answers" if wholly else "got bad answers"
        return f"clients {lived} for {interval(found.interval)}"
    hit = [service for service in result.services if service.critical and service.bad]
    if hit:
        return _unmeasured(hit, found)
    if _unseen(result):
        return "what clients lived through is not known"
    return "no client of a critical service saw a bad answer"


def _unmeasured(hit: Sequence[ServiceResult], outage: MeasureResult | None) -> str:
    if any(one.end is None for service in hit for one in service.outages):
        return "clients still got bad answers when observation ended"
    if outage and outage.at_least:
        return f"clients got bad answers for at least {duration(outage.at_least)}"
    return "clients got bad answers, and for how long is not known"


def _unseen(result: Result) -> bool:
    """True when clients may have lived through what no probe told of; an aborted drill looked no further."""
    return result.verdict is Verdict.ABORTED or any(one.cause in UNSEEN for one in result.findings)


def _wholly(service: ServiceResult, outage: OutageResult) -> bool:
    if outage.end is None or service.period <= 0:
        return False
    return outage.bad * service.period >= _WHOLLY * (outage.end.low - outage.start.high)


def data(result: Result) -> str:
    """What became of acknowledged writes, as a clause."""
    account = result.account
    if account is None:
        return "no ledger of writes was kept"
    if not account.complete:
        return "whether writes were lost is not known"
    classes = (
        (account.lost, "lost"),
        (account.undecided, "lost or discarded"),
        (account.discarded, "discarded by choice"),
    )
    told = [(len(writes), what) for writes, what in classes if writes]
    if not told:
        return "no acknowledged write was lost"
    (many, became), *rest = told
    more = "".join(f", {count} {what}" for count, what in rest)
    return f"{counted(many, 'acknowledged write')} {are(many, 'was', 'were')} {became}{more}"


def gone(account: AccountResult) -> tuple[tuple[str, tuple[LostWrite, ...]], ...]:
    """The acknowledged writes that are not there by what is known of why; without those that there are none of."""
    classes = (
        ("Acknowledged, but gone", account.lost),
        ("Discarded by choice", account.discarded),
        ("Gone, lost or discarded", account.undecided),
    )
    return tuple((title, writes) for title, writes in classes if writes)


def facts(result: Result) -> tuple[Fact, ...]:
    """The five answers: what broke, what the rollback did, how long, what was lost, did objectives hold."""
    return (_broke(result), _rolled_back(result), _suffered(result), _lost(result), _objectives(result))


def by_hand(result: Result) -> tuple[str, ...]:
    """What a person must do because the fault may still be there; empty when all of it was taken back.

    Who took the drill back last knows best: it did again what had failed before.
    """
    if result.taken_back:
        return result.taken_back[-1].left
    if result.fault.undo_failures or result.fault.undone:
        return result.fault.undo_failures
    return ("the journal does not say that the fault was taken back; by hand: drill heal",)


def doubt(result: Result) -> FindingResult | None:
    """What says that the rollback is not as it says of itself, or that nobody can tell; None where nothing does."""
    found = (one for one in result.findings if one.cause in NOT_AS_IT_SAYS)
    return min(found, key=lambda one: one.verdict is not Verdict.MISSED, default=None)


def _broke(result: Result) -> Fact:
    fault, question = result.fault, "What broke"
    if fault.injected is None:
        return Fact(question, "Nothing: the fault was not injected", fault.title, "unknown")
    if fault.effective is None:
        return Fact(question, capital(fault.title), "No effect of it was seen.", "unknown")
    return Fact(
        question,
        capital(fault.title),
        f"Effect seen {duration(fault.effective - fault.injected)} after its injection.",
    )


def _rolled_back(result: Result) -> Fact:
    plan, question = result.plan, "What the rollback did"
    if plan is None or plan.outcome == "not run":
        begun = plan is not None and plan.started is not None
        return Fact(question, "Begun, not finished" if begun else "Nothing: it was not started", "", "unknown")
    what = "the services" if plan.procedure == "configuration" else "the database"
    target = "; ".join(f"{service} to {where}" for service, where in sorted(plan.target.items())) or (
        f"{what} to {plan.goal}" if plan.goal else ""
    )
    if plan.outcome != "done":
        return Fact(question, f"{plan.procedure.capitalize()} rollback {plan.outcome}", sentence(plan.reason), "bad")
    if found := doubt(result):
        state: State = "bad" if found.verdict is Verdict.MISSED else "unknown"
        return Fact(question, f"Says that it took {target or plan.procedure} back", sentence(found.reason), state)
    took = f" in {duration(plan.ended - plan.started)}" if plan.ended is not None and plan.started is not None else ""
    return Fact(question, f"Took {target or plan.procedure} back{took}", f"Procedure: {plan.procedure}.", "good")


def _suffered(result: Result) -> Fact:
    question = "How long clients suffered"
    found = measure(result, "outage")
    hit = [service for service in result.services if service.bad]
    detail = "; ".join(
        f"{service.name}: {sum(service.bad.values())} of {counted(service.probes, 'probe')} bad ({kinds(service.bad)})"
        for service in hit
    )
    if untouched(result):
        what = f"These bad answers are no effect of a fault: {detail}." if detail else ""
        return Fact(question, "Nothing was injected", what, "unknown")
    if not any(service.probes for service in result.services):
        return Fact(question, "Not known", "No probe was recorded.", "unknown")
    if found and found.interval:
        return Fact(question, interval(found.interval), detail)
    return _not_measured(Fact(question, "Not known", detail, "unknown"), hit, found, unseen=_unseen(result))


def _not_measured(fact: Fact, hit: Sequence[ServiceResult], outage: MeasureResult | None, *, unseen: bool) -> Fact:
    """How long clients suffered where that was not measured, or they did not; `fact` says that it is not known."""
    if any(one.end is None for service in hit for one in service.outages):
        return replace(fact, answer="Not over when observation ended", state="bad")
    if outage and outage.at_least:
        return replace(fact, answer=f"At least {duration(outage.at_least)}", state="bad")
    if unseen or any(service.critical for service in hit):
        return replace(fact, detail=fact.detail or "Not everything that clients lived through was seen.")
    if hit:
        return replace(fact, answer="Those of critical services not at all", state="plain")
    return replace(fact, answer="Not at all", detail="Every probe that told anything was good.", state="plain")


def _lost(result: Result) -> Fact:
    question, account = "What data was lost", result.account
    if account is None:
        return Fact(question, "Not known", "This drill kept no ledger of writes.", "unknown")
    if not account.complete or account.rows is None:
        return Fact(question, "Not known", sentence(account.reason), "unknown")
    detail = f"{counted(account.acknowledged, 'write')} acknowledged, {counted(account.rows, 'row')} read back."
    gone = len(account.lost) + len(account.undecided) + len(account.discarded)
    if gone:
        rpo = measure(result, "rpo")
        back = f" Back to {interval(rpo.interval)} before the end." if rpo and rpo.interval else ""
        by_choice = f", {len(account.discarded)} of them by choice" if account.discarded else ""
        return Fact(question, counted(gone, "acknowledged write") + by_choice, detail + back, "bad")
    harm = (
        ("altered", account.altered),
        ("duplicated", account.duplicated),
        ("resurrected", account.resurrected),
        ("foreign", account.foreign),
        ("kept beyond the restore's target", account.beyond),
    )
    found = ", ".join(f"{len(ids)} {name}" for name, ids in harm if ids)
    return Fact(question, f"None lost, but {found}" if found else "None", detail, "bad" if found else "good")


def _objectives(result: Result) -> Fact:
    question, found = "Did the objectives hold", result.objectives
    if not found:
        return Fact(question, "None was declared", "", "unknown")
    held = sum(one.verdict is Verdict.PASSED for one in found)
    missed = any(one.verdict is Verdict.MISSED for one in found)
    detail = " ".join(_of(one) for one in found)
    if held == len(found):
        return Fact(question, "Yes" if held == 1 else f"Yes, all {held}", detail, "good")
    answer = f"{held} of {len(found)} held" + ("" if missed else ", the rest is not known")
    return Fact(question, answer if held or missed else "Not known", detail, "bad" if missed else "unknown")


def _of(objective: ObjectiveResult) -> str:
    text = interval(objective.interval)
    if text == NOT_MEASURED:
        return f"{objective.title}: {text}."
    return f"{objective.title}: {text}, allowed {duration(objective.bound)}."
