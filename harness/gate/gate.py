"""Runs all cases of one script, side by side, and puts together what they came to. Effects."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import TYPE_CHECKING, Final

from harness.clock import now
from harness.errors import DrillError, NotFound, UsageError
from harness.gate import cases, limits
from harness.gate.case import Case
from harness.gate.choice import chosen, sooner
from harness.gate.folder import own_folder
from harness.gate.judge import Objectives, judge
from harness.gate.mould import make_mould
from harness.gate.plain import plain_result, uses_service
from harness.gate.result import CaseResult, GateResult, Outcome, StaticFinding, result_of
from harness.gate.seen import Subject
from harness.gate.spelling import spellings
from harness.gate.state import touched
from harness.gate.trial import Workshop, try_case
from harness.secrecy import learn
from harness.settings import environment

if TYPE_CHECKING:
    from harness.gate.cluster.ground import Ground

LANES: Final = 3  # cases at once: most of their time is waiting, so one more than there are cores on a small machine
_TRIES: Final = 4  # of a case that did not come about: on a busy machine a run may be four times as long as the next
_SHEBANG: Final = b"#!"
Told = Callable[[CaseResult, int, int], None]
"""Called for each case that ended: its result, how many ended, how many there are."""


def command_of(script: Path) -> tuple[str, ...]:
    """How a script is started: by itself, or by what its first line names.

    Raises:
        NotFound: there is no such file.
        UsageError: it cannot be run.
    """
    if not script.is_file():
        raise NotFound(f"{script}: there is no such script")
    path = script.resolve()
    if os.access(path, os.X_OK):
        return (str(path),)
    with path.open("rb") as file:
        first = file.readline()
    if first.startswith(_SHEBANG):
        return (*first[len(_SHEBANG) :].decode(errors="replace").split(), str(path))
    raise UsageError(f"{script}: not executable, and its first line names no interpreter (#!); chmod +x it")


def run_gate(
    script: Path,
    *,
    claims: AbstractSet[Subject],
    objectives: Objectives,
    only: AbstractSet[str],
    static: Sequence[StaticFinding],
    strict: bool,
    told: Told,
    ground: Callable[[Path], Ground] | None = None,
) -> GateResult:
    """Tries a script in every case of the standard set.

    Args:
        script: what is tried.
        claims: what it rolls back; what the plain run touches when empty.
        objectives: what a rollback must keep.
        only: how ids of cases begin; all when empty. The plain one is always tried.
        static: what its text shows.
        strict: that counts, too.
        told: is told of each case that ended.
        ground: gives what worlds stand on in a cluster, where they have a part there; takes a folder of the gate's.

    Raises:
        DrillError: the script cannot be run at all, or this machine lacks something.
    """
    command = command_of(script)
    for name in only:
        if not any(known.startswith(name) or name.startswith(f"{known}-") for known in cases.NAMES):
            raise UsageError(f"there is no scenario {name!r}; there are {', '.join(cases.NAMES)}")
    begun = now()
    password = secrets.token_urlsafe(18).replace("-", "x")
    learn(*spellings(password))
    with own_folder() as folder:
        mould = make_mould(folder, password)
        path = environment("PATH") or os.defpath
        shop = Workshop(folder, mould, command, path, None if ground is None else ground(folder))
        seen = try_case(cases.PLAIN, shop)
        found = frozenset(claims) or touched(seen.before, seen.after)
        text = script.read_bytes()
        first = plain_result(seen, found, objectives, text, told=bool(claims))
        serves = Subject.SERVICE in found or uses_service(seen, text)
        ended = [first]
        wanted: tuple[Case, ...] = ()
        if first.outcome is Outcome.PASSED:
            wanted = chosen(cases.standard(seen, found), only)
        told(first, 1, len(wanted) + 1)
        with ThreadPoolExecutor(LANES if ground is None else limits.CLUSTER_LANES) as lanes:
            tried = [lanes.submit(_tried, case, shop, found, objectives, serves=serves) for case in wanted]
            try:
                for future in as_completed(tried):
                    ended.append(future.result())
                    told(ended[-1], len(ended), len(wanted) + 1)
            except BaseException:
                lanes.shutdown(wait=False, cancel_futures=True)  # those under way end, no other one begins
                raise
    order = {case.id: number for number, case in enumerate((cases.PLAIN, *wanted))}
    ended.sort(key=lambda one: order[one.id])
    return result_of(
        script, claims=found, cases=ended, objectives=objectives, static=static, strict=strict, took=now() - begun
    )


def _tried(
    case: Case, shop: Workshop, claims: AbstractSet[Subject], objectives: Objectives, *, serves: bool
) -> CaseResult:
    """Tries a case; what did not come about, as on a machine that is too busy for a moment, again."""
    told = CaseResult.not_tried(case, "")
    for _ in range(_TRIES):
        try:
            seen = try_case(case, shop, serves=serves)
        except DrillError as error:
            told = CaseResult.not_tried(case, str(error))
            continue
        if not seen.no_effect:
            return CaseResult.of(case, judge(case, seen, claims, objectives), seen)
        told = CaseResult.not_tried(case, seen.no_effect, output=seen.last.output)
        case = sooner(case, seen.runs[0].took)
    return told
