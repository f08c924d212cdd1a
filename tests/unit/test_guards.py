"""The guards as pure functions: what holds where, and what each says to a drill before anything is touched."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from harness.drill.guards.answers import Answer, answers
from harness.drill.guards.beforehand import answers_to, may_start, require_confirmed
from harness.drill.guards.duty import over
from harness.drill.guards.intent import Intent, intent_of, longest
from harness.drill.guards.rules import Rules, Said, rules_for
from harness.drill.interrupt import Halt
from harness.drill.spec import Drill
from harness.errors import InputError, UsageError
from harness.faults.catalogue import BadRelease, Nothing
from harness.faults.reach import Hit
from harness.faults.releases import InPlaceRelease
from harness.journal.cause import Cause
from harness.journal.declaration import Verdict
from harness.journal.guard import Guard
from harness.rollback.triggers import ErrorRate, ServiceDown, SlowResponse
from harness.settings import Settings
from harness.system.blackout import Blackout
from harness.system.cluster_model import ClusterTable
from harness.system.guards_model import Allowed, Guards
from harness.system.load import load_system
from harness.system.model import SystemModel
from harness.units import Duration
from tests.support.commands import ECHO, REPOSITORY
from tests.unit.test_drill_builder import builder, built

NOW = datetime(2026, 7, 1, 10, 0, tzinfo=UTC)  # a Wednesday
SECOND = Duration.of(s=1)
STAGING, ELSEWHERE = Allowed(context="staging-eu", namespace="audio"), Allowed(context="prod-eu", namespace="audio")
TRACKTION = load_system(REPOSITORY / "fixtures/tracktion/drill.toml")
NIGHT = Blackout.model_validate({"from": "22:00", "to": "06:00", "zone": "UTC", "why": "backups"})
FREE = Rules((), (), confirm=False, share=1.0, services=None, duration=SECOND * 600, blackouts=(), stops=())
HERE = Intent(
    sandbox="embedded",
    environment="test",
    place=None,
    confirmed="",
    switch="no drill runs while stop is there",
    thrown="",
    fault="a fault",
    hits=(Hit("echo", 2, 2),),
    longest=SECOND * 60,
    moment=NOW,
)
THERE = replace(HERE, sandbox="cluster", place=STAGING)
ON_ITS_OWN, ON_A_CLUSTER = "embedded", "cluster"


def model(guards: Guards | None = None, *, environment: str = "test") -> SystemModel:
    table = ClusterTable(context="staging-eu", namespace="audio", host="127.0.0.1")
    found = TRACKTION.model_copy(update={"cluster": table, "guards": guards or Guards(), "environment": environment})
    return found.at(TRACKTION.root)


def table(**fields: object) -> Guards:
    return Guards.model_validate(fields)


def drill(said: Said | None = None, system: SystemModel | None = None, fault: object = None) -> Drill:
    scenario = builder(system or model())
    scenario.break_by(fault or BadRelease("analysis-service", "2.5.0"))  # type: ignore[arg-type]
    scenario.guard(said or Said())
    return built(scenario)


def answer(guard: Guard, rules: Rules, intent: Intent = HERE) -> Answer:
    [found] = [one for one in answers(rules, intent) if one.guard is guard]
    return found


def test_every_guard_answers_in_the_same_order_whether_it_is_on_or_not() -> None:
    strict = Rules(
        (STAGING,), (STAGING,), confirm=True, share=0.1, services=0, duration=SECOND, blackouts=(NIGHT,),
        stops=(ErrorRate("echo"),),
    )  # fmt: skip
    for rules, intent in ((FREE, HERE), (strict, HERE), (strict, THERE)):
        assert [one.guard for one in answers(rules, intent)] == list(Guard)
    on = [one.guard for one in answers(FREE, HERE) if one.on]
    assert on == [Guard.KILL_SWITCH, Guard.TARGET, Guard.DURATION]
    assert all(one.on for one in answers(strict, THERE))


# Which guards hold where


def test_in_a_sandbox_of_its_own_a_drill_may_break_all_and_only_its_time_is_limited() -> None:
    guards = table(share="10 %", services=0, stop=[{"error_rate": "10 %", "for": "1 s"}], blackout=[NIGHT])
    for sandbox in ("embedded", "kind"):
        found = rules_for(model(guards, environment="production"), Said(), sandbox)
        assert found == replace(FREE, duration=Duration.of(s=1800))


def test_on_a_cluster_the_defaults_are_narrow() -> None:
    found = rules_for(model(), Said(), ON_A_CLUSTER)
    assert (found.share, found.services, found.duration) == (0.5, 1, Duration.of(s=1800))
    assert found.stops == tuple(
        ErrorRate(name, 0.5, Duration.of(s=30)) for name in ("file-watcher", "analysis-service", "tracklist-service")
    )
    assert not found.confirm
    assert rules_for(model(environment="production"), Said(), ON_A_CLUSTER).confirm


def test_what_drill_toml_says_holds_on_a_cluster_and_everywhere_if_it_says_so() -> None:
    stop = [
        {"service": "notification-service", "times_slower": 10, "for": "1 s"},
        {"error_rate": "20 %", "for": "1 s"},
    ]
    guards = table(share="100 %", services=3, duration="9 s", stop=stop, blackout=[NIGHT], confirm=["test"])
    expected = Rules(
        (), (), confirm=True, share=1.0, services=3, duration=SECOND * 9, blackouts=(NIGHT,),
        stops=(
            SlowResponse("notification-service", 10, SECOND),
            *(ErrorRate(name, 0.2, SECOND) for name in ("file-watcher", "analysis-service", "tracklist-service")),
        ),
    )  # fmt: skip
    assert rules_for(model(guards), Said(), ON_A_CLUSTER) == expected
    everywhere = guards.model_copy(update={"everywhere": True})
    assert rules_for(model(everywhere), Said(), ON_ITS_OWN) == expected


def test_no_abort_condition_at_all_must_be_said() -> None:
    assert rules_for(model(Guards(stop=())), Said(), ON_A_CLUSTER).stops == ()


def test_a_scenario_makes_guards_stricter_and_never_looser() -> None:
    guards = table(share="50 %", services=2, duration="1 min", stop=[], blackout=[NIGHT])
    looser = Said(share=1.0, services=9, duration=SECOND * 600)
    found = rules_for(model(guards), looser, ON_A_CLUSTER)
    assert (found.share, found.services, found.duration) == (0.5, 2, SECOND * 60)
    down = ServiceDown("analysis-service", SECOND)
    stricter = Said((STAGING,), confirm=True, share=0.2, services=1, duration=SECOND, blackouts=(NIGHT,), stops=(down,))
    found = rules_for(model(guards), stricter, ON_A_CLUSTER)
    assert (found.share, found.services, found.duration, found.confirm) == (0.2, 1, SECOND, True)
    assert (found.only, found.blackouts, found.stops) == ((STAGING,), (NIGHT, NIGHT), (down,))


def test_drill_toml_gives_drills_more_time_than_the_default_and_a_scenario_only_less() -> None:
    for sandbox in (ON_ITS_OWN, ON_A_CLUSTER):
        times = [
            rules_for(model(guards), said, sandbox).duration.seconds
            for guards in (table(), table(duration="2 h"))
            for said in (Said(), Said(duration=SECOND * 3600), Said(duration=SECOND * 60))
        ]
        assert times == [1800, 1800, 60, 7200, 3600, 60]


def test_what_a_scenario_says_twice_is_the_stricter_of_both() -> None:
    scenario = builder()
    for said in (Said(share=0.5, services=1), Said(share=0.2, services=2), Said(duration=SECOND), Said(confirm=True)):
        scenario.guard(said)
    assert scenario.guards == Said(confirm=True, share=0.2, services=1, duration=SECOND)


@pytest.mark.parametrize(
    "said", [lambda: Said(duration=Duration(0)), lambda: Said(stops=(ServiceDown("echo", Duration(0)),))]
)
def test_a_limit_that_is_none_is_refused(said: object) -> None:
    with pytest.raises(InputError, match="above zero"):
        said()  # type: ignore[operator]


# What each says


def test_a_place_that_is_not_on_the_allow_list_is_refused_and_it_is_said_what_to_add() -> None:
    refused = answer(Guard.PLACE, FREE, THERE)
    assert refused.refusal == (
        "namespace audio of context staging-eu is not on the allow list; add [[guards.allow]] with "
        'context = "staging-eu" and namespace = "audio" to drill.toml if you mean it'
    )
    assert not answer(Guard.PLACE, replace(FREE, allow=(ELSEWHERE,)), THERE).allowed
    assert answer(Guard.PLACE, replace(FREE, allow=(ELSEWHERE, STAGING)), THERE).allowed


def test_a_scenario_that_names_its_places_runs_nowhere_else_and_opens_none() -> None:
    only = replace(FREE, only=(STAGING,))
    assert not answer(Guard.PLACE, only, HERE).allowed
    assert not answer(Guard.PLACE, only, THERE).allowed, "the allow list is the owners'"
    assert answer(Guard.PLACE, replace(only, allow=(STAGING,)), THERE).allowed
    assert not answer(Guard.PLACE, replace(only, allow=(ELSEWHERE,)), replace(THERE, place=ELSEWHERE)).allowed


@pytest.mark.parametrize(
    ("confirmed", "refusal"),
    [
        ("staging-eu", ""),
        ("", "nobody named it; type --confirm staging-eu to break production there, or set DRILL_CONFIRM=staging-eu"),
        ("staging", "staging was named; type --confirm staging-eu"),
        ("STAGING-EU", "STAGING-EU was named"),
    ],
)
def test_who_breaks_production_names_its_context_exactly(confirmed: str, refusal: str) -> None:
    intent = replace(THERE, environment="production", confirmed=confirmed)
    found = answer(Guard.CONFIRMATION, replace(FREE, confirm=True), intent)
    assert found.allowed is (not refusal)
    assert found.refusal.startswith(refusal)


def test_a_context_is_told_as_it_must_be_typed_in_a_shell() -> None:
    place = Allowed(context="admin@prod eu", namespace="audio")
    found = answer(Guard.CONFIRMATION, replace(FREE, confirm=True), replace(THERE, place=place))
    assert "type --confirm 'admin@prod eu'" in found.refusal


def test_nothing_starts_while_the_kill_switch_is_there(tmp_path: Path) -> None:
    switch = tmp_path / "stop"
    settings = Settings(named_kill_switch=switch)
    assert may_start(drill(), ON_ITS_OWN, settings)
    switch.touch()
    [refused] = [one for one in answers_to(drill(), ON_ITS_OWN, settings) if not one.allowed]
    assert refused.guard is Guard.KILL_SWITCH
    assert refused.refusal == f"the kill switch {switch} is there; no drill runs until it is removed"


@pytest.mark.parametrize(
    ("hits", "share", "services", "refuses"),
    [
        ((Hit("echo", 1, 2),), 0.5, 1, []),
        ((Hit("echo", 2, 3),), 0.5, 1, [Guard.SHARE]),
        ((Hit("echo", 1, 3), Hit("web", 1, 1)), 0.5, 1, [Guard.SERVICES, Guard.SHARE]),
        ((Hit("echo", 7, 10),), 0.7, 1, []),
        ((Hit("echo", 1, 3),), 0.333, 1, [Guard.SHARE]),
        ((Hit("echo", 1, 1),), 0.0, 0, [Guard.SERVICES, Guard.SHARE]),
        ((Hit("echo", 5, 5),), 1.0, None, []),
        ((), 1.0, None, [Guard.TARGET]),
        ((Hit("echo", 0, 0),), 0.5, 1, [Guard.TARGET]),
        (None, 0.0, 0, []),
    ],
)
def test_a_fault_hits_something_but_no_more_than_it_may(
    hits: tuple[Hit, ...] | None, share: float, services: int | None, refuses: list[Guard]
) -> None:
    found = answers(replace(FREE, share=share, services=services), replace(HERE, hits=hits))
    assert [one.guard for one in found if not one.allowed] == refuses


def test_a_refusal_names_what_would_be_hit() -> None:
    found = answer(Guard.SHARE, replace(FREE, share=0.5))
    assert found.sentence == (
        "its fault hits at most 50 % of the replicas that serve a service: it would hit 2 of 2 of echo"
    )


@pytest.mark.parametrize(
    ("hour", "minute", "refusal"),
    [
        (20, 0, ""),
        (21, 58, ""),
        (21, 59, "it is wed 2026-07-01 21:59 there; it begins wed 2026-07-01 22:00, and the drill may take 1 min"),
        (22, 0, "it is wed 2026-07-01 22:00 there, and it lasts until thu 2026-07-02 06:00"),
        (6, 0, ""),
    ],
)
def test_a_drill_starts_only_if_it_is_over_before_a_blackout(hour: int, minute: int, refusal: str) -> None:
    intent = replace(HERE, moment=NOW.replace(hour=hour, minute=minute), longest=SECOND * 60)
    found = answer(Guard.BLACKOUT, replace(FREE, blackouts=(NIGHT,)), intent)
    assert found.rule == "no drill runs from 22:00 to 06:00 in UTC (backups)"
    assert found.refusal == refusal


def test_a_drill_that_is_stopped_in_time_cannot_reach_into_a_blackout() -> None:
    """Its stages may take two hours, but it may not."""
    intent = replace(HERE, moment=NOW.replace(hour=21), longest=SECOND * 7200)
    assert not answer(Guard.BLACKOUT, replace(FREE, blackouts=(NIGHT,), duration=SECOND * 3600), intent).allowed
    assert answer(Guard.BLACKOUT, replace(FREE, blackouts=(NIGHT,), duration=SECOND * 3599), intent).allowed


def test_a_drill_that_runs_is_stopped_when_its_time_is_over_or_a_blackout_begins() -> None:
    rules = replace(FREE, blackouts=(NIGHT,), duration=SECOND * 600)
    before, on = NOW.replace(hour=21, minute=59, second=59), NOW.replace(hour=22)
    assert over(rules, SECOND * 599, before) is None
    late, dark = over(rules, SECOND * 600, before), over(rules, SECOND, on)
    assert late == Halt("guard", "it took longer than 10 min", guard=Guard.DURATION, rule="it takes at most 10 min")
    assert dark is not None
    assert (dark.guard, dark.reason) == (Guard.BLACKOUT, f"{dark.rule}: that began")
    assert over(rules, SECOND * 600, on) == dark
    assert {late.rule, dark.rule} <= {one.rule for one in answers(rules, HERE)}


# What a drill is about to do


def test_what_a_drill_would_hit_follows_from_what_is_declared() -> None:
    at_work = drill(system=model(environment="production"))
    intent = intent_of(at_work, ON_A_CLUSTER, Settings(confirmed="x"), NOW)
    assert intent.hits == (Hit("analysis-service", 3, 3),)
    assert (intent.place, intent.name, intent.confirmed) == (STAGING, "staging-eu", "x")
    assert intent_of(at_work, "kind", Settings(), NOW).name == "kind"


def test_a_release_of_what_serves_already_hits_nothing() -> None:
    found = answers_to(drill(fault=InPlaceRelease("analysis-service", "2.4.0")), ON_ITS_OWN, Settings(), NOW)
    assert [one.guard for one in found if not one.allowed] == [Guard.TARGET]


def test_a_control_that_breaks_nothing_on_purpose_may_run() -> None:
    assert may_start(drill(fault=Nothing()), ON_ITS_OWN, Settings())


def test_a_drill_may_take_as_long_as_all_of_its_stages_together() -> None:
    declared = drill()
    settings = Settings()
    longer = replace(declared, limits=replace(declared.limits, roll_back=declared.limits.roll_back + SECOND * 7))
    assert longest(longer, settings) - longest(declared, settings) == SECOND * 7
    assert longest(declared, settings) > declared.limits.detect + declared.limits.recover


def test_a_cluster_that_drill_toml_does_not_name_is_told() -> None:
    with pytest.raises(UsageError, match=r"there is no \[cluster\] table"):
        intent_of(drill(system=load_system(ECHO), fault=BadRelease("echo", "2.0.0")), ON_A_CLUSTER, Settings(), NOW)


def test_production_on_a_cluster_refuses_the_whole_run_until_its_context_is_named() -> None:
    allowed = table(allow=[STAGING], share="100 %")
    planned = [(drill(system=model(allowed)), ON_A_CLUSTER)]
    require_confirmed(planned, Settings(confirmed=""))
    production = [(drill(system=model(allowed, environment="production")), ON_A_CLUSTER)]
    with pytest.raises(
        UsageError, match=r"a.feature:3: one: not confirmed: nobody named it; type --confirm staging-eu"
    ):
        require_confirmed([*planned, *production], Settings(confirmed=""))
    require_confirmed(production, Settings(confirmed="staging-eu"))
    require_confirmed([(production[0][0], "kind")], Settings(confirmed=""))
    assert may_start(production[0][0], ON_A_CLUSTER, Settings(confirmed="staging-eu"))


def test_a_scenario_that_shows_the_refusal_itself_may_run() -> None:
    shown = replace(drill(Said(confirm=True)), expected=Verdict.ABORTED, expected_cause=Cause.GUARD_CONFIRMATION)
    require_confirmed([(shown, ON_ITS_OWN)], Settings(confirmed=""))
    assert not may_start(shown, ON_ITS_OWN, Settings(confirmed=""))
    assert may_start(shown, ON_ITS_OWN, Settings(confirmed="embedded", state_dir=Path("unused")))
