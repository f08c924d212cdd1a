"""Rollbacks of the configuration: what is wrong with one, the plan, and what takes it back after any step."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.cli.goals import goal_of
from harness.errors import NotFound, UsageError, WillNotWork
from harness.rollback.configuration.actions import (
    ConfigurationTag,
    ConfigurationVersion,
    KeepConfiguration,
    Place,
    PutConfiguration,
    PutKept,
    RestartAsBefore,
    RestartRolling,
    Source,
    VerifyConfiguration,
    VerifyConnections,
    VerifyKept,
)
from harness.rollback.configuration.content import address, problems
from harness.rollback.configuration.plans import ConfigurationFacts, plan_configuration
from harness.rollback.engine import _way_back
from harness.rollback.interrupted import Kept, remaining, reverse
from harness.rollback.plan import Plan, Procedure, StepPhase, VerifyVersion
from harness.rollback.record import only_one
from harness.system.bundle import ENVIRONMENT, Bundle
from harness.system.configuration_model import Connection
from harness.system.values import Slot

WEB, API = Place("web", Slot.BLUE), Place("api", Slot.GREEN)
SOURCE = Source(ConfigurationVersion("1.0.0"), "abc")


def facts(places: tuple[Place, ...] = (API, WEB), source: Source = SOURCE) -> ConfigurationFacts:
    served = {"web": "2.0.0", "api": "2.0.0"}
    return ConfigurationFacts(source, places, served, dict.fromkeys(served, 1), ("the database",), "safety-1", ("web",))


def plan() -> Plan:
    return plan_configuration(facts())


def test_everything_is_looked_at_first_then_one_service_after_the_other_is_changed() -> None:
    phases = [step.phase for step in plan().steps]
    assert phases == sorted(phases, key=[StepPhase.CHECK, StepPhase.CHANGE, StepPhase.VERIFY].index)
    assert [step.action for step in plan().of_phase(StepPhase.CHANGE)] == [
        KeepConfiguration("safety-1", (API, WEB), ("web",)),
        PutConfiguration(SOURCE, API),
        RestartRolling(API),
        PutConfiguration(SOURCE, WEB),
        RestartRolling(WEB),
    ]
    verified = [step.action for step in plan().of_phase(StepPhase.VERIFY)]
    assert verified[:2] == [VerifyConfiguration(SOURCE, API), VerifyConfiguration(SOURCE, WEB)]
    assert isinstance(verified[2], VerifyConnections)
    assert [one.service for one in verified[3:] if isinstance(one, VerifyVersion)] == ["api", "web"]


@pytest.mark.parametrize(
    "found", [facts(source=Source(SOURCE.goal, "")), facts(places=())], ids=["not there", "nothing differs"]
)
def test_where_nothing_is_to_be_changed_a_plan_only_looks(found: ConfigurationFacts) -> None:
    assert [step.phase for step in plan_configuration(found).steps] == [StepPhase.CHECK]


def test_where_nothing_is_deployed_nobody_can_be_given_a_configuration() -> None:
    with pytest.raises(WillNotWork, match="nothing is deployed"):
        plan_configuration(ConfigurationFacts(SOURCE, (), {}, {}, (), "safety-1", ()))


def kept(after: int) -> Kept:
    done = frozenset(step.id for step in plan().steps[:after])
    return Kept(plan(), (), done, done, None, "test")


def touched(after: int) -> list[Place]:
    """The services that a run which ended after so many steps was giving another configuration, the last one first."""
    begun = [step.action for step in plan().steps[: after + 1]]
    return [one.place for one in reversed(begun) if isinstance(one, PutConfiguration)]


@pytest.mark.parametrize("after", range(len(plan().steps) + 1))
def test_after_every_step_what_was_changed_is_given_back_and_verified(after: int) -> None:
    back = [step.action for step in reverse(kept(after)).steps]
    places = touched(after)
    assert [one for one in back if isinstance(one, PutKept)] == [PutKept("safety-1", place) for place in places]
    assert [one.place for one in back if isinstance(one, (RestartRolling, RestartAsBefore))] == places
    assert {one.place for one in back if isinstance(one, RestartRolling)} <= {WEB}  # the other one was not ready
    assert [one.place for one in back if isinstance(one, VerifyKept)] == places
    assert [one.service for one in back if isinstance(one, VerifyVersion)] == ["web"] * (WEB in places)


@pytest.mark.parametrize("after", range(len(plan().steps) + 1))
def test_after_every_step_what_is_left_is_done_and_all_of_it_verified(after: int) -> None:
    left = remaining(kept(after))
    changes = [step.id for step in plan().of_phase(StepPhase.CHANGE)]
    done = {step.id for step in plan().steps[:after]}
    assert [step.id for step in left.of_phase(StepPhase.CHANGE)] == [one for one in changes if one not in done]
    assert left.of_phase(StepPhase.VERIFY) == plan().of_phase(StepPhase.VERIFY)


@pytest.mark.parametrize("failed", plan().of_phase(StepPhase.CHANGE, StepPhase.VERIFY), ids=lambda step: step.id)
def test_whatever_step_fails_all_that_was_changed_is_given_back(failed: object) -> None:
    [step] = [one for one in plan().steps if one is failed or one == failed]
    back = _way_back(plan(), step, ()) or ()
    at = plan().steps.index(step)
    assert [one.action for one in back if isinstance(one.action, PutKept)] == [
        PutKept("safety-1", place) for place in touched(at)
    ]


def test_a_plan_is_recorded_without_anything_that_a_configuration_says(tmp_path: Path) -> None:
    with only_one(tmp_path / "records", "test") as records:
        with records.begin(plan(), ()):
            pass
        found = records.newest()
    assert found is not None
    assert found.plan == plan()


@pytest.mark.parametrize(
    ("file", "content", "told"),
    [
        ("web.toml", b"a = \n", "web.toml is no TOML"),
        ("web.json", b'{"a": }', "web.json is no JSON: Expecting value at line 1"),
        ("web.yaml", b"a: [1\n", "web.yaml is no YAML"),
        ("web.yml", b"a: \xff", "web.yml is not text in UTF-8"),
        (ENVIRONMENT, b"A=1\nhidden\n", "environment.env: line 2"),
        ("more.env", b"hidden\n", "more.env: line 1"),
        (
            "web.toml",
            b'[partner]\nurl = "partner.example"\n',
            "web.toml: /partner/url is no good address: it has no scheme",
        ),
        ("web.toml", b'a = ["http://"]\n', "web.toml: /a/0 is no good address: it has no host"),
        ("web.json", b'{"base_url": "http://h:99999/"}', "its host or its port cannot be read"),
        (
            ENVIRONMENT,
            b"DATABASE_URL=postgresql://u:hidden@:5432/x\n",
            "/DATABASE_URL is no good address: it has no host",
        ),
        ("web.yaml", b"a:\n  - http://[::1\n", "its host or its port cannot be read"),
        ("web.yaml", b"a: &a [*a]\n", "web.yaml holds more than 100000 values, or some deeper than 100"),
        (
            "web.yaml",
            b"a: &a [x,x,x,x,x,x,x,x,x]\n"
            + b"".join(b"%c: &%c [*%c,*%c,*%c,*%c,*%c,*%c,*%c,*%c,*%c]\n" % (i, i, *[i - 1] * 9) for i in b"bcdefghi"),
            "web.yaml holds more than 100000 values",
        ),
    ],
)
def test_what_cannot_be_parsed_or_is_no_address_is_told_without_its_content(
    file: str, content: bytes, told: str
) -> None:
    [problem] = problems(Bundle({file: content}), ())
    assert told in problem
    assert "hidden" not in problem


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("web.toml", b'a = "see https:// for more"\nurl = ""\n'),
        ("web.toml", b'dsn = "postgresql://u:p@h1:1,h2:2/x"\nb = "postgresql:///x?host=/run"\nc = "file:///tmp/x"\n'),
        ("web.yaml", b"a: 1\n---\nb: 2\n"),
        ("web.toml", b'jdbc_url = "jdbc:postgresql://h/db"\ndsn = "postgresql:///db"\ncallback_url = "/done"\n'),
        ("web.toml", b'curl = "usr/bin/curl"\nid = "urn:x:y"\ncontact_uri = "mailto:eve@example.org"\n'),
        ("readme.txt", b"\xff\xfe no text, and url = http://"),
        (ENVIRONMENT, b"# a comment\n\nA=\nREDIS_URL=redis://:p%40x@h:6379/0\n"),
    ],
)
def test_what_is_fine_is_not_complained_of(file: str, content: bytes) -> None:
    assert problems(Bundle({file: content}), (file,)) == []


def test_an_object_that_must_be_there_is_missed() -> None:
    assert problems(Bundle({}), ("web.toml",)) == ["web.toml is missing"]


def test_an_address_is_found_where_drill_toml_says_or_told_where_it_was_looked_for() -> None:
    bundle = Bundle({ENVIRONMENT: b"A=http://h/\nB=none\n", "w.yaml": b"x: 1\n---\ny: {u: redis://h}\n"})
    assert address(bundle, Connection(name="a", file=ENVIRONMENT, key="/A")) == "http://h/"
    for file, key, why in (
        (ENVIRONMENT, "/B", "what stands at environment.env/B is no address"),
        (ENVIRONMENT, "/C", "there is nothing at environment.env/C"),
        ("x.toml", "/A", "there is no x.toml"),
    ):
        with pytest.raises(NotFound, match=why):
            address(bundle, Connection(name="a", file=file, key=key))


def test_a_person_names_a_version_or_a_tag() -> None:
    assert goal_of(Procedure.CONFIGURATION, ["2.4.0"], None) == ConfigurationVersion("2.4.0")
    assert goal_of(Procedure.CONFIGURATION, ["tag=v2.4.0"], None) == ConfigurationTag("v2.4.0")
    for to, data in (([], None), (["1", "2"], None), (["1"], "end"), ([""], None)):
        with pytest.raises(UsageError, match="say --to VERSION, or --to tag=TAG"):
            goal_of(Procedure.CONFIGURATION, to, data)
