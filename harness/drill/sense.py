"""Refuses scenarios that make no sense: mistakes that would only show when a drill has run for nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from harness.drill.spec import CriterionSpec, Limits
from harness.errors import InputError
from harness.faults.data import FeltAnywhere
from harness.faults.hindrance import Obstacle
from harness.faults.model import Fault
from harness.faults.of_notices import OfNotices
from harness.journal.declaration import Source, Sustain, Verdict
from harness.rollback.plan import Procedure
from harness.rollback.triggers import AnyTrigger
from harness.system.model import SystemModel
from harness.units import Duration


class Said(Protocol):
    """What of a scenario is looked at."""

    @property
    def origin(self) -> Source:
        """Where the scenario stands."""

    @property
    def system_file(self) -> str:
        """The description of its system."""

    @property
    def model(self) -> SystemModel:
        """Its system."""

    @property
    def expected(self) -> Verdict:
        """The verdict in which it should end."""

    @property
    def triggers(self) -> Sequence[tuple[AnyTrigger, Source]]:
        """Its triggers."""

    @property
    def detect_limit(self) -> Duration | None:
        """By when one of them must be met, if it says so."""

    @property
    def hindrances(self) -> Sequence[Obstacle]:
        """What stands in the way of its rollback."""

    @property
    def procedure(self) -> Procedure:
        """How is rolled back."""

    @property
    def back_to(self) -> str | None:
        """The release that the scenario says is gone back to."""

    @property
    def going(self) -> str | None:
        """The service that it says goes back."""

    @property
    def sustain(self) -> Sustain:
        """For how long answers must be good."""

    @property
    def criteria(self) -> Sequence[CriterionSpec]:
        """What must hold after the rollback."""

    def services(self, *, critical: bool = False) -> tuple[str, ...]:
        """Names of all services, or of the critical ones."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a scenario could not pass, and what would do. `late` is about a deadline or a bound that nothing can meet."""

    kind: Literal["late", "pointless"]
    where: str
    text: str
    fix: str

    def __str__(self) -> str:
        text = f"{self.text}; {self.fix}"
        return f"{self.where}: {text}" if self.where else text


def refuse_what_cannot_pass(said: Said, fault: Fault, limits: Limits) -> None:
    """Refuses a scenario that could not pass, because what it judges by is empty or out of reach.

    Args:
        said: the scenario.
        fault: what it breaks.
        limits: how long its stages may take.

    Raises:
        InputError: it says which, and what to change.
    """
    for problem in what_cannot_pass(said, fault, limits):
        raise InputError(str(problem))


def what_cannot_pass(said: Said, fault: Fault, limits: Limits) -> Iterator[Problem]:
    """All reasons for which a scenario could not pass, the gravest first; arguments as above."""
    critical = said.services(critical=True)
    if not critical:
        yield Problem(
            "pointless",
            said.system_file,
            "no service is critical, so nothing could be an outage",
            "leave out 'critical = false' of those whose outage is one of the system",
        )
        return
    service = getattr(fault, "service", None)
    if service is not None and service not in critical and said.expected is Verdict.PASSED:
        yield Problem(
            "pointless",
            "",
            f"{service} is not critical, so its outage is none of the system and no recovery could be measured",
            f"break one of {', '.join(critical)}",
        )
    shortest = min((one.hold for one, _ in said.triggers), default=None)
    if shortest and said.detect_limit and said.detect_limit < shortest:
        yield Problem(
            "late",
            str(said.origin),
            f"a rollback cannot be called for within {said.detect_limit}, because the shortest "
            f"trigger must hold for {shortest}",
            "give it more time, or name a trigger that holds for less",
        )
    yield from _no_notice(said)
    yield from _no_time(said, limits)
    if said.expected is Verdict.PASSED:
        yield from _the_release_that_breaks(said, fault)
        yield from _nobody_goes_back(said, fault)
        yield from _patience(said, limits)


def _no_notice(said: Said) -> Iterator[Problem]:
    """Who is kept for escalations is told of nothing else, so there is nothing that could be late or refused."""
    kept = {one.name for one in said.model.notify if one.escalation}
    for one in said.hindrances:
        if isinstance(one, OfNotices) and one.receiver in kept and said.procedure is not Procedure.EMERGENCY:
            yield Problem(
                "pointless",
                str(said.origin),
                f"{one.title}, and it is told only of an emergency that is not over, so no notice could meet that",
                "name a receiver without 'escalation', or make the rollback an emergency",
            )


def _no_time(said: Said, limits: Limits) -> Iterator[Problem]:
    """Nothing happens in no time, and what must last for no time has happened already."""
    named = {
        "clients must feel the fault": limits.effect,
        "a rollback must be called for": limits.detect,
        "it must be decided": limits.decide,
        "the rollback must be done": limits.roll_back,
        "clients must get good answers again": limits.recover,
        **{f"it must hold that {spec.criterion.name}": spec.criterion.within for spec in said.criteria},
    }
    for what, limit in named.items():
        if limit <= Duration(0):
            text = f"{what} within {limit}, and nothing can"
            yield Problem("late", str(said.origin), text, "expected a time above zero")
    if said.sustain.time <= Duration(0) or said.sustain.probes < 1:
        yield Problem(
            "pointless",
            str(said.origin),
            f"good answers must last for {said.sustain.time}, so the first one would be a recovery",
            "expected a time above zero",
        )


def _the_release_that_breaks(said: Said, fault: Fault) -> Iterator[Problem]:
    """Going back to the release that is the fault is not going back."""
    bad = getattr(fault, "version", None)
    if bad is not None and said.back_to == bad:
        yield Problem(
            "pointless",
            str(said.origin),
            f"the release {bad} is what the drill breaks the system with, and what would be rolled back to",
            "expected the release that was live before, or another one",
        )


def _nobody_goes_back(said: Said, fault: Fault) -> Iterator[Problem]:
    """What acts on data, or on somebody else's API, breaks no service that would be known to go back."""
    named = said.going or said.procedure is Procedure.APPLICATION
    if isinstance(fault, FeltAnywhere) and said.back_to and not named:
        yield Problem(
            "pointless",
            str(said.origin),
            f"{fault.title}: that breaks no service by itself, so nothing would go back to {said.back_to}",
            f"say which: '{said.services()[0]} is rolled back to {said.back_to} by switching traffic within 9 s'",
        )


def _patience(said: Said, limits: Limits) -> Iterator[Problem]:
    """Where an answer may take longer than the effect, one that never comes is good for all that time."""
    for name in said.services(critical=True):
        within = said.model.services[name].probe.within
        if within > limits.effect:
            yield Problem(
                "late",
                str(said.origin),
                f"a good answer of {name} may take {within}, and clients must feel the fault within "
                f"{limits.effect}, so a service that hangs would count as good",
                "give answers less time, or the effect more",
            )
