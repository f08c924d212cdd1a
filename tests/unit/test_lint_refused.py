"""`drill lint` finds a rollback that will be refused, and what only a cluster can show, before any is run."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.commands import TRACKTION
from tests.support.linted import BACK, FAULT, GOOD, RTO, STEADY, changed, feature, found_in, of_tracktion

DROPPED = "When the table tracklists is dropped"
BY_MOMENT = "And the database is restored to the moment before the fault within 10 s"
TAKEN = "And a base backup of the database is taken"


def restored(*before: str) -> str:
    """A drill of the sample system that restores its database."""
    swaps = {FAULT: (DROPPED,), BACK: (BY_MOMENT,), STEADY: (*before, STEADY)}
    return of_tracktion(feature(*(one for step in GOOD for one in swaps.get(step, (step,)))))


def test_a_restore_needs_the_backup_that_it_goes_back_to(tmp_path: Path) -> None:
    assert found_in(tmp_path, restored(TAKEN), TRACKTION) == ()
    for text in (restored(), restored("And the database is dumped")):
        [finding] = found_in(tmp_path, text, TRACKTION)
        assert (finding.id, finding.line) == ("out-of-reach", 2)
        assert finding.what == "a check will refuse the rollback: nothing there is will lead back"
        assert finding.fix.startswith("have what it goes back to kept before the fault, or say that it is meant: ")


def test_traffic_needs_a_standby(tmp_path: Path) -> None:
    text = changed(FAULT, "When echo crashes and stays down")
    [finding] = found_in(tmp_path, text)
    assert (finding.id, finding.line) == ("out-of-reach", 2)
    assert "the check of echo will refuse the rollback: 1.0.0 does not stand by" in finding.what
    assert "with 1.0.0 on standby" in finding.fix


def test_a_refusal_may_be_meant(tmp_path: Path) -> None:
    meant = "But the rollback is refused because nothing is deployed"
    assert found_in(tmp_path, changed(RTO, RTO, meant).replace(FAULT, "When echo crashes and stays down")) == ()


@pytest.mark.parametrize(
    "steps",
    [
        ("When the upgrade of echo to 2.0.0 hangs in pending",),
        (FAULT, "And the history of echo keeps only 1 revision"),
        (FAULT, "And the image of echo 1.0.0 is missing from the registry"),
        (FAULT, "And an earlier rollback of echo is unfinished"),
        (FAULT, "And the node of echo is drained"),
    ],
)
def test_what_only_a_cluster_can_show_needs_its_tag(tmp_path: Path, steps: tuple[str, ...]) -> None:
    text = changed(FAULT, *steps).replace("traffic is back on 1.0.0", "echo is rolled back to 1.0.0 by its revision")
    [finding] = found_in(tmp_path, text)
    assert (finding.id, finding.line) == ("contradiction", 5 + len(steps))
    assert "only a cluster can show that" in finding.what
    assert "add @kind" in finding.fix
    assert "contradiction" not in {one.id for one in found_in(tmp_path, f"@kind\n{text}")}
