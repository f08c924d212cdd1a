"""`drill init`, `drill new` and `drill lint`, as a person meets them who knows no Python."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import yaml

from tests.support.commands import DRILL, ECHO, TRACKTION, Said, environment, say
from tests.support.drills import PASSING, feature

Tell = Callable[..., Said]
OWN_STEPS = """
from pytest_bdd import when

from harness.bdd.parameters import step


@when(step("the night of {service:Service} begins"))
def night(drill, service):
    from harness.faults.catalogue import Crash

    drill.break_by(Crash(service))


@when("somebody waits")
def waits(drill, tmp_path):
    raise AssertionError("nobody runs it")
"""


@pytest.fixture
def tell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Tell]:
    """The command, in this process and an empty folder."""
    monkeypatch.chdir(tmp_path)
    with tempfile.TemporaryDirectory(prefix="d") as state:
        monkeypatch.setenv("DRILL_STATE_DIR", state)
        yield lambda *arguments: say(monkeypatch, capsys, *arguments)


@pytest.fixture
def shop(tmp_path: Path, tell: Tell) -> Path:
    """A repository that `drill init` has set up."""
    assert tell("init").code == 0
    return tmp_path


def test_what_init_writes_has_no_finding_and_declares_a_drill(tell: Tell, shop: Path) -> None:
    assert (shop / ".github/workflows/drills.yml").is_file()
    linted = tell("lint")
    assert (linted.code, linted.out, linted.err) == (0, "", "drill: 1 feature: 0 findings\n")
    [drill] = json.loads(tell("list", "--json").out)
    assert drill["fault"] == "release 1.1.0 of shop goes live"


def test_init_leaves_what_is_there_as_it_is(tell: Tell, tmp_path: Path) -> None:
    (tmp_path / "serve.py").write_text("mine")
    made = tell("init")
    assert made.code == 0
    assert "kept  serve.py\n" in made.out
    assert (tmp_path / "serve.py").read_text() == "mine"
    again = tell("init")
    assert (again.code, again.out) == (64, "")
    assert "drill.toml is there already, and left as it is; 'drill new' writes a feature" in again.err


def test_new_writes_a_feature_from_options_and_not_over_another(tell: Tell, shop: Path) -> None:
    said = tell("new", "Checkout is down", "--symptom", "down", "--since", "1.1.0", "--done", "traffic")
    assert (said.code, said.err) == (0, "")
    path = shop / "features/checkout_is_down.feature"
    assert f"run it: drill run {path.relative_to(shop)}" in said.out
    assert "When shop crashes and stays down" in path.read_text()
    again = tell("new", "Checkout is down", "--symptom", "down", "--since", "1.1.0", "--done", "traffic")
    assert again.code == 64
    assert "already there, and left as it is; name another file with --to" in again.err
    assert tell("lint").code == 0


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        ((), 64, "What was seen? Nobody can be asked here: say --symptom, one of errors, down, slow"),
        (
            ("--symptom", "errors"),
            64,
            "Since which version? Nobody can be asked here: say --since, one of 1.0.0, 1.0.1, 1.1.0",
        ),
        (("--symptom", "errors", "--since", "1.2.0"), 66, "there is no release 1.2.0; there are 1.0.0, 1.0.1, 1.1.0"),
        (("--symptom", "errors", "--since", "1.0.0"), 66, "no release below 1.0.0 to go back to; name the one that"),
        (("--service", "shpo"), 66, "the system shop has no service 'shpo'; it has shop"),
        (("--symptom", "table-dropped"), 65, "drill.toml describes no database of shop; [database] would"),
        (("--symptom", "down", "--since", "1.1.0", "--done", "dump"), 64, "--done dump is no way back from 'down'"),
        (("--symptom", "down", "--table", "orders"), 64, "--table goes with table-dropped and rows-deleted"),
        (("--symptom", "gone"), 64, "'gone' is not one of"),
        (("two\nlines",), 64, "an incident cannot be called 'two\\nlines'; expected a name of one line"),
        (("  ",), 64, "an incident cannot be called '  '"),
        (("--to", "o.txt"), 64, "--to o.txt: only what ends with .feature is run"),
    ],
)
def test_new_says_what_it_still_has_to_know(
    tell: Tell, shop: Path, options: tuple[str, ...], code: int, message: str
) -> None:
    said = tell("new", *options)
    assert (said.code, said.out) == (code, "")
    assert message in said.err
    assert len(list((shop / "features").iterdir())) == 1


def all_of(terminal: int) -> str:
    """All that a terminal was told, in whatever pieces, once its other end is closed: then Linux answers EIO."""
    told = b""
    with suppress(OSError):
        while piece := os.read(terminal, 100_000):
            told += piece
    return told.decode()


def test_new_asks_on_a_terminal_what_it_was_not_told(shop: Path, tmp_path: Path) -> None:
    person, terminal = pty.openpty()
    process = subprocess.Popen(
        [*DRILL, "new"],
        cwd=shop,
        env=environment(tmp_path / "s"),
        stdin=terminal,
        stdout=subprocess.PIPE,
        stderr=terminal,
    )
    os.close(terminal)
    os.write(person, b"9\n2\nnever\n\n\n")
    out, _ = process.communicate(timeout=60)
    asked = all_of(person)
    os.close(person)
    assert process.returncode == 0, asked
    assert "Which service?" not in asked, "there is one"
    assert "What was seen?" in asked
    assert "  2  down: it went down and stayed down" in asked
    assert "expected a number from 1 to 3, or a name of the list" in asked
    assert "features/shop_goes_down_and_stays_down.feature is written" in out.decode()
    text = (shop / "features/shop_goes_down_and_stays_down.feature").read_text()
    assert "And shop is live in 1.1.0, with 1.0.0 on standby" in text
    assert "And traffic is back on 1.0.0 within 10 s" in text


def test_new_takes_what_is_usual_where_nothing_is_typed(shop: Path, tmp_path: Path) -> None:
    (shop / "features").rename(shop / "other")
    person, terminal = pty.openpty()
    process = subprocess.Popen(
        [*DRILL, "new"], cwd=shop, env=environment(tmp_path / "s"), stdin=terminal, stdout=terminal, stderr=terminal
    )
    os.close(terminal)
    os.write(person, b"\n\n\n")
    assert process.wait(timeout=60) == 0
    os.close(person)
    [made] = (shop / "features").iterdir()
    assert "When shop is released as 1.1.0" in made.read_text()


def test_the_command_that_new_tells_runs_the_feature_wherever_it_lies(
    tell: Tell, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = ("--symptom", "down", "--since", "1.1.0", "--done", "traffic")
    (shop / "sub folder").mkdir()
    monkeypatch.chdir(shop / "sub folder")
    said = tell("new", *options)
    assert said.out.endswith("run it: drill run features/shop_goes_down_and_stays_down.feature\n")
    assert tell("list", "features/shop_goes_down_and_stays_down.feature").code == 0
    with tempfile.TemporaryDirectory() as elsewhere:
        monkeypatch.chdir(elsewhere)
        said = tell("new", *options, "--system", shop / "drill.toml", "--to", "a b.feature")
        assert said.out.endswith(f"run it: drill run 'a b.feature' --system {shop / 'drill.toml'}\n")
        assert tell("list", "a b.feature", "--system", shop / "drill.toml").code == 0


def test_new_knows_the_tables_of_the_database(tell: Tell) -> None:
    of_tables = ("--service", "analysis-service", "--symptom", "table-dropped", "--done", "moment")
    said = tell("new", "--system", TRACKTION, *of_tables, "--table", "trackslists")
    assert (said.code, said.out) == (66, "")
    assert "'tables' of [database] does not name 'trackslists'; it names schema_migrations, " in said.err


def test_new_leaves_no_feature_that_cannot_pass(tell: Tell, shop: Path) -> None:
    system = shop / "drill.toml"
    text = system.read_text()
    system.write_text(text[: text.index("[[load]]")])
    said = tell("new", "--symptom", "down", "--since", "1.1.0", "--done", "traffic")
    assert said.code == 65
    assert "no-load" in said.err
    assert "1 finding: the feature could not pass, and is not written before that is mended" in said.err
    assert len(list((shop / "features").iterdir())) == 1


def test_a_run_refuses_a_step_that_may_be_two(tell: Tell, tmp_path: Path) -> None:
    written(tmp_path, *(step if "released" not in step else "When nothing is done" for step in PASSING))
    (tmp_path / "features/conftest.py").write_text(
        "from pytest_bdd import when\n\n@when('nothing is done')\ndef mine(drill):\n    pass\n"
    )
    said = tell("list")
    assert said.code == 65
    assert "some.feature:7: 'When nothing is done' may be 'nothing is done'" in said.err
    assert "take one of these steps away" in said.err
    [finding] = json.loads(tell("lint", "--json").out)
    assert finding["id"] == "ambiguous-step"


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        ("import nothing_of_that_name\n", 1, "ModuleNotFoundError: No module named 'nothing_of_that_name'"),
        ("\ndef night(:\n", 2, "SyntaxError: invalid syntax"),
    ],
)
def test_what_a_conftest_does_wrong_is_told_in_one_line(
    tell: Tell, tmp_path: Path, text: str, line: int, why: str
) -> None:
    written(tmp_path, *PASSING)
    conftest = tmp_path / "features/conftest.py"
    conftest.write_text(text)
    said = tell("steps")
    assert (said.code, said.err) == (65, f"drill: {conftest}:{line}: cannot be imported: {why}\n")


@pytest.mark.usefixtures("shop")
def test_steps_are_told_with_an_example_and_where_they_are_used(tell: Tell) -> None:
    told = {one["text"]: one for one in json.loads(tell("steps", "--json").out)}
    crash = told["{service:Service} crashes and stays down"]
    assert crash["parameters"] == [{"name": "service", "kind": "Service"}]
    assert (crash["example"], crash["used"]) == ("tracklist-service crashes and stays down", [])
    [place] = told["{service:Service} is released as {version:Version}"]["used"]
    assert place.startswith("features/shop_1_1_0_answers_with_errors.feature:")
    assert f"  used     {place}" in tell("steps").out


def test_the_job_of_ci_does_what_it_says(shop: Path) -> None:
    job = yaml.safe_load((shop / ".github/workflows/drills.yml").read_text())["jobs"]["drills"]
    runs = [step["run"] for step in job["steps"] if "run" in step]
    assert runs[2:] == ["drill lint --format github", "drill run"]
    unset = next(step for step in job["steps"] if step.get("if") == "vars.DRILL_PACKAGE == ''")
    told = subprocess.run(["bash", "-e", "-c", unset["run"]], capture_output=True, text=True, check=False)
    assert (told.returncode, told.stderr) == (1, "")
    assert told.stdout.startswith("::error::Set the variable DRILL_PACKAGE of this repository")
    assert told.stdout.count("\n") == 1


@pytest.mark.parametrize("name", ["features", "releases", ".github"])
def test_init_writes_nothing_where_a_file_is_in_the_way_of_a_folder(tell: Tell, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("a file")
    said = tell("init")
    assert (said.code, said.out) == (73, "")
    assert f"because {name} is no folder; nothing was written" in said.err
    assert [one.name for one in tmp_path.iterdir()] == [name]


def test_new_without_a_system_says_how_to_begin(tell: Tell) -> None:
    said = tell("new")
    assert said.code == 66
    assert "begin with 'drill init'" in said.err


def written(folder: Path, *steps: str) -> None:
    (folder / "features").mkdir()
    (folder / "features/some.feature").write_text(feature(one=steps))
    (folder / "pyproject.toml").write_text(f'[tool.drill]\nsystem = "{ECHO}"\n')


def test_findings_are_told_for_people_for_programs_and_beside_their_lines(tell: Tell, tmp_path: Path) -> None:
    written(tmp_path, *(step.replace("5 %", "5") for step in PASSING))
    text = tell("lint")
    assert text.code == 65
    first, why, do = text.out.splitlines()
    assert first.startswith("features/some.feature:6:71: wrong-value: '5' is not a share")
    assert why.startswith("    why: a step with a value that has no meaning")
    assert do == "    do:  write it as in: 5 %"
    assert text.err == "drill: 1 feature: 1 finding\n"
    assert tell("lint", "--format", "github").out.startswith("::error file=features/some.feature,line=6,col=71,title=")
    [finding] = json.loads(tell("lint", "--json").out)
    assert (finding["id"], finding["line"], finding["column"]) == ("wrong-value", 6, 71)


def test_lint_of_nothing_is_an_error(tell: Tell, tmp_path: Path) -> None:
    (tmp_path / "features").mkdir()
    said = tell("lint")
    assert said.code == 64
    assert "no feature file was found in features; 'drill new' writes one" in said.err
    assert tell("lint", "nowhere").code == 66


def test_steps_of_a_conftest_are_steps_like_any_other(tell: Tell, tmp_path: Path) -> None:
    crash = [step if "released" not in step else "When the night of echo begins" for step in PASSING]
    crash[0] = "Given echo is live in 1.1.0, with 1.0.0 on standby"
    written(tmp_path, *crash, "When the nigth of echo begins")
    (tmp_path / "features/conftest.py").write_text(OWN_STEPS)
    [finding] = json.loads(tell("lint", "--json").out)
    assert finding["id"] == "undefined-step"
    assert "write 'the night of echo begins'" in finding["fix"]
    written_again = feature(one=crash)
    (tmp_path / "features/some.feature").write_text(written_again)
    assert tell("lint").code == 0
    [drill] = json.loads(tell("list", "--json").out)
    assert drill["fault"] == "echo crashes and stays down"


def test_a_step_that_needs_a_run_is_not_judged_by_what_it_declares(tell: Tell, tmp_path: Path) -> None:
    written(tmp_path, *(step if "released" not in step else "When somebody waits" for step in PASSING))
    (tmp_path / "features/conftest.py").write_text(OWN_STEPS)
    assert tell("lint").code == 0
