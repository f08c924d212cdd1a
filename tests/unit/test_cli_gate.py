"""What `drill gate` says at its end: each finding with what to do, and nothing twice on one screen."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.cli.gate import print_gate
from harness.gate.result import CaseResult, FindingResult, GateResult, Outcome, StaticFinding


def case(name: str, outcome: Outcome) -> CaseResult:
    wrong = (FindingResult(id="lost-writes", sentence="clients lost writes", advice="roll back in place"),)
    findings = () if outcome is Outcome.PASSED else wrong
    return CaseResult(
        id=name,
        title=name,
        reason="nights",
        expected="it ends",
        outcome=outcome,
        end="exit 0",
        findings=findings,
        took=1,
    )


def printed(capsys: pytest.CaptureFixture[str], *cases: CaseResult, seen: bool = False) -> list[str]:
    shown = StaticFinding(id="swallowed", where="down.sh:7", sentence="an error is thrown away", advice="let it end")
    result = GateResult(
        contract="1",
        script="down.sh",
        outcome=max((one.outcome for one in cases), key=lambda one: one is Outcome.MISSED),
        reason="so it is",
        rolls_back=(),
        rto_objective=20,
        rpo_objective=300,
        took=9,
        cases=cases,
        static=(shown,),
    )
    print_gate(result, Path("runs/1"), seen=seen)
    return capsys.readouterr().out.splitlines()


def test_a_finding_is_told_with_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    lines = printed(capsys, case("plain", Outcome.PASSED), case("lock", Outcome.MISSED))
    assert [line.strip() for line in lines] == [
        "passed        plain: exit 0",
        "missed        lock: exit 0",
        "lost-writes: clients lost writes",
        "lost-writes: roll back in place",
        "down.sh:7: swallowed: an error is thrown away; let it end",
        "down.sh rolls back nothing: missed; so it is",
        "report: runs/1/index.html",
    ]


def test_what_held_is_not_told_again_on_the_screen_that_showed_it(capsys: pytest.CaptureFixture[str]) -> None:
    lines = printed(capsys, case("plain", Outcome.PASSED), case("lock", Outcome.MISSED), seen=True)
    assert lines[0] == "missed        lock: exit 0"


def test_a_script_that_does_not_hold_when_left_alone_is_told_that_nothing_else_was_tried(
    capsys: pytest.CaptureFixture[str],
) -> None:
    lines = printed(capsys, case("plain", Outcome.MISSED))
    assert "no other scenario was tried: what it does when left alone comes first" in lines
