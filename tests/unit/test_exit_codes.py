"""Exit codes: a run ends by its worst drill, what was expected counts as passed, and an error is never a verdict."""

from __future__ import annotations

import errno
import inspect
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness import errors
from harness.cli import main as command
from harness.cli.results import exit_code
from harness.errors import DrillError
from harness.journal.declaration import Verdict
from harness.verdict.result import Result
from tests.support.journals import judged
from tests.support.stories import Story

RESULT = judged(Story())[0]


def ended(verdict: Verdict, expected: Verdict = Verdict.PASSED) -> Result:
    return RESULT.model_copy(update={"verdict": verdict, "expected": expected, "as_expected": verdict is expected})


@pytest.mark.parametrize(
    ("verdict", "code"),
    [
        (Verdict.PASSED, 0),
        (Verdict.MISSED, 1),
        (Verdict.INDETERMINATE, 2),
        (Verdict.INVALID, 2),
        (Verdict.ABORTED, 3),
    ],
)
def test_each_verdict_has_its_exit_code(verdict: Verdict, code: int) -> None:
    assert exit_code([ended(verdict)]) == code
    assert exit_code([ended(Verdict.PASSED), ended(verdict), ended(Verdict.PASSED)]) == code


def test_the_worst_drill_decides() -> None:
    assert exit_code([ended(Verdict.MISSED), ended(Verdict.ABORTED), ended(Verdict.INVALID)]) == 3


@pytest.mark.parametrize("verdict", list(Verdict))
def test_a_drill_that_ends_as_expected_counts_as_passed(verdict: Verdict) -> None:
    assert exit_code([ended(verdict, expected=verdict)]) == 0


def test_a_pass_where_another_verdict_is_expected_is_a_miss() -> None:
    assert exit_code([ended(Verdict.PASSED, expected=Verdict.INVALID)]) == 1


def test_a_run_of_nothing_is_not_a_pass() -> None:
    assert exit_code([]) == 2


def test_every_error_has_an_exit_code_of_sysexits() -> None:
    kinds = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, DrillError)]
    assert len(kinds) > 10
    assert all(64 <= kind.exit_code <= 78 for kind in kinds)


def fail_with(error: BaseException) -> Callable[..., Any]:
    def fail() -> None:
        raise error

    return fail


@pytest.mark.parametrize(
    ("error", "code", "told"),
    [
        (errors.Unavailable("no PostgreSQL"), 69, "drill: no PostgreSQL\n"),
        (errors.InputError("two\nlines"), 65, "drill: two\ndrill: lines\n"),
        (KeyboardInterrupt(), 3, "drill: interrupted; what was begun has been undone\n"),
    ],
)
def test_an_error_is_its_message_and_its_code(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: BaseException,
    code: int,
    told: str,
) -> None:
    monkeypatch.setattr(command, "_command", fail_with(error))
    with pytest.raises(SystemExit) as exit_:
        command.main()
    assert (exit_.value.code, capsys.readouterr().err) == (code, told)


def test_a_bug_is_never_mistaken_for_a_verdict(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "_command", fail_with(ZeroDivisionError("nobody thought of it")))
    with pytest.raises(SystemExit) as exit_:
        command.main()
    assert exit_.value.code == 70
    told = capsys.readouterr().err
    assert "Traceback" in told
    assert told.endswith(
        "this is a bug of drill (ZeroDivisionError: nobody thought of it); please report the lines above\n"
    )


@pytest.mark.parametrize(
    ("error", "code"), [(KeyboardInterrupt(), 3), (BrokenPipeError(errno.EPIPE, "Broken pipe"), 70), (EOFError(), 70)]
)
def test_what_a_command_raises_is_not_given_another_meaning_on_its_way(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, error: BaseException, code: int
) -> None:
    (tmp_path / "of a drill").mkdir()
    monkeypatch.setenv("DRILL_STATE_DIR", str(tmp_path))
    monkeypatch.setattr("harness.cli.sandbox.heal", fail_with(error))
    monkeypatch.setattr(sys, "argv", ["drill", "steps"])
    with pytest.raises(SystemExit) as exit_:
        command.main()
    assert exit_.value.code == code


@pytest.fixture(autouse=True)
def _nothing_to_heal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What other tests have left is healed by other tests."""
    monkeypatch.setenv("DRILL_STATE_DIR", str(tmp_path))


@pytest.fixture(autouse=True)
def _signals_as_before() -> Any:
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def test_a_full_disk_behind_stdout_is_an_error_with_a_message(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    class Full:
        def write(self, _: str) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

        def flush(self) -> None: ...

        def fileno(self) -> int:
            return os.dup(1)

    monkeypatch.setattr(sys, "argv", ["drill", "steps"])
    monkeypatch.setattr(sys, "stdout", Full())
    with pytest.raises(SystemExit) as exit_:
        command.main()
    assert exit_.value.code == 73
    assert capfd.readouterr().err == "drill: the results cannot be written to stdout: No space left on device\n"
