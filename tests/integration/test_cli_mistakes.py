"""Bad input: one clear message on stderr, an exit code of sysexits.h, and never a traceback."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.commands import ECHO, Said, drill, say

GIVEN = """Given every service is live in 1.0.0
    And the steady state is observed for 1 s
"""
WHEN = "When echo crashes and stays down\n"
Tell = Callable[..., Said]


@pytest.fixture
def tell(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Tell]:
    """The command, in this process, with a state folder of its own."""
    with tempfile.TemporaryDirectory(prefix="d") as state:
        monkeypatch.setenv("DRILL_STATE_DIR", state)
        yield lambda *arguments: say(monkeypatch, capsys, *arguments)


@pytest.fixture
def listed(tmp_path: Path, tell: Tell) -> Callable[[str], Said]:
    """`drill list` of a feature with this text, about the echo system."""

    def list_feature(text: str | bytes) -> Said:
        feature = tmp_path / "some.feature"
        feature.write_bytes(text if isinstance(text, bytes) else text.encode())
        return tell("list", feature, "--system", ECHO)

    return list_feature


def one_message(said: Said, code: int, *parts: str) -> None:
    """Everything a person needs in one line: nothing on stdout, no traceback."""
    assert said.code == code, said
    assert said.out == ""
    assert "Traceback" not in said.err
    assert len(said.err.splitlines()) == 1, said.err
    assert said.err.startswith("drill: ")
    for part in parts:
        assert part in said.err


def scenario(*steps: str, name: str = "one") -> str:
    return f"Feature: f\n  Scenario: {name}\n" + "".join(f"    {step}\n" for step in steps)


LIVE, CRASH = "Given every service is live in 1.0.0", "When echo crashes and stays down"


@pytest.mark.parametrize(
    ("steps", "line", "message"),
    [
        ((LIVE,), 2, "the scenario injects no fault; a negative control says 'When nothing is done'"),
        (("Given every service is live in 9.9.9",), 3, "there is no release 9.9.9; there are 1.0.0, 1.1.0, 2.0.0"),
        (("Given every service is live in ..",), 3, "there is no release ..; there are 1.0.0"),
        (("Given ecko is live in 1.0.0, with 1.1.0 on standby",), 3, "has no service 'ecko'; it has echo"),
        ((LIVE, LIVE), 4, "every service is said to be live in 1.0.0 already"),
        (
            ("Given echo is live in 1.0.0, with 1.1.0 on standby", "And echo is live in 1.1.0, with 1.0.0 on standby"),
            4,
            "echo is said to be live in 1.0.0 already",
        ),
        ((LIVE, CRASH, CRASH), 5, "a drill has one fault, and echo crashes and stays down is named already"),
        ((LIVE, "When ecko crashes and stays down"), 4, "no service 'ecko'"),
        ((LIVE, "When echo is released as 9.9.9"), 4, "there is no release 9.9.9"),
        ((LIVE, "When answers of echo become 1 times slower"), 4, "expected a factor above 1"),
        ((LIVE, "When answers of echo become inf times slower"), 4, "expected a factor above 1"),
        ((LIVE, "Given every service is life in 1.0.0"), 4, "the nearest is 'every service is live in {version"),
        ((LIVE, "When pigs fly"), 4, "no step is defined that reads 'When pigs fly'"),
        ((LIVE, "And the steady state is observed for 5"), 4, "'5' is not a duration: expected a number and a unit"),
        ((LIVE, "And the steady state is observed for 5 parsecs"), 4, "'5 parsecs' is not a duration"),
        ((LIVE, "And the steady state is observed for 0 s"), 4, "cannot be observed for 0 s"),
        ((LIVE, "And the steady state is observed for 20 min"), 4, "cannot be observed for 20 min"),
        ((LIVE, "And clients probe every service 0 times a second"), 4, "expected 5 to 1000"),
        ((LIVE, "And clients probe every service nan times a second"), 4, "expected 5 to 1000"),
        ((LIVE, "And a good answer of echo takes at most 0 s"), 4, "expected a time above zero"),
        (
            (LIVE, "And a rollback is called for when the error rate of echo is above 100 % for 1 s"),
            4,
            "expected 0 % to less than 100 %",
        ),
        (
            (LIVE, "And a rollback is called for when the error rate of echo is above 5 for 1 s"),
            4,
            "'5' is not a share: expected a percentage",
        ),
        (
            (LIVE, "And a rollback is called for when responses of echo take more than 1 times their baseline for 1 s"),
            4,
            "expected a factor above 1",
        ),
        ((LIVE, "And a rollback is called for when ecko is down for 1 s"), 4, "no service 'ecko'"),
        (
            (
                LIVE,
                "And a rollback is called for when echo is down for 3 s",
                CRASH,
                "Then a rollback is called for within 2 s",
            ),
            2,
            "cannot be called for within 2 s, because the shortest trigger must hold for 3 s",
        ),
        ((LIVE, CRASH, "Then traffic is back on 9.9.9 within 5 s"), 5, "there is no release 9.9.9"),
        (
            (LIVE, CRASH, "Then clients feel it within 0 s"),
            2,
            "must feel the fault within 0 s, and nothing can",
        ),
        (
            (LIVE, CRASH, "Then a rollback is called for within 0 s"),
            2,
            "called for within 0 s, and nothing can",
        ),
        ((LIVE, CRASH, "Then it is decided within 0 s"), 2, "it must be decided within 0 s, and nothing can"),
        ((LIVE, CRASH, "Then traffic is back on 1.1.0 within 0 s"), 2, "the rollback must be done within 0 s"),
        (
            (LIVE, CRASH, "Then clients get good answers again within 0 s, for 1 s on end"),
            2,
            "clients must get good answers again within 0 s, and nothing can",
        ),
        (
            (LIVE, CRASH, "Then clients get good answers again within 5 s, for 0 s on end"),
            2,
            "good answers must last for 0 s, so the first one would be a recovery; expected a time above zero",
        ),
        (
            (LIVE, CRASH, "Then echo answers as 1.0.0 within 0 s"),
            2,
            "it must hold that echo answers as 1.0.0 within 0 s, and nothing can; expected a time above zero",
        ),
        (
            (LIVE, "When echo is released as 2.0.0", "Then traffic is back on 2.0.0 within 5 s"),
            2,
            "the release 2.0.0 is what the drill breaks the system with, and what would be rolled back to",
        ),
        (
            (LIVE, "And a good answer of echo takes at most 10 min", CRASH),
            2,
            "a good answer of echo may take 10 min, and clients must feel the fault within 10 s, so a service that",
        ),
        (
            (LIVE, CRASH, "Then every critical service is healthy 0 times in a row within 5 s"),
            5,
            "always healthy 0 times in a row",
        ),
        (
            (LIVE, CRASH, "Then the schema is at version 1.0.0 within 5 s"),
            5,
            "the system echo has no database; [database] of drill.toml describes it",
        ),
        ((LIVE, CRASH, "Then the business path works within 5 s"), 5, "drill.toml describes no business path"),
        ((LIVE, CRASH, "Then visits holds at least 1 row within 5 s"), 5, "the system echo has no database"),
        ((LIVE, CRASH, "Then the check nothing holds within 5 s"), 5, "the nearest is 'the check {name:Quoted} holds"),
        ((LIVE, CRASH, "Then the verdict is great"), 5, "'great' is not a verdict; expected one of passed, missed"),
    ],
)
def test_a_scenario_that_says_something_wrong_gets_one_message_with_its_line(
    listed: Callable[[str], Said], steps: tuple[str, ...], line: int, message: str
) -> None:
    one_message(listed(scenario(*steps)), listed_code(message), f"some.feature:{line}: ", message)


def listed_code(message: str) -> int:
    """What is named and not there is 66; everything else that is wrong in a scenario is 65."""
    return 66 if "no release" in message or "no service" in message else 65


def test_every_scenario_with_a_mistake_is_named_at_once(listed: Callable[[str], Said]) -> None:
    said = listed(scenario(LIVE) + scenario("When pigs fly", name="two").removeprefix("Feature: f\n"))
    assert said.code == 65
    assert [line.split(": ")[1].rpartition("/")[2] for line in said.err.splitlines()] == [
        "some.feature:2",
        "some.feature:5",
    ]


def test_scenarios_of_one_name_are_told_apart_by_line(listed: Callable[[str], Said]) -> None:
    text = scenario(LIVE, CRASH) + scenario(LIVE, CRASH).removeprefix("Feature: f\n")
    one_message(listed(text), 65, "some.feature:5: the scenario 'one' has the name of the one in line 2")


@pytest.mark.parametrize("examples", ["    Examples:\n      | other |\n      | 1.0.0 |\n", ""])
def test_a_missing_examples_column_is_named_with_its_line(listed: Callable[[str], Said], examples: str) -> None:
    text = f"Feature: f\n  Scenario Outline: o\n    Given every service is live in <version>\n{examples}"
    one_message(listed(text), 65, "some.feature:3: ", "the Examples have no column for what stands between < and >")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"hello\n", "some.feature:1: this is not Gherkin: 'hello' begins no feature; begin the file with"),
        (b"", "some.feature:1: there is no feature in this file"),
        (b"# only a remark\n", "some.feature:1: there is no feature in this file"),
        (b"Feature: f\n  Scenario: \xff\n", "some.feature: cannot be read: 'utf-8' codec can't decode byte 0xff"),
        (b"Feature: f\n  Scenario: s\n    Given a\n  Feature: g\n", "some.feature:4: this is not Gherkin"),
    ],
)
def test_a_file_that_is_no_feature_gets_one_message(
    listed: Callable[[bytes], Said], content: bytes, message: str
) -> None:
    one_message(listed(content), 65, message)


def test_a_feature_without_scenarios_is_an_empty_selection(listed: Callable[[str], Said]) -> None:
    one_message(listed("Feature: f\n"), 64, "no scenario was selected", "a run of nothing would prove nothing")


@pytest.mark.parametrize(
    ("name", "value"),
    [("PYTEST_ADDOPTS", "-k nothing"), ("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1"), ("PYTEST_PLUGINS", "x")],
)
def test_what_a_shell_sets_for_tests_leaves_no_drill_out(
    tell: Tell, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    everything = tell("list", "features").out
    monkeypatch.setenv(name, value)
    assert tell("list", "features").out == everything


def test_tags_that_select_nothing_are_an_error(tell: Tell) -> None:
    one_message(tell("list", "features", "--tag", "nosuch"), 64, "no scenario was selected", "'nosuch'")


@pytest.mark.parametrize("expression", ["release and", "(release", "release nosuch"])
def test_a_wrong_tag_expression_is_told_with_its_place(tell: Tell, expression: str) -> None:
    one_message(tell("run", "features", "--tag", expression), 64, "the expression of --tag is wrong", "at column")


@pytest.mark.parametrize("expression", ["control", "@control", "@release and not (@nosuch or control)"])
def test_tags_may_be_written_as_they_stand_in_a_feature(tell: Tell, expression: str) -> None:
    said = tell("list", "features", "--tag", expression)
    assert said.code == 0
    assert ("nothing_happens" in said.out) is ("not" not in expression)


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (
            ("run", "nowhere.feature"),
            66,
            "nowhere.feature: there is no such feature file or folder; name another",
        ),
        (("run", "--sandbox", "moon"), 64, "there is no sandbox 'moon'; expected one of embedded"),
        (("run", "--system", "nowhere.toml"), 66, "nowhere.toml: there is no such file"),
        (("run", "--nope"), 64, "--nope"),
        (("run", "--seed", "many"), 64, "'--seed'"),
        (("fly",), 64, "fly"),
        (("report", "nowhere"), 66, "nowhere: there is no such folder; name the folder of a run"),
        (("report",), 64, "Missing argument 'run'; see"),
        (("sandbox", "down", "nosuch"), 66, "there is no sandbox 'nosuch'"),
    ],
)
def test_a_wrong_command_line_gets_one_message(tell: Tell, arguments: tuple[str, ...], code: int, message: str) -> None:
    one_message(tell(*arguments), code, message)


def test_without_a_system_the_message_says_how_to_name_one(
    tmp_path: Path, tell: Tell, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "some.feature").write_text(scenario(LIVE, CRASH))
    monkeypatch.chdir(tmp_path)
    for command in ("list", "run"):
        one_message(tell(command, "some.feature"), 66, "some.feature: no drill.toml was found", "with --system")
    one_message(tell("sandbox", "up"), 66, "no drill.toml was found", "--system")


def test_a_feature_without_a_system_is_not_left_out_beside_one_that_has_its_own(
    tmp_path: Path, tell: Tell, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / f"{name}.feature").write_text(scenario(LIVE, CRASH, name=name))
    (tmp_path / "one" / "pyproject.toml").write_text(f'[tool.drill]\nsystem = "{ECHO}"\n')
    monkeypatch.chdir(tmp_path)
    one_message(tell("list", "."), 66, "other/other.feature: no drill.toml was found")
    assert tell("list", "one").code == 0


def test_features_of_two_systems_are_drills_of_their_own_systems(
    tmp_path: Path, tell: Tell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / f"{name}.feature").write_text(scenario(LIVE, CRASH, name=name))
        text = ECHO_TOML.replace('name = "echo"', f'name = "{name}"').replace('"releases/', f'"{ECHO.parent}/releases/')
        (tmp_path / name / "drill.toml").write_text(text)
    listed = json.loads(tell("list", "one", "other", "--json").out)
    assert [(one["name"], one["system"]) for one in listed] == [("one", "one"), ("other", "other")]


def test_a_wrong_drill_toml_that_was_found_is_told_once_whatever_many_scenarios_it_has(
    tmp_path: Path, tell: Tell, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "drill.toml").write_text("name = 1\n")
    text = scenario(LIVE, CRASH) + scenario(LIVE, CRASH, name="two").removeprefix("Feature: f\n")
    (tmp_path / "some.feature").write_text(text)
    monkeypatch.chdir(tmp_path)
    said = tell("list", "some.feature")
    assert said.code == 78
    assert said.err.count("drill.toml:1: name: ") == 1


def test_results_that_cannot_be_written_name_the_option(tmp_path: Path, tell: Tell) -> None:
    (tmp_path / "file").write_text("")
    feature = tmp_path / "some.feature"
    feature.write_text(scenario(LIVE, CRASH))
    said = tell("run", feature, "--system", ECHO, "--out", tmp_path / "file" / "runs")
    one_message(said, 73, "the run's folder cannot be made: Not a directory; choose another with --out")


def test_a_state_folder_that_cannot_be_used_is_named(
    tmp_path: Path, tell: Tell, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("DRILL_STATE_DIR", str(tmp_path / "file" / "state"))
    one_message(tell("sandbox", "up", "--system", ECHO), 73, "cannot be used as a state folder: Not a directory")


ECHO_TOML = ECHO.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('name = "echo"', 'nam = "echo"', "drill.toml:2: nam: this field is not known"),
        ("[services.echo]", "[services.echo", "drill.toml:4: "),
        ("replicas = { test = 2 }", 'replicas = "two"', "drill.toml:6: services.echo.replicas: "),
        (
            'path = "releases/{version}"',
            'path = "releases/{verzion}"',
            "drill.toml:10: releases.path: {verzion} is not known in a path of releases",
        ),
        (
            'service = "echo"',
            'service = "ecko"',
            "drill.toml:15: load.0.service: there is no service 'ecko'; expected one of echo",
        ),
        ("rate = 10", "rate = 0", "drill.toml:16: load.0.rate: "),
        ("{config}", "{konfig}", "{konfig} is not known in a command; expected one of {config}, {host}"),
    ],
)
def test_a_wrong_drill_toml_is_told_by_file_line_field_and_what_was_expected(
    tmp_path: Path, tell: Tell, old: str, new: str, message: str
) -> None:
    assert old in ECHO_TOML
    file = tmp_path / "drill.toml"
    file.write_text(ECHO_TOML.replace(old, new))
    said = tell("run", "features", "--system", file)
    assert said.code == 78
    assert "Traceback" not in said.err
    assert message in said.err
    assert all(line.startswith("drill: ") and str(file) in line for line in said.err.splitlines())


def test_a_system_without_critical_services_can_prove_nothing(tmp_path: Path, tell: Tell) -> None:
    file = tmp_path / "drill.toml"
    text = ECHO_TOML.replace('path = "releases', f'path = "{ECHO.parent}/releases')
    file.write_text(text.replace("replicas =", "critical = false\nreplicas ="))
    (tmp_path / "some.feature").write_text(scenario(LIVE, CRASH))
    one_message(tell("list", tmp_path / "some.feature"), 65, "no service is critical, so nothing could be an outage")


@pytest.mark.parametrize("damage", ["altered", "removed", "not JSON", "empty"])
def test_a_damaged_journal_is_named_with_its_line(tmp_path: Path, tell: Tell, damage: str) -> None:
    journal = tmp_path / "drill" / "journal.jsonl"
    journal.parent.mkdir()
    lines = ['{"n":0}', '{"n":1}', '{"n":2}']
    journal.write_text({"not JSON": "hello\n", "empty": ""}.get(damage, "\n".join(lines) + "\n"))
    said = tell("report", tmp_path)
    assert said.code == 65
    assert "Traceback" not in said.err
    assert "journal" in said.err


def test_a_state_folder_that_is_a_file_is_told_without_a_traceback(tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.write_text("a file where the folder should be", encoding="utf-8")
    said = drill("list", state=state)
    assert said.code == 73
    assert f"{state}: cannot be used as a state folder: it is a file; expected a folder" in said.err
    assert "Traceback" not in said.err


@pytest.mark.parametrize("arguments", [("-h",), ("run", "-h"), ("rollback", "plan", "-h")])
def test_help_is_given_for_the_short_word_too(tell: Tell, arguments: tuple[str, ...]) -> None:
    said = tell(*arguments)
    assert said.code == 0
    assert "Usage: drill" in said.out
