"""What became of an experiment, by its journal: every activity is looked at, whatever the whole is called."""

from __future__ import annotations

import json
from typing import Any

import pytest

from harness.faults.experiments.journal import problems
from harness.system.experiments import ExperimentRan


def activity(provider: str = "python", kind: str = "action") -> dict[str, Any]:
    return {"type": kind, "name": "act", "provider": {"type": provider}}


def one(**run: Any) -> dict[str, Any]:
    return {"activity": activity(), "status": "succeeded", "output": None, **run}


def told(*runs: dict[str, Any], expected: int = 1, **journal: Any) -> list[str]:
    content = {"status": "completed", "run": list(runs), "rollbacks": [], **journal}
    return problems(ExperimentRan(0, json.dumps(content).encode(), ""), "run", expected)


def test_nothing_is_wrong_where_every_activity_succeeded() -> None:
    assert told(one(), one(), expected=2) == []


@pytest.mark.parametrize(
    ("run", "wrong"),
    [
        (one(status="failed", exception=["Traceback\n", "ValueError: no host\n"]), "failed: ValueError: no host"),
        (one(status="failed", exception=["chaoslib.exceptions.ActivityFailed: no host\n"]), "failed: no host"),
        (one(status="aborted"), "aborted"),
        ({"activity": activity(), "output": None}, "unknown"),
        (
            one(activity=activity("process"), output={"status": 3, "stdout": "", "stderr": "a\nno host\n"}),
            "failed: it ended with exit code 3: no host",
        ),
        (one(activity=activity("process"), output={"status": -9}), "failed: it ended with exit code -9"),
        (one(activity=activity("http"), output={"status": 500, "body": ""}), "failed: the answer was 500"),
        (
            one(activity={**activity("process"), "tolerance": [0, 2]}, output={"status": 1}),
            "failed: 1 is not what its tolerance says",
        ),
        (one(activity={**activity(), "tolerance": True}, output=1), "failed: 1 is not what its tolerance says"),
        (
            one(activity={**activity(), "tolerance": {"type": "range", "range": [1, 2]}}, output=1),
            "failed: 1 is not what its tolerance says",
        ),
    ],
)
def test_an_activity_that_failed_is_told_though_the_whole_is_completed(run: dict[str, Any], wrong: str) -> None:
    assert told(run) == [f"action 'act' {wrong}"]


@pytest.mark.parametrize(
    "run",
    [
        one(activity=activity("process", "probe"), output={"status": 1}),  # what a probe finds is no failure of it
        one(activity={**activity("process"), "tolerance": 1}, output={"status": 1}),
        one(activity={**activity("http"), "tolerance": [404, 410]}, output={"status": 410}),
        one(activity=activity("http"), output={"status": 204}),
        one(activity=activity("process"), output={"status": 0}),
        one(output={"status": 3}),  # what a Python action gives means what its author says
    ],
)
def test_what_only_looks_like_a_failure_is_none(run: dict[str, Any]) -> None:
    assert told(run) == []


def test_activities_that_did_not_run_are_missed() -> None:
    assert told(one(), expected=2, status="interrupted") == ["1 of 2 activities ran, and it ended as 'interrupted'"]


def test_a_steady_state_of_its_own_that_was_not_met_is_why_it_did_not_run() -> None:
    before = {"before": {"steady_state_met": False, "probes": []}, "after": None}
    assert told(steady_states=before) == ["its own steady state was not met before its method"]


@pytest.mark.parametrize("journal", [b"", b"{", b"{}", b"[]", b'{"run": [1]}'])
def test_without_a_journal_the_last_lines_are_told(journal: bytes) -> None:
    ran = ExperimentRan(1, journal, "one\n\nModule not found\n")
    assert problems(ran, "run", 1) == [
        "Chaos Toolkit ended with exit code 1 and no journal:\n  one\n  Module not found"
    ]
