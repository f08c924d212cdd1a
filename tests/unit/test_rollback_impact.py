"""What a rollback costs: only the entries that lie between, each turned round, and what is not known said so."""

from __future__ import annotations

import pytest

from harness.rollback.impact import (
    Effect,
    Entry,
    Goes,
    broken_sessions,
    business,
    entries,
    features,
    reformatted,
    reversed_schema,
)

CHANGELOG = """\
# Changelog

Words that are no entry.

## [2.4.1] - 2025-12-20

### Fixed

- web: for those who stayed on 2.4.

## [2.10.0] - 2025-12-01

### Added

- web: a cart
  on two lines.
- mail: letters.

### Security

- All passwords are hashed.

## 2.9.0

A release with few words.

### Fixed

- web: the cart is empty.

### Removed

- web: the basket.

## [2.4.0]

- web: begun.
"""


def told(current: str, target: str) -> list[str]:
    return [one.found for one in features(CHANGELOG, [Goes("web", current, target)], ("web", "mail"))]


def test_a_changelog_is_read_with_entries_of_several_lines() -> None:
    found = list(entries(CHANGELOG))
    assert found[1] == Entry("2.10.0", "Added", "web: a cart on two lines.")
    assert [one.version for one in found] == ["2.4.1", *["2.10.0"] * 3, "2.9.0", "2.9.0", "2.4.0"]


def test_what_came_with_the_releases_between_goes_and_what_they_mended_is_broken_again() -> None:
    assert told("2.10.0", "2.4.0") == [
        "goes (2.10.0): web: a cart on two lines.",
        "is open again (2.10.0): All passwords are hashed.",
        "is broken again (2.9.0): web: the cart is empty.",
        "is there again (2.9.0): web: the basket.",
    ]


def test_the_target_itself_stays() -> None:
    assert told("2.10.0", "2.9.0") == [
        "goes (2.10.0): web: a cart on two lines.",
        "is open again (2.10.0): All passwords are hashed.",
    ]


def test_a_release_that_the_changelog_does_not_know_is_said_to_be_unknown() -> None:
    [first, second] = features(CHANGELOG, [Goes("web", "2.11.0", "2.10.0"), Goes("web", "2.10.0", "2.10.0")], ("web",))
    assert first == Effect("feature of web", "the changelog does not tell of 2.11.0, which serves now", known=False)
    assert second == Effect("feature of web", "none: no entry lies between 2.10.0 and 2.10.0")
    assert not features(None, [], ())[0].known


BACK = "from schema 3 back to 2"
UNTIL = "; until then the release may not work"


@pytest.mark.parametrize(
    ("effect", "known", "found"),
    [
        (reversed_schema(True, "3", "2"), True, f"{BACK}: scripts lead there{UNTIL}"),
        (reversed_schema(False, "3", "2"), True, f"{BACK}: no scripts lead there{UNTIL}"),
        (reversed_schema(None, "3", "2"), True, f"{BACK}: where scripts are is not said{UNTIL}"),
        (reversed_schema(None, "3", "3"), True, "none to reverse: both run with schema 3"),
        (reversed_schema(None, None, None, "no file"), False, "no file"),
        (
            reformatted("web", "b", "a"),
            True,
            "b is written now, and a is read then: what was written since may not be",
        ),
        (reformatted("web", "a", "a"), True, "the same: a"),
        (reformatted("web", None, "a", "no file"), False, "no file"),
        (broken_sessions(1), True, "1 session active now"),
        (broken_sessions(0), True, "0 sessions active now"),
        (broken_sessions(7, "the time was over"), True, "at least 7 sessions active now: the time was over"),
        (broken_sessions(None, "gone"), False, "gone"),
        (business("web", "No orders."), True, "No orders."),
        (business("web", None), False, "drill.toml does not say ('business' of the service)"),
    ],
)
def test_what_cannot_be_found_out_is_never_left_out(effect: Effect, found: str, *, known: bool) -> None:
    assert (effect.known, effect.found) == (known, found)
