"""Real drills of the sample system that validate a rollback from every side, and one that clients are content with."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from tests.support.commands import REPOSITORY, drill
from tests.support.drills import results_of, the_run
from tests.support.sandboxes import state_folder

pytestmark = pytest.mark.alone
FEATURE: Final = REPOSITORY / "features/validation/after_a_rollback.feature"
WHOLE = "A release is taken back and nothing of it is left"
IN_PLACE = "A release in place is taken back and nothing of it is left"
BROKEN = "Clients are content, and the business path is broken"
COULD_NOT_TELL = ("indeterminate", "invalid")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of a run; one in which a drill could not be told, on a machine too busy for it, is made once more."""
    folder = tmp_path_factory.mktemp("validation")
    with state_folder() as state:
        for name in ("first", "again"):
            said = drill("run", FEATURE, "--out", folder / name, state=state, within=300)
            found = the_run(folder / name)
            if not any(one["verdict"] in COULD_NOT_TELL for one in results_of(found).values()):
                break
        assert said.out
        yield found


def criteria(run: Path, drill_name: str) -> dict[str, dict[str, Any]]:
    return {one["name"]: one for one in results_of(run)[drill_name]["criteria"]}


def test_every_drill_ends_as_its_scenario_says(run: Path) -> None:
    results = results_of(run)
    assert {name: (one["verdict"], one["as_expected"], one["reason"]) for name, one in results.items()} == {
        WHOLE: ("passed", True, "every objective and every criterion held, by its worst bound"),
        IN_PLACE: ("passed", True, "every objective and every criterion held, by its worst bound"),
        BROKEN: ("missed", True, results[BROKEN]["reason"]),
    }


def test_every_criterion_that_the_scenario_names_held_and_so_did_the_systems_own(run: Path) -> None:
    found = criteria(run, WHOLE)
    assert {one["answer"] for one in found.values()} == {"held"}
    assert len(found) == 18
    assert found["no foreign key has orphans"]["detail"] == "of 4 foreign keys"
    assert found["the business path works"]["value"] == 6
    assert found["the check 'every tracklist is whole' holds"]["source"].startswith("fixtures/tracktion/drill.toml:")
    assert found["nothing is left of the fault"]["source"].startswith("features/validation/after_a_rollback.feature:")


def test_a_path_that_is_broken_is_a_miss_that_says_where_though_clients_got_good_answers(run: Path) -> None:
    result = results_of(run)[BROKEN]
    assert result["cause"] == "criterion-broken"
    assert result["reason"].startswith(
        "it did not hold that the business path works: 3 requests (request 4, tracklist-service GET "
    )
    found = criteria(run, BROKEN)
    assert found["every service gives good answers to its business request"]["answer"] == "held"
    assert found["the check 'every tracklist is whole' holds"]["answer"] == "broken"


def test_the_report_shows_every_criterion_with_what_was_found(run: Path) -> None:
    folder = run / results_of(run)[WHOLE]["drill_id"]
    for name in ("report.html", "report.md"):
        text = (folder / name).read_text(encoding="utf-8").replace("&#39;", "'").replace("\\", "")
        for criterion in criteria(run, WHOLE):
            assert criterion[1:] in text  # sentences begin with a capital there


def test_a_dry_run_shows_what_will_be_validated(tmp_path: Path) -> None:
    said = drill("run", FEATURE, "--dry-run", state=tmp_path)
    for line in (
        "criterion   the business path works, within 10 s",
        "criterion   no foreign key has orphans, within 10 s",
        "criterion   nothing is left of the fault, within 5 s",
        "criterion   the check 'every tracklist is whole' holds, within 5 s",
    ):
        assert line in said.out
