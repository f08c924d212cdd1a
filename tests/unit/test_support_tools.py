"""What is said of a test whose tool is missing."""

import pytest

from tests.support.tools import needs


def test_a_test_whose_tools_are_there_runs() -> None:
    assert needs("sh", "env").args == (False,)


def test_without_its_tool_a_test_says_that_it_did_not_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    mark = needs("sh", "no-such-program")
    assert mark.args == (True,)
    assert mark.kwargs["reason"] == "not run: no-such-program is not on PATH"


def test_in_ci_a_test_runs_without_its_tool_and_fails_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    assert needs("no-such-program").args == (False,)
