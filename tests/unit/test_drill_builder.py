"""The builder: what a scenario leaves out gets a sensible default, and the order of its steps does not matter."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.bdd.scenario import slug_of
from harness.drill import demands
from harness.drill.altered import with_external_api
from harness.drill.builder import DrillBuilder
from harness.drill.declare import declaration
from harness.drill.spec import Drill
from harness.errors import InputError, NotFound
from harness.faults.catalogue import BadRelease, Crash, Nothing
from harness.faults.cluster import HungUpgrade
from harness.faults.external_api import ExternalApiDown, NoExternalApi
from harness.faults.hindrance import Hindered, UnfinishedRollback
from harness.faults.of_notices import ReceiverDown, ReceiverSlow
from harness.faults.releases import CarelessRelease, InPlaceRelease
from harness.journal.cause import Cause
from harness.journal.declaration import Measured, Phase, Source, Verdict
from harness.rollback.assessment import Patience, Severity
from harness.rollback.plan import Procedure
from harness.rollback.triggers import Declared, ErrorRate, ServiceDown, default_triggers
from harness.settings import Settings
from harness.system.load import load_system
from harness.system.model import SystemModel
from harness.units import Duration
from tests.support.commands import ECHO, REPOSITORY
from tests.support.fooled import altered

S = Duration.of(s=1)
HERE = Source(file="a.feature", line=3, text="Scenario: one")
TRACKTION = load_system(REPOSITORY / "fixtures/tracktion/drill.toml")


def builder(model: SystemModel | None = None, expected: Verdict = Verdict.PASSED) -> DrillBuilder:
    return DrillBuilder(
        name="one",
        description="",
        tags=("release",),
        model=model or load_system(ECHO),
        system_file="drill.toml",
        here=HERE,
        origin=HERE,
        settings=Settings(state_dir=Path("unused")),
        expected=expected,
    )


def built(scenario: DrillBuilder) -> Drill:
    return scenario.build("one")


def test_without_triggers_the_handbooks_watch_the_broken_service() -> None:
    scenario = builder()
    scenario.break_by(Crash("echo"))
    drill = built(scenario)
    assert [spec.trigger.title for spec in drill.triggers] == [
        "echo down for 5 min",
        "error rate of echo above 5 % for 5 min",
        "response time of echo above 3 times its baseline for 10 min",
    ]
    assert drill.limits.detect > Duration.of(s=11 * 60)


def test_when_nothing_is_broken_the_handbooks_triggers_watch_every_critical_service() -> None:
    scenario = builder(TRACKTION)
    scenario.break_by(Nothing())
    found = [spec.trigger for spec in built(scenario).triggers]
    watched = {one.service for one in found if not isinstance(one, Declared)}
    assert watched == {"file-watcher", "analysis-service", "tracklist-service"}
    declared = [one.name for one in found if isinstance(one, Declared)]
    assert declared == [one.name for one in scenario.model.triggers]


def test_a_trigger_of_the_systems_own_is_watched_by_its_check_and_one_that_is_not_there_is_refused() -> None:
    scenario = builder(TRACKTION)
    scenario.break_by(Crash("file-watcher"))
    scenario.call_by("tracklists lose files", S)
    [spec] = built(scenario).triggers
    assert spec.watched
    assert (spec.trigger.title, spec.severity) == ("data corruption: tracklists lose files for 1 s", Severity.CRITICAL)
    assert (spec.watched.criterion.bound, spec.watched.criterion.comparison) == (0, "equals")
    with pytest.raises(NotFound, match="has no trigger 'x'; it has 'tracklists lose files'"):
        scenario.call_by("x")


def test_a_number_of_replicas_is_every_services_and_the_described_system_stays_as_it_is() -> None:
    scenario = builder(TRACKTION)
    scenario.has_replicas(2)
    scenario.break_by(Crash("file-watcher"))
    drill = built(scenario)
    assert {drill.model.replicas(service) for service in drill.model.services} == {2}
    assert drill.model.root == TRACKTION.root
    assert {TRACKTION.replicas(service) for service in TRACKTION.services} == {1}


@pytest.mark.parametrize("count", [0, -1, 51])
def test_a_number_of_replicas_that_no_service_can_have_is_refused(count: int) -> None:
    with pytest.raises(InputError, match=rf"no service has {count} replicas; expected 1 to 50"):
        builder().has_replicas(count)


def test_without_objectives_those_of_the_system_hold() -> None:
    scenario = builder(TRACKTION)
    scenario.break_by(Crash("file-watcher"))
    assert {one.measured: str(one.bound) for one in built(scenario).objectives} == {
        Measured.RTO: "15 min",
        Measured.RPO: "5 min",
        Measured.VALIDATION: "5 min",
    }


def test_a_system_without_a_ledger_has_no_recovery_point() -> None:
    scenario = builder()
    scenario.break_by(Crash("echo"))
    assert Measured.RPO not in {one.measured for one in built(scenario).objectives}


def test_an_objective_is_stated_once() -> None:
    scenario = builder()
    scenario.must_measure(Measured.RTO, S)
    with pytest.raises(InputError, match="the objective 'rto' is said in line 3 already; take one"):
        scenario.must_measure(Measured.RTO, S * 2)


def test_one_service_by_itself_counts_more_than_every_service_whichever_is_said_first() -> None:
    for everywhere_first in (True, False):
        scenario = builder(TRACKTION)
        scenario.break_by(Crash("file-watcher"))
        if everywhere_first:
            scenario.all_run("2.4.0")
        scenario.runs("file-watcher", "2.4.1", "2.4.0")
        if not everywhere_first:
            scenario.all_run("2.4.0")
        drill = built(scenario)
        assert drill.versions["file-watcher"] == "2.4.1"
        assert drill.versions["tracklist-service"] == "2.4.0"


def test_where_the_rollback_goes_may_be_said_before_what_is_broken() -> None:
    scenario = builder()
    scenario.roll_back_to("1.1.0", S)
    scenario.break_by(BadRelease("echo", "2.0.0"))
    assert built(scenario).target == {"echo": "1.1.0"}


def test_a_bad_release_goes_back_to_what_was_live_and_a_crash_to_what_stands_by() -> None:
    targets = {}
    for fault in (BadRelease("echo", "2.0.0"), Crash("echo")):
        scenario = builder()
        scenario.runs("echo", "1.1.0", "1.0.0")
        scenario.break_by(fault)
        targets[type(fault)] = built(scenario).target
    assert targets == {BadRelease: {"echo": "1.1.0"}, Crash: {"echo": "1.0.0"}}


def test_where_nothing_is_broken_nothing_is_rolled_back() -> None:
    scenario = builder()
    scenario.break_by(Nothing())
    scenario.roll_back_to("1.0.0", S)
    assert built(scenario).target == {}


def test_a_service_that_is_not_critical_cannot_be_drilled_for_a_pass() -> None:
    scenario = builder(TRACKTION)
    scenario.break_by(Crash("notification-service"))
    with pytest.raises(InputError, match="notification-service is not critical"):
        built(scenario)


def test_a_service_that_is_not_critical_can_be_broken_where_no_pass_is_expected() -> None:
    scenario = builder(TRACKTION, expected=Verdict.INDETERMINATE)
    scenario.break_by(Crash("notification-service"))
    assert built(scenario).expected is Verdict.INDETERMINATE


def test_the_handbooks_triggers_are_critical_unless_the_scenario_says_how_grave_the_incident_is() -> None:
    for said in (None, Severity.HIGH):
        scenario = builder()
        scenario.break_by(Crash("echo"))
        scenario.severity = said
        drill = built(scenario)
        assert {spec.severity for spec in drill.triggers} == {said or Severity.CRITICAL}
        told = declaration(drill, run_id="r", sandbox="embedded", again="", tools={})
        assert {one.severity for one in told.triggers} == {(said or Severity.CRITICAL).value}


def test_how_long_a_severity_may_last_is_that_of_the_handbook_unless_it_is_said() -> None:
    scenario = builder()
    scenario.break_by(Crash("echo"))
    assert built(scenario).patience == Patience(high=Duration.of(s=600), medium=Duration.of(s=1800))
    scenario.counts_after(Severity.HIGH, S)
    scenario.counts_after(Severity.MEDIUM, S * 2)
    assert built(scenario).patience == Patience(high=S, medium=S * 2)
    for severity in (Severity.CRITICAL, Severity.LOW):
        with pytest.raises(InputError, match="a time goes with high and medium severity"):
            scenario.counts_after(severity, S)


def test_a_cause_goes_with_its_own_verdict_alone() -> None:
    scenario = builder()
    scenario.break_by(Nothing())
    with pytest.raises(InputError, match="never missed because the fault had no effect; it is invalid then"):
        scenario.expect(Verdict.MISSED, Cause.NO_EFFECT)
    scenario.expect(Verdict.INVALID, Cause.NO_EFFECT)
    assert (built(scenario).expected, built(scenario).expected_cause) == (Verdict.INVALID, Cause.NO_EFFECT)


def test_detection_may_take_no_less_than_the_shortest_trigger() -> None:
    for limit, fits in ((S * 0.9, False), (S, True)):
        scenario = builder()
        scenario.break_by(Crash("echo"))
        scenario.call_for_rollback(ServiceDown("echo", S))
        scenario.call_for_rollback(ErrorRate("echo", 0.05, S * 9))
        scenario.detect_limit = limit
        if fits:
            assert built(scenario).limits.detect == limit
        else:
            with pytest.raises(InputError, match="shortest trigger must hold for 1 s"):
                built(scenario)


def test_a_good_answers_limit_changes_the_probe_of_that_service_alone() -> None:
    scenario = builder(TRACKTION)
    scenario.good_answer_within("file-watcher", S * 0.1)
    scenario.break_by(Crash("file-watcher"))
    services = built(scenario).model.services
    assert services["file-watcher"].probe.within == S * 0.1
    assert services["tracklist-service"].probe.within == Duration.of(ms=250)


def test_a_steady_state_is_always_demanded_and_criteria_have_ids_of_their_own() -> None:
    scenario = builder()
    scenario.break_by(Crash("echo"))
    for times in (3, 4):
        scenario.must_hold(demands.healthy(scenario.model, times), S)
    criteria = [spec.criterion for spec in built(scenario).criteria]
    assert [one.phase for one in criteria[:2]] == [Phase.VALIDATION, Phase.VALIDATION]
    assert [one.name for one in criteria if one.phase is Phase.STEADY_STATE] == [
        "clients reach the releases that are live",
        "at most 1 % of the answers of every critical service are bad before the fault",
    ]
    assert len({one.id for one in criteria}) == len(criteria)


def test_what_is_declared_in_the_journal_is_what_the_scenario_promised() -> None:
    scenario = builder()
    scenario.probe(100)
    scenario.break_by(BadRelease("echo", "2.0.0"))
    drill = built(scenario)
    told = declaration(drill, run_id="r", sandbox="embedded", again="drill run a.feature", tools={"kind": "0.33.0"})
    assert told.fault == "release 2.0.0 of echo goes live"
    assert told.target == "echo 1.0.0"
    assert [service.period for service in told.services] == [Duration.of(ms=10)]
    assert "postgresql" not in told.versions
    assert told.versions["kind"] == "0.33.0"
    assert told.objectives == drill.objectives


@pytest.mark.parametrize(
    ("scenario", "taken", "slug"),
    [
        ("A release fails 40 % of its requests", (), "f-a-release-fails-40-of-its-requests"),
        ("Ü / ..", (), "f"),
        ("x" * 200, (), "f-" + "x" * 78),
        ("one", ("f-one",), "f-one-2"),
        ("one", ("f-one", "f-one-2"), "f-one-3"),
    ],
)
def test_a_slug_is_a_short_unique_folder_name(scenario: str, taken: tuple[str, ...], slug: str) -> None:
    assert slug_of("f", scenario, taken) == slug


@pytest.mark.parametrize("how", list(Procedure))
def test_a_scenario_says_by_which_procedure_the_broken_service_goes_back(how: Procedure) -> None:
    scenario = builder()
    scenario.break_by(InPlaceRelease("echo", "2.0.0"))
    scenario.roll_back_to("1.0.0", S * 5, how, "echo")
    drill = built(scenario)
    assert (drill.procedure, drill.target, drill.limits.roll_back) == (how, {"echo": "1.0.0"}, S * 5)
    assert declaration(drill, run_id="r", sandbox="embedded", again="", tools={}).procedure == how.value


def test_a_release_in_place_goes_back_to_what_was_live_and_not_to_what_stands_by() -> None:
    scenario = builder()
    scenario.runs("echo", "1.0.0", "1.1.0")
    scenario.break_by(InPlaceRelease("echo", "2.0.0"))
    assert built(scenario).target == {"echo": "1.0.0"}


def test_only_what_the_drill_breaks_is_rolled_back() -> None:
    scenario = builder()
    scenario.break_by(Crash("echo"))
    with pytest.raises(InputError, match="other is not what the drill breaks"):
        scenario.roll_back_to("1.0.0", S, Procedure.SERVICE, "other")


def test_where_no_service_is_broken_by_itself_the_one_that_is_named_goes_back() -> None:
    scenario = builder(with_external_api(TRACKTION))
    scenario.break_by(NoExternalApi(ExternalApiDown()))
    scenario.roll_back_to("2.4.0", S, Procedure.TRAFFIC, "tracklist-service")
    drill = built(scenario)
    assert drill.target == {"tracklist-service": "2.4.0"}
    assert {spec.trigger.service for spec in drill.triggers if not isinstance(spec.trigger, Declared)} == {
        "tracklist-service"
    }
    with pytest.raises(InputError, match=r"the rollback goes to 2\.4\.0 already"):
        scenario.roll_back_to("2.4.1", S)


def test_where_no_service_is_broken_by_itself_and_none_is_named_nothing_could_go_back() -> None:
    scenario = builder(with_external_api(TRACKTION))
    scenario.break_by(NoExternalApi(ExternalApiDown()))
    with pytest.raises(NotFound, match="tracktion has no service 'nobody'"):
        scenario.roll_back_to("2.4.0", S, Procedure.TRAFFIC, "nobody")
    scenario.roll_back_to("2.4.0", S)
    with pytest.raises(
        InputError, match=r"that breaks no service by itself, so nothing would go back to 2\.4\.0; say which"
    ):
        built(scenario)


def test_what_stands_in_the_way_belongs_to_the_drills_fault() -> None:
    scenario = builder()
    fault = InPlaceRelease("echo", "2.0.0")
    scenario.break_by(fault)
    scenario.hinder_by(UnfinishedRollback("echo"))
    drill = built(scenario)
    assert drill.fault == Hindered(fault, (UnfinishedRollback("echo"),))
    assert [spec.trigger.title for spec in drill.triggers] == [one.title for one in default_triggers("echo")]
    assert drill.target == {"echo": "1.0.0"}


def test_a_release_that_is_not_there_is_refused_by_every_fault_that_makes_one() -> None:
    for fault in (BadRelease, CarelessRelease, InPlaceRelease, HungUpgrade):
        with pytest.raises(NotFound, match=r"there is no release 0\.0\.0"):
            builder().break_by(fault("echo", "0.0.0"))


@pytest.mark.parametrize("hindrance", [ReceiverDown("on-call"), ReceiverSlow("on-call", S)])
def test_a_receiver_that_nothing_is_told_of_is_no_hindrance(hindrance: ReceiverDown | ReceiverSlow) -> None:
    model = load_system(ECHO.with_name("told.toml"))
    on_call, page = model.notify
    kept = model.model_copy(update={"notify": (on_call.model_copy(update={"escalation": True}), page)})
    for system, procedure in ((model, Procedure.TRAFFIC), (kept, Procedure.TRAFFIC), (kept, Procedure.EMERGENCY)):
        scenario = builder(system)
        scenario.break_by(Crash("echo"))
        scenario.hinder_by(hindrance)
        scenario.roll_back_to("1.0.0", S * 60, procedure)
        if system is kept and procedure is Procedure.TRAFFIC:
            with pytest.raises(InputError, match="told only of an emergency that is not over, so no notice could meet"):
                built(scenario)
        else:
            [declared] = declaration(
                built(scenario), run_id="r", sandbox="embedded", again="", tools={}
            ).receivers_hindered
            assert declared.receiver == "on-call"
            assert declared.after == getattr(hindrance, "after", None)


def test_what_nobody_said_tells_that_it_is_a_default_and_how_to_say_another() -> None:
    scenario = builder()
    scenario.break_by(Crash("echo"))
    scenario.must_hold(demands.healthy(scenario.model, 1), S)
    drill = built(scenario)
    assert {str(one.source) for one in drill.objectives} == {
        f"default; '{key}' under [objectives] in drill.toml sets another" for key in ("rto", "validate")
    }
    assert {str(one.source) for one in drill.triggers} == {
        "default; a step 'a rollback is called for when ...' replaces it"
    }
    assert {str(one.criterion.source) for one in drill.criteria} == {
        "a.feature:3",
        "always checked; a step 'echo answers as 1.0.0 within 10 s' sets its time",
        "always checked before the fault",
    }


def test_an_objective_of_drill_toml_has_its_line(tmp_path: Path) -> None:
    system = altered(tmp_path, ECHO, ('name = "echo"\n', 'name = "echo"\n\n[objectives]\nrto = "1 min"\n'))
    scenario = builder(load_system(system))
    scenario.break_by(Crash("echo"))
    rto = next(one for one in built(scenario).objectives if one.measured is Measured.RTO)
    assert (str(rto.source), rto.bound) == ("drill.toml:5", Duration.of(s=60))
