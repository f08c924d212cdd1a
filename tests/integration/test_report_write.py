"""What a drill and a run leave on a disk."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import CannotCreate, InternalError
from harness.report import assets as place
from harness.report.summary import RunSummary
from harness.report.write import stable_json, write_drill, write_run
from harness.verdict.result import Result
from tests.support.journals import judged
from tests.support.pages import Page
from tests.support.stories import BAD_RELEASE, STORIES


def _write(folder: Path) -> None:
    found = [judged(story) for story in STORIES.values()]
    for result, timeline in found:
        write_drill(result, timeline, folder / result.drill_id)
    write_run([result for result, _ in found], folder)


def test_a_run_leaves_its_files_and_every_link_leads_to_one(tmp_path: Path) -> None:
    _write(tmp_path)
    assert {one.name for one in tmp_path.iterdir() if one.is_file()} == {"index.html", "junit.xml", "summary.json"}
    for link in Page((tmp_path / "index.html").read_text(encoding="utf-8")).links:
        assert (tmp_path / link).is_file()
    assert {one.name for one in (tmp_path / "crash").iterdir()} == {"result.json", "report.html", "report.md"}


def test_writing_again_gives_the_same_bytes(tmp_path: Path) -> None:
    _write(tmp_path / "one")
    _write(tmp_path / "two")
    files = sorted(path.relative_to(tmp_path / "one") for path in (tmp_path / "one").rglob("*") if path.is_file())
    assert len(files) == 3 + 3 * len(STORIES)
    for name in files:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_what_was_written_reads_back_as_the_same_result(tmp_path: Path) -> None:
    result, timeline = judged(BAD_RELEASE)
    write_drill(result, timeline, tmp_path)
    assert Result.model_validate_json((tmp_path / "result.json").read_bytes()) == result
    found = write_run([result], tmp_path)
    assert RunSummary.model_validate_json((tmp_path / "summary.json").read_bytes()) == found


def test_a_folder_that_cannot_be_made_is_told_and_nothing_is_left(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(CannotCreate, match=r"result\.json: the report cannot be written"):
        write_drill(*judged(BAD_RELEASE), tmp_path / "file" / "drill")
    (tmp_path / "drill" / "result.json").mkdir(parents=True)
    with pytest.raises(CannotCreate):
        write_drill(*judged(BAD_RELEASE), tmp_path / "drill")
    assert [one.name for one in (tmp_path / "drill").iterdir()] == ["result.json"]


def test_a_number_that_json_cannot_say_is_our_own_fault() -> None:
    result, _ = judged(BAD_RELEASE)
    with pytest.raises(InternalError, match="not finite"):
        stable_json(result.model_copy(update={"took": float("nan")}))


def test_templates_of_an_installed_package_come_before_those_of_a_checkout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package, checkout = tmp_path / "harness" / "report", tmp_path / "reports"
    monkeypatch.setattr(place, "_PACKAGE", package)
    monkeypatch.setattr(place, "_CHECKOUT", checkout)
    assert place.assets("templates") == checkout / "templates"
    (package / "templates").mkdir(parents=True)
    assert place.assets("templates") == package / "templates"
