"""The two families of errors and their exit codes."""

from __future__ import annotations

import inspect

import pytest

from harness import errors

FAMILIES = (errors.WillNotWork, errors.MayWorkLater)
ALL = [found for _, found in inspect.getmembers(errors, inspect.isclass) if issubclass(found, errors.DrillError)]


@pytest.mark.parametrize("kind", ALL)
def test_every_error_is_of_exactly_one_family(kind: type[errors.DrillError]) -> None:
    if kind is not errors.DrillError:
        assert sum(issubclass(kind, family) for family in FAMILIES) == 1


@pytest.mark.parametrize("kind", ALL)
def test_every_exit_code_is_one_of_sysexits(kind: type[errors.DrillError]) -> None:
    assert 64 <= kind.exit_code <= 78


@pytest.mark.parametrize("kind", ALL)
def test_the_tree_in_the_docstring_names_every_error_with_its_exit_code(kind: type[errors.DrillError]) -> None:
    assert errors.__doc__ is not None
    line = next(line for line in errors.__doc__.splitlines() if kind.__name__ in line.split())
    if "exit" in line:
        assert f"exit {kind.exit_code}" in line


def test_the_exit_codes_tell_the_causes_apart() -> None:
    named = (
        errors.UsageError,
        errors.InputError,
        errors.NotFound,
        errors.Unavailable,
        errors.InternalError,
        errors.CannotCreate,
        errors.MayWorkLater,
        errors.ConfigurationError,
    )
    assert [kind.exit_code for kind in named] == [64, 65, 66, 69, 70, 73, 75, 78]
