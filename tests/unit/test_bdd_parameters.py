"""Parameter types: what a step takes, and what it says when something else stands there."""

from datetime import date
from typing import Any

import pytest

from harness.bdd.parameters import TYPES, step
from harness.bdd.refusals import ExpectedRefusal
from harness.errors import InputError
from harness.journal.cause import Cause
from harness.journal.declaration import Verdict
from harness.journal.refusal import Refusal
from harness.rollback.plan import Procedure
from harness.system.blackout import Blackout
from harness.units import Duration


@pytest.mark.parametrize("name", TYPES)
def test_every_types_own_example_is_read(name: str) -> None:
    parser = step(f"it is {{value:{name}}} here")
    text = f"it is {TYPES[name].example} here"
    assert parser.is_matching(text)
    found = parser.parse_arguments(text)
    assert found
    assert found["value"] is not None


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("Duration", "300 ms", Duration.of(ms=300)),
        ("Duration", "2 minutes", Duration.of(s=120)),
        ("Duration", "0.5 s", Duration.of(ms=500)),
        ("Duration", "5s", Duration.of(s=5)),
        ("Share", "5 %", 0.05),
        ("Share", "0.5%", 0.005),
        ("Verdict", "invalid", Verdict.INVALID),
        ("Cause", "the fault had no effect", Cause.NO_EFFECT),
        ("Procedure", "by switching traffic", Procedure.TRAFFIC),
        ("Procedure", "by its revision", Procedure.SERVICE),
        ("Procedure", "batch by batch", Procedure.ROLLING),
        ("Refusal", "no revision holds 2.4.0", ExpectedRefusal(Refusal.NO_REVISION, "2.4.0")),
        ("Refusal", "an earlier rollback is unfinished", ExpectedRefusal(Refusal.UNFINISHED)),
        (
            "Blackout",
            "on mon, tue and wed from 08:00 to 18:00 in Europe/Berlin",
            Blackout.model_validate(
                {"days": ["mon", "tue", "wed"], "from": "08:00", "to": "18:00", "zone": "Europe/Berlin"}
            ),
        ),
        ("Blackout", "on weekends in UTC", Blackout(days=("sat", "sun"), zone="UTC")),
        (
            "Blackout",
            "from 2026-12-20 to 2027-01-06 in UTC",
            Blackout(first=date(2026, 12, 20), last=date(2027, 1, 6), zone="UTC"),
        ),
        ("Blackout", "in UTC", Blackout(zone="UTC")),
        ("Service", "tracklist-service", "tracklist-service"),
        ("Quoted", '"every tracklist is whole"', "every tracklist is whole"),
        ("File", "'experiments/pause.json'", "experiments/pause.json"),
        ("Version", "2.4.0", "2.4.0"),
        ("d", "-12", -12),
    ],
)
def test_a_text_is_read_as_its_value(name: str, text: str, value: Any) -> None:
    assert TYPES[name](text) == value


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("Duration", "5", "expected a number and a unit, such as '300 ms'"),
        ("Duration", "5 parsecs", "'5 parsecs' is not a duration"),
        ("Duration", "5.s", "'5.s' is not a duration"),
        ("Share", "5", "expected a percentage from 0 % to 100 %"),
        ("Share", "101 %", "expected a percentage from 0 % to 100 %"),
        ("Blackout", "at noon", "no hours are known that read 'at noon'; expected such as 'on sat, sun from 08:00"),
        ("Blackout", "on monday in UTC", "'on monday in UTC': Input should be 'mon', 'tue'"),
        ("Blackout", "from 8:00 to 18:00 in UTC", "'8:00' is not a time of day: expected text from '00:00' to"),
        ("Blackout", "from 2026-12-20 to 2026-12-32 in UTC", "Input should be a valid date"),
        ("Blackout", "in Paderborn", "there is no time zone 'Paderborn'"),
        ("Severity", "grave", "expected one of critical, high, medium, low"),
        ("Cause", "the fault had no affect", "the nearest is 'the fault had no effect'"),
        ("Procedure", "by magic", "expected one of by switching traffic, by its revision, batch by batch"),
        ("Refusal", "it rains", "expected one of the standby cannot take over, nothing is deployed"),
        ("d", "9" * 5000, "a number of 5000 digits; expected 18 at most"),
        ("Verdict", "great", "expected one of passed, missed, indeterminate, invalid, aborted"),
    ],
)
def test_a_text_of_the_right_shape_and_no_meaning_says_what_was_expected(name: str, text: str, expected: str) -> None:
    with pytest.raises(InputError, match=r"expected|is not a duration|is no cause") as error:
        TYPES[name](text)
    assert expected in str(error.value)


@pytest.mark.parametrize("text", ["it is soon here", "it is -5 s here"])
def test_a_text_of_another_shape_leaves_the_step_undefined(text: str) -> None:
    assert not step("it is {value:Duration} here").is_matching(text)
