"""What is said of a test whose program is missing."""

import pytest

from tests.support.tools import needs


def test_a_program_that_is_there_is_found() -> None:
    assert needs("sh").endswith("/sh")


def test_without_its_program_a_test_says_that_it_did_not_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="not run: no-such-program is not on PATH"):
        needs("no-such-program")


def test_in_ci_a_test_without_its_program_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="not run: no-such-program is not on PATH"):
        needs("no-such-program")
