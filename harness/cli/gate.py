"""`drill gate SCRIPT`: a team's own rollback script, tried in every scenario of the standard set."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli.options import EMBEDDED, RUNS, Json, Out
from harness.cli.output import results_to_stdout
from harness.conduct import make_run_folder, new_run_id
from harness.drill.sandboxes import KIND
from harness.errors import UsageError
from harness.gate import limits
from harness.gate.gate import run_gate
from harness.gate.judge import Objectives
from harness.gate.report import write_gate
from harness.gate.result import EXITS, CaseResult, GateResult, Outcome
from harness.gate.seen import Subject
from harness.gate.static import check
from harness.report.words import clean
from harness.units import Duration

if TYPE_CHECKING:
    from harness.gate.cluster.ground import Ground

_WIDTH = 13
_SANDBOXES = (EMBEDDED, KIND)

RollsBack = Annotated[
    list[Subject] | None,
    typer.Option(
        "--rolls-back", help="what the script is about; again for more", show_default="what it changes when left alone"
    ),
]


def gate(
    script: Annotated[Path, typer.Argument(help="the rollback script: any program that keeps the contract")],
    *,
    rolls_back: RollsBack = None,
    scenario: Annotated[
        list[str] | None, typer.Option("--scenario", help="only this one, or all whose names begin so")
    ] = None,
    sandbox: Annotated[str, typer.Option("--sandbox", help="where its world is: embedded, kind")] = EMBEDDED,
    rto: Annotated[
        str | None,
        typer.Option(
            "--rto", help="until clients are served", show_default=f"{limits.RTO}; {limits.CLUSTER_RTO} on kind"
        ),
    ] = None,
    rpo: Annotated[str, typer.Option("--rpo", help="of acknowledged writes lost by a restore")] = str(limits.RPO),
    strict_static: Annotated[bool, typer.Option("--strict-static", help="what the text shows counts, too")] = False,
    out: Out = RUNS,
    json: Json = False,
) -> int:
    """Try a rollback script. Exit 0: it can be trusted; 1: it cannot; 2: could not tell; 64 to 78: an error."""
    if sandbox not in _SANDBOXES:
        raise UsageError(f"--sandbox {sandbox}: the gate makes its worlds in {' or '.join(_SANDBOXES)}")
    pace = limits.Pace() if sandbox == EMBEDDED else limits.IN_A_CLUSTER
    objectives = Objectives(_duration(rto, "--rto") if rto else pace.rto, _duration(rpo, "--rpo"))
    static = check(script)
    result = run_gate(
        script,
        claims=frozenset(rolls_back or ()),
        objectives=objectives,
        only=frozenset(scenario or ()),
        static=static,
        strict=strict_static,
        told=_tell,
        ground=None if sandbox == EMBEDDED else _ground(),
    )
    folder = make_run_folder(out, new_run_id())
    write_gate(result, folder)
    with results_to_stdout():
        if json:
            print(result.model_dump_json(indent=2))
        else:
            print_gate(result, folder, seen=sys.stdout.isatty() and sys.stderr.isatty())
    return EXITS[result.outcome]


def _ground() -> Callable[[Path], Ground]:
    from harness.gate.cluster.ground import prepare  # noqa: PLC0415 - a second of imports that others do without

    return partial(prepare, tell=lambda sentence: print(sentence, file=sys.stderr, flush=True))


def _duration(text: str, option: str) -> Duration:
    try:
        return Duration.parse(text)
    except ValueError as error:
        raise UsageError(f"{option}: {error}") from None


def _tell(case: CaseResult, number: int, count: int) -> None:
    """A line of progress."""
    print(f"[{number}/{count}] {case.outcome.value:<{_WIDTH}} {case.title}: {case.end}", file=sys.stderr, flush=True)


def print_gate(result: GateResult, folder: Path, *, seen: bool) -> None:
    """What came of a script, with each finding, and what to do.

    Args:
        result: of all scenarios that were tried.
        folder: where the reports are.
        seen: scenarios that it held in are on the same screen already, as progress, and not told again.
    """
    for case in result.cases:
        if seen and case.outcome is Outcome.PASSED:
            continue
        print(f"{case.outcome.value:<{_WIDTH}} {clean(case.title)}: {clean(case.end)}")
        for finding in case.findings:
            print(f"{'':<{_WIDTH}}   {finding.id}: {clean(finding.sentence)}")
    advice = dict.fromkeys((one.id, one.advice) for case in result.cases for one in case.findings)
    for id_, text in advice:
        print(f"{id_}: {clean(text)}")
    if not result.held_alone:
        print("no other scenario was tried: what it does when left alone comes first")
    for found in result.static:
        print(clean(f"{found.where}: {found.id}: {found.sentence}; {found.advice}"))
    about = " and ".join(one.value for one in result.rolls_back) or "nothing"
    print(f"{clean(result.script)} rolls back {about}: {result.outcome.value}; {clean(result.reason)}")
    print(f"report: {clean(str(folder / 'index.html'))}")
