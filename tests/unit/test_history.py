"""The history of a folder of runs: what it keeps, how scenarios went, and whether they became slower."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import sqlite3
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import datetime
from pathlib import Path

import pytest
from prometheus_client import generate_latest

from harness.cli.history import remember
from harness.errors import CannotCreate, InputError, NotFound
from harness.journal.cause import Cause
from harness.journal.declaration import Answer, Verdict
from harness.report.again import judge_folder
from harness.report.history.entry import Entry
from harness.report.history.keep import PAGE, add_runs, keep, trends_of
from harness.report.history.metrics import registry_of
from harness.report.history.store import FILE, matching, opened
from harness.report.history.trend import Growth, growth, trend
from harness.report.write import write_run
from harness.verdict.result import Result, Seconds
from tests.support.chains import forge
from tests.support.commands import Said, say
from tests.support.pages import Page
from tests.support.worlds import World, written


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Result]:
    """A run of one drill, and its result."""
    folder = tmp_path_factory.mktemp("run") / "r1" / "d"
    folder.mkdir(parents=True)
    (folder / "journal.jsonl").write_bytes(forge(written(World().records())))
    return folder.parent, judge_folder(folder)


@pytest.fixture(scope="module")
def one(made: tuple[Path, Result]) -> Entry:
    return Entry.of(made[1], "r1/d/report.html")


def drills(one: Entry, spans: Sequence[tuple[float, float] | None], verdicts: str = "") -> list[Entry]:
    """Drills of one scenario, the newest first; verdicts as letters: passed, missed, invalid."""
    words = {"p": Verdict.PASSED, "m": Verdict.MISSED, "i": Verdict.INVALID}
    found = []
    for number, span in enumerate(spans):
        verdict = words[verdicts[number]] if verdicts else Verdict.PASSED
        update = {
            "run_id": f"r{number:03}",
            "started_utc": f"2026-{12 - number // 28:02}-{28 - number % 28:02}T03:00:00.000Z",
            "verdict": verdict,
            "as_expected": verdict is Verdict.PASSED,
            "rto": Seconds(low=span[0], high=span[1]) if span else None,
        }
        found.append(one.model_copy(update=update))
    return found


USUAL = [(10.0, 10.1)] * 10


def grown(listed: Sequence[Entry]) -> Growth:
    return growth(listed[0], listed[1:], allowed=30)


def told_of(listed: Sequence[Entry], folder: Path) -> Growth:
    """What the history of these drills says."""
    with opened(folder, make=True) as history:
        history.add(listed)
    return trends_of(folder, None, over=10, allowed=30)[0].growth


@pytest.mark.parametrize(
    ("now", "answer"),
    [
        ((13.2, 13.3), Answer.BROKEN),
        ((12.9, 12.99), Answer.HELD),
        ((12.9, 13.2), Answer.UNKNOWN),
        ((13.05, 13.1), Answer.UNKNOWN),  # above 130 % of the lower median, not of the upper one
        ((3.0, 3.1), Answer.HELD),
    ],
)
def test_a_recovery_time_has_grown_only_where_it_surely_has(
    now: tuple[float, float], answer: Answer, one: Entry
) -> None:
    assert grown(drills(one, [now, *USUAL])).answer is answer


def test_the_median_is_of_the_last_ten_that_measured_one(one: Entry, tmp_path: Path) -> None:
    spans = [(13.2, 13.3), None, *USUAL, (500.0, 501.0), (500.0, 501.0)]
    found = told_of(drills(one, spans), tmp_path)
    assert (found.over, found.median) == (10, Seconds(low=10.0, high=10.1))


def test_a_drill_that_says_nothing_is_not_in_the_median_and_takes_no_place_in_it(one: Entry, tmp_path: Path) -> None:
    listed = drills(one, [(10.0, 10.1), *[(99.0, 99.1)] * 10, *USUAL], "p" + "i" * 10 + "p" * 10)
    found = told_of(listed, tmp_path)
    assert (found.answer, found.over, found.median) == (Answer.HELD, 10, Seconds(low=10.0, high=10.1))


def test_too_few_drills_before_are_told_and_are_neither_well_nor_ill(one: Entry) -> None:
    found = grown(drills(one, [(1.0, 1.1), (1.0, 1.1), (1.0, 1.1)]))
    assert found.answer is None
    assert "2 drills before it measured one" in found.reason


@pytest.mark.parametrize(
    ("ends", "cause", "answer", "reason"),
    [
        ("mp", Cause.NOT_RECOVERED, Answer.BROKEN, "never recovered"),
        ("mp", Cause.REFUSED_STANDBY, Answer.BROKEN, "never recovered"),
        ("mp", Cause.CRITERION_BROKEN, Answer.UNKNOWN, "measured no recovery time"),
        ("ip", Cause.NO_EFFECT, Answer.UNKNOWN, "was invalid"),
        ("mm", Cause.NOT_RECOVERED, None, "as expected"),
        ("ii", Cause.NO_EFFECT, None, "as expected"),
    ],
)
def test_a_drill_that_measured_no_recovery_time_is_never_well_unless_it_is_expected(
    ends: str,
    cause: Cause,
    answer: Answer | None,
    reason: str,
    one: Entry,
) -> None:
    last, expected = ends[0], ends[1]
    first, *before = drills(one, [None, *USUAL], last + "p" * 10)
    found = grown([first.model_copy(update={"as_expected": last == expected, "cause": cause}), *before])
    assert found.answer is answer
    assert reason in found.reason


@pytest.mark.parametrize(
    ("now", "answer"), [((20.0, 20.1), Answer.BROKEN), ((0.1, 0.2), Answer.UNKNOWN), ((0.0, 0.0), Answer.HELD)]
)
def test_a_recovery_time_grows_over_perhaps_none_at_all(now: tuple[float, float], answer: Answer, one: Entry) -> None:
    found = grown(drills(one, [now, *[(0.0, 0.5)] * 5]))
    assert (found.answer, found.percent) == (answer, None)


def test_rows_of_an_outline_that_share_a_name_are_scenarios_of_their_own(one: Entry, tmp_path: Path) -> None:
    rows = drills(one, [(1.0, 1.1)] * 3, "pmp")
    named = [row.model_copy(update={"drill_id": f"refused-{number}", "run_id": "r"}) for number, row in enumerate(rows)]
    with opened(tmp_path, make=True) as history:
        history.add([*named, named[0].model_copy(update={"drill_id": f"refused-0-{one.sandbox}", "run_id": "q"})])
    told = trends_of(tmp_path, None)
    assert [(each.scenario.drill, each.drills) for each in told] == [
        ("refused-0", 2),
        ("refused-1", 1),
        ("refused-2", 1),
    ]
    assert [str(each.last.verdict) for each in told] == ["passed", "missed", "passed"]
    generate_latest(registry_of(told))


def test_another_journal_of_the_same_drill_is_refused_unless_it_had_been_broken_off(one: Entry, tmp_path: Path) -> None:
    other = one.model_copy(update={"journal_head": "0" * 64})
    killed = {"drill_id": "k", "verdict": Verdict.ABORTED, "cause": Cause.KILLED}
    with opened(tmp_path, make=True) as history:
        history.add([one, one.model_copy(update=killed)])
        history.add([other.model_copy(update={"drill_id": "k"})])
    with pytest.raises(InputError, match="with another journal"), opened(tmp_path, make=True) as history:
        history.add([one.model_copy(update={"run_id": "more"}), other])
    with opened(tmp_path, make=False) as history:
        assert {(entry.drill_id, entry.journal_head) for entry in history.all()} == {
            (one.drill_id, one.journal_head),
            ("k", "0" * 64),
        }


def test_a_row_that_cannot_be_read_is_told_as_damage(one: Entry, tmp_path: Path) -> None:
    with opened(tmp_path, make=True) as history:
        history.add([one])
    with closing(sqlite3.connect(tmp_path / FILE)) as connection, connection:
        connection.execute("UPDATE drills SET entry = '{}'")
    with pytest.raises(InputError, match="is damaged"):
        trends_of(tmp_path, None)


def test_a_scenario_without_drills_is_none(one: Entry, tmp_path: Path) -> None:
    with opened(tmp_path, make=True) as history:
        history.add([one, one.model_copy(update={"drill_id": "other"})])
    with closing(sqlite3.connect(tmp_path / FILE)) as connection, connection:
        connection.execute("DELETE FROM drills WHERE drill_id = 'other'")
    assert [each.scenario.drill for each in trends_of(tmp_path, None)] == [one.drill_id]


def test_a_history_is_read_where_nothing_can_be_written(
    one: Entry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(tmp_path, make=True) as history:
        history.add([one])
    monkeypatch.setattr(os, "access", lambda *_: False)  # as on a disk that is mounted to be read only
    with opened(tmp_path, make=False) as history:
        assert list(history.all()) == [one]
        assert [path.name for path in tmp_path.iterdir()] == [FILE]


def test_two_runs_that_end_together_are_both_on_the_page(made: tuple[Path, Result], tmp_path: Path) -> None:
    runs = [Path(shutil.copytree(made[0], tmp_path / "runs" / name)) for name in ("r1", "r2")]
    with ThreadPoolExecutor() as pool:
        done = [
            pool.submit(keep, [made[1].model_copy(update={"drill_id": run.name, "run_id": run.name})], run)
            for run in runs
        ]
        for one in done:
            one.result()
    page = (tmp_path / "runs" / PAGE).read_text()
    assert all(f"{run.name}/{run.name}/report.html" in page for run in runs)


def test_a_page_of_somebody_else_is_left_alone(made: tuple[Path, Result], tmp_path: Path) -> None:
    run = Path(shutil.copytree(made[0], tmp_path / "runs" / "r1"))
    (tmp_path / "runs" / "index.html").write_text("mine")
    keep([made[1].model_copy(update={"drill_id": "d"})], run)
    assert (tmp_path / "runs" / "index.html").read_text() == "mine"


def test_a_history_of_an_older_drill_is_renewed_by_who_writes_to_it(one: Entry, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / FILE)) as connection, connection:
        connection.executescript(
            "CREATE TABLE scenarios (id INTEGER PRIMARY KEY);"
            "CREATE TABLE drills (run_id, drill_id, scenario, started_utc, verdict, entry); PRAGMA user_version = 1"
        )
        row = (one.run_id, one.drill_id, 1, one.started_utc, one.verdict, one.model_dump_json())
        connection.execute("INSERT INTO drills VALUES (?, ?, ?, ?, ?, ?)", row)
    with pytest.raises(InputError, match="older drill"), opened(tmp_path, make=False):
        pass
    with opened(tmp_path, make=True) as history:
        history.add([one.model_copy(update={"run_id": "r2"})])
    with opened(tmp_path, make=False) as history:
        assert [entry.run_id for entry in history.all()] == ["r2", one.run_id]


@pytest.mark.parametrize(
    ("verdicts", "unsteady"), [("ppppp", False), ("mmppp", False), ("pmppp", True), ("mpmpm", True)]
)
def test_a_scenario_is_unsteady_that_failed_and_was_well_again(verdicts: str, unsteady: bool, one: Entry) -> None:  # noqa: FBT001
    found = drills(one, [(1.0, 1.1)] * 5, verdicts)
    told = trend(one.scenario, found, found[1:], count=5, last_passed=None, last_as_expected=None, allowed=30)
    assert told.unsteady is unsteady


def test_the_last_pass_is_told_however_long_ago_it_was(tmp_path: Path, one: Entry) -> None:
    found = drills(one, [(1.0, 1.1)] * 40, "m" * 39 + "p")
    with opened(tmp_path, make=True) as history:
        history.add(found)
    [told] = trends_of(tmp_path, None)
    assert told.last_passed_utc == found[-1].started_utc
    samples = {
        (sample.name, sample.labels.get("bound") or sample.labels.get("verdict")): sample.value
        for metric in registry_of([told]).collect()
        for sample in metric.samples
    }
    assert (samples["drill_rto_seconds", "low"], samples["drill_rto_seconds", "high"]) == (1.0, 1.1)
    assert (samples["drill_verdict", "missed"], samples["drill_verdict", "passed"]) == (1, 0)
    began = [samples["drill_last_pass_timestamp_seconds", None], samples["drill_last_run_timestamp_seconds", None]]
    assert began == [datetime.fromisoformat(each.started_utc).timestamp() for each in (found[-1], found[0])]


def test_a_drill_that_does_not_say_when_it_began_has_no_metric_of_that_and_no_dot(tmp_path: Path, one: Entry) -> None:
    untold = [each.model_copy(update={"started_utc": ""}) for each in drills(one, [(1.0, 1.1)])]
    with opened(tmp_path, make=True) as history:
        history.add(untold)
    text = generate_latest(registry_of(trends_of(tmp_path, None))).decode()
    assert "drill_last_run_timestamp_seconds{" not in text
    assert 'drill_rto_seconds{bound="low"' in text
    keep([], tmp_path / "run")
    assert (tmp_path / PAGE).is_file()


@pytest.mark.parametrize("verdict", Verdict)
def test_what_a_drill_lost_in_which_nothing_happened_is_no_metric(verdict: Verdict, one: Entry, tmp_path: Path) -> None:
    span = Seconds(low=0.0, high=0.1)
    with opened(tmp_path, make=True) as history:
        history.add([one.model_copy(update={"verdict": verdict, "rto": span, "rpo": span, "lost": 0})])
    text = generate_latest(registry_of(trends_of(tmp_path, None))).decode()
    counts = verdict not in (Verdict.INVALID, Verdict.ABORTED)
    for name in ("drill_rto_seconds", "drill_rpo_seconds", "drill_lost_writes"):
        assert (f"\n{name}{{" in text) is counts
    assert f'verdict="{verdict.value}"}} 1.0' in text


def test_what_was_not_measured_is_no_metric(one: Entry, tmp_path: Path) -> None:
    with opened(tmp_path, make=True) as history:
        history.add(drills(one, [None], "i"))
    text = generate_latest(registry_of(trends_of(tmp_path, None))).decode()
    assert "drill_rto_seconds{" not in text
    assert "drill_last_pass_timestamp_seconds{" not in text


def test_a_drill_is_in_it_once_and_what_is_added_again_replaces_it(tmp_path: Path, one: Entry) -> None:
    other = one.model_copy(update={"sandbox": "kind", "run_id": "r2"})
    with opened(tmp_path, make=True) as history:
        history.add([one, other])
        history.add([one.model_copy(update={"took": 99.0})])
    with opened(tmp_path, make=False) as history:
        assert sorted((entry.run_id, entry.took) for entry in history.all()) == sorted(
            [(one.run_id, 99.0), ("r2", one.took)]
        )
        assert len(history.scenarios()) == 2
        assert len(matching(history, "KIND")) == 1
        with pytest.raises(NotFound, match="named like 'nothing'"):
            matching(history, "nothing")


def test_a_damaged_history_is_told_and_not_touched(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"no database" * 100)
    with pytest.raises(InputError, match="damaged, or is no history"), opened(tmp_path, make=True):
        pass
    assert (tmp_path / FILE).read_bytes() == b"no database" * 100


def test_a_history_of_a_newer_drill_is_not_written_to(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / FILE)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(InputError, match="newer drill"), opened(tmp_path, make=True):
        pass


def test_where_there_is_none_it_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="--add"), opened(tmp_path, make=False):
        pass
    with pytest.raises(CannotCreate), opened(tmp_path / "none", make=True):
        pass


def test_a_run_is_taken_in_and_drawn_with_a_link_to_its_report(made: tuple[Path, Result], tmp_path: Path) -> None:
    run = Path(shutil.copytree(made[0], tmp_path / "runs" / "r1"))
    keep([made[1].model_copy(update={"drill_id": "d"})], run)
    page = (tmp_path / "runs" / PAGE).read_text()
    assert 'href="r1/d/report.html"' in page
    assert made[1].name in page
    assert 'role="img"' not in page, "an image hides the links in it from who cannot see them"
    assert page.count("<th ") == page.count('scope="col"') == 4
    assert f'aria-label="{made[1].started_utc[:10]}: ' in page


def test_a_run_made_elsewhere_is_judged_from_its_journals(made: tuple[Path, Result], tmp_path: Path) -> None:
    run = Path(shutil.copytree(made[0], tmp_path / "elsewhere"))
    (run / "d" / "result.json").write_text("{}")
    (tmp_path / "runs").mkdir()
    assert add_runs([run], tmp_path / "runs") == 1
    with opened(tmp_path / "runs", make=False) as history:
        [entry] = history.all()
    assert (entry.verdict, entry.report) == (made[1].verdict, str(run / "d" / "report.html"))


def test_an_altered_run_adds_nothing(made: tuple[Path, Result], tmp_path: Path) -> None:
    good = Path(shutil.copytree(made[0], tmp_path / "good"))
    bad = Path(shutil.copytree(made[0], tmp_path / "bad"))
    journal = bad / "d" / "journal.jsonl"
    journal.write_bytes(journal.read_bytes().replace(b"0", b"1", 1))
    with pytest.raises(InputError):
        add_runs([good, bad], tmp_path)
    assert not (tmp_path / FILE).exists()


def test_the_commands_list_export_and_gate(
    tmp_path: Path, one: Entry, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with opened(tmp_path, make=True) as history:
        history.add(drills(one, [(13.2, 13.3), *USUAL]))

    monkeypatch.setenv("DRILL_STATE_DIR", str(tmp_path / "state"))

    def ask(*arguments: str) -> Said:
        return say(monkeypatch, capsys, *arguments, "--runs", str(tmp_path))

    listed = ask("history", "--last", "3")
    assert listed.code == 0, listed.err
    assert listed.out.count(one.name) == 3
    lines = ask("history", "--json").out.splitlines()
    assert [Entry.model_validate_json(line).run_id for line in lines] == [f"r{n:03}" for n in reversed(range(11))]
    rows = list(csv.DictReader(io.StringIO(ask("history", "--csv").out)))
    assert (len(rows), rows[-1]["rto_low"], rows[-1]["rto_high"]) == (11, "13.2", "13.3")
    assert ask("trend").code == 0
    grown = ask("trend", "--max-growth", "30", "--json")
    assert grown.code == 1
    assert json.loads(grown.out)[0]["growth"]["answer"] == "broken"
    assert ask("trend", "--max-growth", "35").code == 0
    assert ask("trend", "--max-growth", "31").code == 2
    assert ask("history", "--json", "--csv").code == 64


def test_the_index_of_a_run_tells_what_its_drills_came_to_before(tmp_path: Path, made: tuple[Path, Result]) -> None:
    """The last time, whatever comes of the history later; and of a drill that is new, nothing."""
    [_, first] = made
    later = {"run_id": "r2", "started_utc": "2099-01-02T03:04:05.000Z"}
    second = first.model_copy(update={**later, "verdict": Verdict.MISSED, "as_expected": False})
    other = first.model_copy(update={**later, "drill_id": "new", "name": "another scenario"})
    for results in ([first], [second, other]):
        remember(results, tmp_path / results[0].run_id, ())
    page = Page((tmp_path / "r2" / "index.html").read_text())
    assert page.text.count("new: it ended as expected before") == 1
    assert f"before, {first.started_utc[:10]} : passed, " in page.text
    assert page.links.count(f"../{first.run_id}/{first.drill_id}/report.html") == 1
    assert "before," not in Page((tmp_path / first.run_id / "index.html").read_text()).text
    (tmp_path / FILE).unlink()
    kept = (tmp_path / "r2" / "index.html").read_bytes()
    write_run([second, other], tmp_path / "r2")
    assert (tmp_path / "r2" / "index.html").read_bytes() == kept
    (tmp_path / "r2" / "previous.json").write_text("{}")
    with pytest.raises(InputError, match=r"previous\.json: cannot be read"):
        write_run([second, other], tmp_path / "r2")
