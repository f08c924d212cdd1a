"""Without a person a rollback is rare, never repeated for one release, and not tried again after it did not help."""

from __future__ import annotations

import pytest

from harness.rollback.automatic import Acted, Restraint, hands_over
from harness.units import Duration

NOW = Duration.of(s=10 * 24 * 3600).ns
HOUR = Duration.of(s=3600)


def acted(ago: Duration, release: str = "1.9", *, service: str = "web", helped: bool | None = True) -> Acted:
    return Acted(NOW - ago.ns, service, release, helped)


@pytest.mark.parametrize(
    ("before", "why"),
    [
        ([], None),
        ([acted(HOUR)], None),
        ([acted(HOUR), acted(HOUR * 2, "1.8")], None),
        ([acted(HOUR * 300, "2.0")], "2.0 of web was rolled back automatically before, and serves again"),
        ([acted(HOUR, "2.0", service="api")], None),
        ([acted(Duration.of(s=60))], "the last automatic rollback was 1 min ago, and the next may come after 15 min"),
        ([acted(Duration.of(s=15 * 60))], None),
        ([acted(HOUR * number, f"1.{number}") for number in (1, 2, 3)], "there were 3 automatic rollbacks in 24 h"),
        ([acted(HOUR * number, f"1.{number}") for number in (1, 2, 24)], None),
        ([acted(HOUR * 2, helped=False), acted(HOUR, "1.8")], "the automatic rollback of web 2 h ago did not help"),
        ([acted(HOUR * 2, helped=None)], "is not known to have helped"),
        ([acted(HOUR * 25, helped=False)], None),
        ([acted(HOUR * -1)], "the last automatic rollback was 0"),
    ],
)
def test_a_person_takes_over_when_the_guards_say_so(before: list[Acted], why: str | None) -> None:
    found = hands_over(before, Restraint(), NOW, "web", "2.0")
    assert found == why if why is None else why in (found or "")


def test_the_guards_are_those_of_the_system() -> None:
    twice = [acted(HOUR), acted(HOUR * 2, "1.8")]
    assert "2 automatic rollbacks" in (hands_over(twice, Restraint(per_day=2), NOW, "web", "2.0") or "")
    assert "may come after 2 h" in (hands_over(twice, Restraint(cooldown=HOUR * 2), NOW, "web", "2.0") or "")
