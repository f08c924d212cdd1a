"""What happened in synthetic drills: stories with every length of time, and what their drills declare."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final

from harness.journal import declaration as d
from harness.journal import records as r
from harness.journal.cause import Cause
from harness.journal.observation import Outcome
from harness.journal.undo import Switch
from harness.units import Duration, Instant

FEATURE: Final = "features/release/bad_release.feature"
BASE: Final = 81_234 * 10**9  # the machine had been up for some hours
UTC: Final = 1_772_532_000 * 10**9
UNDO: Final = Switch(service="tracklist-service", slot="blue")
TRACKTION: Final = ("tracklist-service", "analysis-service", "notification-service", "file-watcher")


@dataclass(frozen=True)
class Story:
    """What happened in a drill; lengths of time in seconds, `None` for what did not happen."""

    name: str = "A release that fails 40 % of requests is rolled back"
    drill_id: str = "bad-release-40"
    services: tuple[str, ...] = TRACKTION
    hit: dict[str, tuple[Outcome, float]] = field(
        default_factory=lambda: {
            "tracklist-service": (Outcome.STATUS, 0.4),
            "analysis-service": (Outcome.SLOW, 0.25),
        }
    )
    fault: str = "release 2.5.0 of tracklist-service, which answers 40 % of requests with 500"
    steady: float = 5.0
    detect: float = 0.9
    rollback: float = 2.2
    sustain: float = 5.0
    validate: float = 0.4
    rate: int = 50
    effect: bool = True
    until: r.Stage | None = None
    stopped: str = ""
    lost: int = 0
    rto: str = "15 s"
    stall: float = 0.0
    expected: d.Verdict = d.Verdict.PASSED
    expected_cause: Cause | None = None
    undo_error: str = ""
    failure: str = "its effect was not seen within 10 s"
    seed: int = 7


def at(second: float) -> Instant:
    """The instant that lies so many seconds after the first record."""
    return Instant(BASE + round(second * 1e9))


def source(line: int, text: str) -> d.Source:
    """A line of the feature."""
    return d.Source(file=FEATURE, line=line, text=text)


def declared(story: Story) -> r.DrillDeclared:
    """The declaration of a story's drill."""
    validation = d.Phase.VALIDATION
    criteria = (
        ("steady", "all services answer well", d.Phase.STEADY_STATE, "at least", 99.0, "%", 8),
        ("errors", "at most 1 % of requests fail after recovery", validation, "at most", 1.0, "%", 19),
        (
            "p95",
            "the 95th percentile of latency is back within 150 ms",
            validation,
            "at most",
            150.0,
            "ms",
            20,
        ),
        ("release", "tracklist-service serves release 2.4.0", validation, "equals", "2.4.0", "", 21),
    )
    return r.DrillDeclared(
        run_id="20260303-100000-k7f2",
        drill_id=story.drill_id,
        name=story.name,
        description="Clients keep reading and writing while a bad release goes live and is taken back.",
        source=source(6, f"Scenario: {story.name}"),
        tags=("release", "smoke"),
        system="tracktion",
        environment="test",
        sandbox="embedded",
        services=tuple(
            d.ServiceDeclared(
                name=name,
                critical=index < 2,
                period=Duration.of(s=1 / story.rate),
                within=Duration.of(ms=300),
                request="GET /tracklists/1" if index == 0 else "GET /healthz",
            )
            for index, name in enumerate(story.services)
        ),
        load=(d.LoadDeclared(service=story.services[0], rate=200.0),),
        ledger=d.LedgerDeclared(service=story.services[0], clients=8, rate=40.0),
        fault=story.fault,
        effect="at least one answer in ten of tracklist-service is a 500",
        triggers=(
            d.TriggerDeclared(
                id="errors",
                name="more than 5 % of requests fail for 500 ms",
                hold=Duration.of(ms=500),
                severity="critical",
                source=source(14, ""),
            ),
        ),
        procedure="traffic",
        target="blue",
        objectives=(
            d.Objective(measured=d.Measured.RTO, bound=Duration.parse(story.rto), source=source(17, "")),
            d.Objective(measured=d.Measured.RPO, bound=Duration(0), source=source(18, "")),
        ),
        criteria=tuple(
            d.Criterion.model_validate(
                {
                    "id": key,
                    "name": name,
                    "phase": phase,
                    "comparison": comparison,
                    "bound": bound,
                    "unit": unit,
                    "within": Duration.of(s=5),
                    "source": source(line, name),
                }
            )
            for key, name, phase, comparison, bound, unit, line in criteria
        ),
        sustain=d.Sustain(time=Duration.of(s=story.sustain)),
        lag_limit=Duration.of(ms=100),
        expected=story.expected,
        expected_cause=story.expected_cause,
        versions={
            "rollback-drill": "0.1.0",
            "python": "3.11.7",
            "postgresql": "18.6",
            "tracktion": "2.5.0 → 2.4.0",
        },
        again=f"drill run {FEATURE}:6 --sandbox embedded --seed {story.seed}",
    )


@dataclass(frozen=True)
class Times:
    """When things happen in a story, in seconds from the first record."""

    probes: float
    inject: float
    injected: float
    effect: float
    trigger: float
    decided: float
    rollback: float
    rolled_back: float
    good: float
    recovered: float
    validated: float
    end: float


def times_of(story: Story) -> Times:
    probes = 1.84
    inject = probes + story.steady
    injected = inject + 0.118
    effect = injected + 0.141
    trigger = effect + story.detect
    rollback = trigger + 0.019
    rolled_back = rollback + story.rollback
    good = rolled_back - min(0.3, story.rollback / 4)
    recovered = good + story.sustain + 0.05
    validated = recovered + story.validate
    return Times(
        probes, inject, injected, effect, trigger, trigger + 0.006, rollback, rolled_back, good, recovered,
        validated, validated + 1.1,
    )  # fmt: skip


BAD_RELEASE: Final = Story()
CRASH: Final = replace(
    BAD_RELEASE,
    name="A crashed service is brought back by the rollback",
    drill_id="crash",
    hit={"tracklist-service": (Outcome.REFUSED, 1.0), "file-watcher": (Outcome.TIMEOUT, 0.6)},
    fault="tracklist-service 2.5.0 exits 100 ms after it took its first request",
)
STORIES: Final = {
    "passed": BAD_RELEASE,
    "crash": CRASH,
    "slow": replace(
        BAD_RELEASE,
        name="A slow release is rolled back",
        drill_id="slow-release",
        hit={"tracklist-service": (Outcome.SLOW, 1.0)},
        fault="tracklist-service 2.5.1 answers 400 ms late",
        detect=2.6,
    ),
    "missed": replace(CRASH, drill_id="lost-writes", lost=7, rto="9 s", rollback=6.0, undo_error="slot green is busy"),
    "indeterminate": replace(CRASH, drill_id="too-close", rto="8377 ms", stall=0.08, rollback=2.16),
    "invalid": replace(
        BAD_RELEASE,
        name="A fault without an effect is noticed (negative control)",
        drill_id="no-op",
        effect=False,
        until=r.Stage.INJECT,
        fault="no-op: a release that differs only in its version",
        expected=d.Verdict.INVALID,
        expected_cause=Cause.NO_EFFECT,
    ),
    "aborted": replace(
        CRASH,
        drill_id="aborted",
        until=r.Stage.ROLL_BACK,
        stopped="notification-service answered badly for 2 s and is outside this drill's blast radius",
    ),
    "nothing": replace(
        BAD_RELEASE,
        name="The database does not start",
        drill_id="nothing-measured",
        until=r.Stage.PREPARE,
        failure="PostgreSQL did not accept connections within 60 s",
    ),
}
