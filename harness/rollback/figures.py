"""By which figures a decision is made: those of the metrics source where there is one, else the observer's.

A P95 counts only against one of the same source in the steady state: what services measure of themselves and what
clients wait for are two times.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from harness.clock import Deadline
from harness.rollback.metrics_source import Figures, MetricsSource, Told
from harness.system.metrics_model import ANSWER
from harness.system.values import ServiceHealth
from harness.units import Duration

THE_OBSERVERS: Final = "error rates and P95 are the observer's"
_NOTHING: Final = Figures(problems=dict.fromkeys(("error rate", "P95"), "told nothing of it"))


@dataclass(frozen=True, slots=True)
class Weighed:
    """The figures of all services, with the P95 of each in the steady state, and where each is from, in sentences.

    `problem` says why a metrics source did not answer.
    """

    health: Sequence[ServiceHealth]
    baseline: Mapping[str, Duration]
    sources: tuple[str, ...]
    problem: str = ""


def figures(
    source: MetricsSource | None,
    observed: Sequence[ServiceHealth],
    baseline: Mapping[str, Duration],
    deadline: Deadline,
) -> Weighed:
    """The figures of a decision that is due; a metrics source gets half of the time at most.

    Args:
        source: who is asked, if anybody.
        observed: what the observer saw of each service.
        baseline: the P95 of each that it saw in the steady state.
        deadline: of the decision.
    """
    if source is None:
        return Weighed(observed, baseline, (THE_OBSERVERS,))
    told = source.ask([one.service for one in observed], Deadline.after(min(ANSWER, deadline.left * 0.5)))
    return weigh(observed, baseline, told, source.base, f"{source.name} over {source.window}")


def weigh(
    observed: Sequence[ServiceHealth], baseline: Mapping[str, Duration], told: Told, base: Told, name: str
) -> Weighed:
    """The source's figures where it told them, else the observer's.

    Args:
        observed: as above; a service counts in the share of all bad answers by how many of its the observer saw.
        baseline: as above.
        told: what the source tells now.
        base: what it told in the steady state.
        name: of the source.
    """
    if told.problem:
        rest = f"the metrics source does not answer: {told.problem}; from the observer instead: error rates and P95"
        return Weighed(observed, baseline, (rest,), told.problem)
    health, bases = [], dict(baseline)
    of_source: list[str] = []
    instead: list[str] = []
    for one in observed:
        found, before = told.figures.get(one.service, _NOTHING), base.figures.get(one.service, _NOTHING)
        taken = one
        if found.error_rate is not None:
            taken = replace(taken, error_rate=found.error_rate, samples=max(1, one.samples))
            of_source.append(f"error rate of {one.service} {found.error_rate * 100:.3g} %")
        if found.p95 is not None and before.p95 is not None:
            taken = replace(taken, p95=found.p95)
            bases[one.service] = before.p95
            of_source.append(f"P95 of {one.service} {found.p95} ({before.p95} in the steady state)")
        health.append(taken)
        instead += [f"{figure} of {one.service}, because it {why}" for figure, why in found.problems.items()]
        if found.p95 is not None and before.p95 is None:
            why = base.problem or before.problems.get("P95", "")
            instead.append(f"P95 of {one.service}, because none is known from it of the steady state ({why})")
    sources = [f"from {name}: {'; '.join(of_source)}"] if of_source else []
    sources += [f"from the observer instead of {name}: {'; '.join(instead)}"] if instead else []
    return Weighed(health, bases, tuple(sources))
