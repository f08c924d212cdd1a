"""How grave an incident is decides whether the engine rolls back; a drill in which it does not says so."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from harness.journal import records as r
from tests.support import drills
from tests.support.commands import ECHO, Said, drill
from tests.support.drills import records_of, results_of, the_run
from tests.support.sandboxes import state_folder

pytestmark = pytest.mark.alone  # beside other tests answers become slow, and by that alone the decision another one
FOUR = ECHO.with_name("four.toml")
INCIDENT = (
    drills.LIVE,
    "And clients probe every service 25 times a second",
    "And the steady state is observed for 2 s",
    "And a rollback is called for when the error rate of search is above 5 % for 1 s",
)
RELEASE = (
    "When search is released as weary",
    *(step.replace("echo", "search") for step in drills.REACTION),
)


@dataclass(frozen=True)
class Ran:
    """A run of the command, and the folder of its results."""

    said: Said
    run: Path

    def result(self, name: str) -> dict[str, Any]:
        return results_of(self.run)[name]

    def records(self, name: str) -> tuple[r.Record, ...]:
        return records_of(self.run / str(self.result(name)["drill_id"]))


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ran]:
    """One of four services fails a tenth of its requests: too little to roll back by the health of the system alone."""
    folder = tmp_path_factory.mktemp("severity")
    path = drills.feature_file(
        folder,
        no_rollback=(
            *INCIDENT,
            "And the incident is of medium severity",
            *RELEASE,
            "And the drill is missed because no rollback was called for",
        ),
        in_time=(*INCIDENT, "And the incident is of high severity", "And high severity counts after 500 ms", *RELEASE),
        at_once=(*INCIDENT, *RELEASE),
    )
    with state_folder() as state:
        said = drill("run", path, "--system", FOUR, "--out", folder / "out", state=state, within=120)
        yield Ran(said, the_run(folder / "out"))


def test_a_drill_whose_assessment_calls_for_no_rollback_is_missed_and_says_why(ran: Ran) -> None:
    result = ran.result("no rollback")
    assert (result["verdict"], result["cause"]) == ("missed", "not-called-for")
    first = result["decision"]["reasons"][0]
    assert result["reason"] == f"the assessment does not call for a rollback: {first}"
    assert first.startswith(("consider: ", "monitor: "))
    assert result["decision"]["roll_back"] is False
    assert result["plan"] is None
    assert result["triggers"][0]["severity"] == "medium"
    assert result["triggers"][0]["met"] is not None
    assert ran.said.code == 0


def test_without_a_rollback_nothing_is_changed_but_the_fault_is_taken_back(ran: Ran) -> None:
    records = ran.records("no rollback")
    assert not any(isinstance(one, (r.Planned, r.RollbackStarted, r.StepEnded)) for one in records)
    assert [one.error for one in records if isinstance(one, r.UndoDone)] == ["", ""]


def test_every_reason_of_the_decision_is_in_the_report(ran: Ran) -> None:
    result = ran.result("no rollback")
    reasons = " ".join(result["decision"]["reasons"])
    assert "monitor: medium severity for " in reasons
    assert "monitor: 75 % of services are healthy (search: " in reasons
    page = (ran.run / result["drill_id"] / "report.html").read_text(encoding="utf-8")
    assert "do not roll back" in page
    assert "Medium severity." in page


def test_high_severity_that_lasted_long_enough_is_rolled_back(ran: Ran) -> None:
    result = ran.result("in time")
    assert (result["verdict"], result["decision"]["decision"]) == ("passed", "recommended")
    assert "recommended: high severity for " in result["decision"]["reasons"][0]
    assert "longer than 500 ms" in result["decision"]["reasons"][0]


def test_an_immediate_trigger_is_critical_by_itself(ran: Ran) -> None:
    result = ran.result("at once")
    assert (result["verdict"], result["decision"]["decision"]) == ("passed", "immediate")
    assert result["triggers"][0]["severity"] == "critical"
