"""Blackouts against the clocks on the wall: whatever these show, a drill is kept out while it lies in a window.

The wall is read minute by minute, with nothing but the zone's own offset: another way than that of the code.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from harness.system.blackout import DAYS, MIDNIGHT, Blackout, first_stretch, stretches

BERLIN = "Europe/Berlin"
MINUTE = timedelta(minutes=1)
ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/Sao_Paulo",  # put its clocks forward at midnight
    "Australia/Lord_Howe",  # by half an hour
    "Asia/Kathmandu",
    "America/St_Johns",
    "Pacific/Apia",  # left out a whole day in 2011
)
CHANGES = {
    "UTC": datetime(2024, 2, 29, 12, tzinfo=UTC),
    "Europe/Berlin": datetime(2026, 3, 29, 1, tzinfo=UTC),
    "America/Sao_Paulo": datetime(2018, 11, 4, 3, tzinfo=UTC),
    "Australia/Lord_Howe": datetime(2025, 4, 5, 15, tzinfo=UTC),
    "Asia/Kathmandu": datetime(1985, 12, 31, 18, 30, tzinfo=UTC),
    "America/St_Johns": datetime(2026, 11, 1, 4, 30, tzinfo=UTC),
    "Pacific/Apia": datetime(2011, 12, 30, 10, tzinfo=UTC),
}
"""A moment at which the clocks of the zone were changed."""


def clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def window(zone: str, begin: int = 0, end: int = MIDNIGHT, days: tuple[str, ...] = DAYS, **dates: date) -> Blackout:
    return Blackout.model_validate({"zone": zone, "from": clock(begin), "to": clock(end), "days": days, **dates})


@st.composite
def windows(draw: st.DrawFn) -> Blackout:
    days = draw(st.lists(st.sampled_from(DAYS), min_size=1, max_size=7, unique=True))
    begin, end = draw(st.integers(0, MIDNIGHT - 1)), draw(st.integers(0, MIDNIGHT))
    return window(draw(st.sampled_from(ZONES)), begin, end, tuple(days))


def moments(zone: str) -> st.SearchStrategy[datetime]:
    """Moments within three days of a change of the clocks."""
    return st.integers(-3 * MIDNIGHT, 3 * MIDNIGHT).map(lambda minutes: CHANGES[zone] + minutes * MINUTE)


def shown(moment: datetime, zone: str) -> datetime:
    """What the clocks on the wall show, without a zone."""
    return moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None)


def on_the_wall(one: Blackout, wall: datetime) -> bool:
    """Whether the time on a clock lies in a window, by the clock alone."""
    minutes = wall.hour * 60 + wall.minute
    today = DAYS[wall.weekday()] in one.days and one.first <= wall.date() <= one.last
    day_before = wall.date() - timedelta(days=1)
    yesterday = DAYS[day_before.weekday()] in one.days and one.first <= day_before <= one.last
    if one.begin < one.end:
        return today and one.begin <= minutes < one.end
    return (today and minutes >= one.begin) or (yesterday and minutes < one.end)


def covered(one: Blackout, moment: datetime) -> bool:
    return any(stretch.covers(moment) for stretch in stretches(one, moment, moment))


@given(windows(), st.data())
@settings(max_examples=400)
def test_a_moment_at_which_the_clocks_show_a_time_in_a_window_is_always_covered(
    one: Blackout, data: st.DataObject
) -> None:
    moment = data.draw(moments(one.zone))
    if on_the_wall(one, shown(moment, one.zone)):
        assert covered(one, moment)


@given(windows(), st.data())
@settings(max_examples=400)
def test_only_where_the_clocks_are_changed_is_more_covered_and_never_more_than_by_what_they_are(
    one: Blackout, data: st.DataObject
) -> None:
    moment = data.draw(moments(one.zone))
    change, zone = CHANGES[one.zone], ZoneInfo(one.zone)
    before, after = ((change + minutes * MINUTE).astimezone(zone).utcoffset() for minutes in (-1, 0))
    assert before is not None
    assert after is not None
    if covered(one, moment) and not on_the_wall(one, shown(moment, one.zone)):
        assert abs(moment - change) <= abs(after - before)


@given(st.lists(windows(), min_size=1, max_size=3), st.data(), st.integers(0, 2 * MIDNIGHT))
@settings(max_examples=300)
@example([window("Europe/Berlin", 22 * 60, 2 * 60, ("sat",))], None, 0)
def test_the_first_stretch_of_a_time_is_the_first_minute_that_is_covered(
    several: list[Blackout], data: st.DataObject | None, length: int
) -> None:
    since = data.draw(moments(several[0].zone)) if data else CHANGES["Europe/Berlin"]
    until = since + length * MINUTE
    found = first_stretch(several, since, until)
    free = [since + minutes * MINUTE for minutes in range(0, length + 1, 11)]
    if found is None:
        assert not any(covered(one, moment) for one in several for moment in free)
    else:
        assert found.begin <= until
        assert since < found.end
        assert covered(found.window, max(found.begin, since))
        assert not any(covered(one, moment) for one in several for moment in free if moment < found.begin)


@given(windows(), st.data())
@settings(max_examples=200)
def test_stretches_come_in_order_and_none_is_empty(one: Blackout, data: st.DataObject) -> None:
    since = data.draw(moments(one.zone))
    found = list(stretches(one, since, since + timedelta(days=10)))
    assert [stretch.begin for stretch in found] == sorted(stretch.begin for stretch in found)
    assert all(stretch.begin <= stretch.end for stretch in found)


@given(windows(), st.dates(date(2026, 3, 20), date(2026, 4, 5)), st.integers(0, 10))
@settings(max_examples=200)
def test_a_window_begins_on_the_dates_and_days_that_it_names_and_on_no_other(
    one: Blackout, first: date, days: int
) -> None:
    last = first + timedelta(days=days)
    dated = one.model_copy(update={"first": first, "last": last, "zone": BERLIN})
    march, may = utc("2026-03-01 00:00"), utc("2026-05-01 00:00")
    dates = [first + timedelta(days=number) for number in range(days + 1)]
    named = [day for day in dates if DAYS[day.weekday()] in one.days]
    begun = [stretch.begin.astimezone(ZoneInfo(BERLIN)).date() for stretch in stretches(dated, march, may)]
    assert begun == named


@pytest.mark.parametrize(
    ("one", "begin", "end"),
    [
        (window(BERLIN, 8 * 60, 18 * 60), "2026-07-01 06:00", "2026-07-01 16:00"),
        (window(BERLIN, 22 * 60, 6 * 60), "2026-07-01 20:00", "2026-07-02 04:00"),
        (window(BERLIN), "2026-06-30 22:00", "2026-07-01 22:00"),
        (window("UTC", 12 * 60, 12 * 60), "2026-07-01 12:00", "2026-07-02 12:00"),
    ],
    ids=["by day", "across midnight", "the whole day", "from noon to noon"],
)
def test_a_window_on_a_day_like_any_other(one: Blackout, begin: str, end: str) -> None:
    on_first_of_july = one.model_copy(update={"first": date(2026, 7, 1), "last": date(2026, 7, 1)})
    [found] = stretches(on_first_of_july, utc("2026-06-30 00:00"), utc("2026-07-03 00:00"))
    assert (found.begin, found.end) == (utc(begin), utc(end))


@pytest.mark.parametrize(
    ("one", "begin", "end"),
    [
        # 29 March 2026: at 01:00 UTC the clocks go from 02:00 to 03:00. 25 October: at 01:00 UTC from 03:00 to 02:00.
        (window(BERLIN, 60, 4 * 60, first=date(2026, 3, 29)), "2026-03-29 00:00", "2026-03-29 02:00"),
        (window(BERLIN, 150, 5 * 60, first=date(2026, 3, 29)), "2026-03-29 00:30", "2026-03-29 03:00"),
        (window(BERLIN, 60, 150, first=date(2026, 3, 29)), "2026-03-29 00:00", "2026-03-29 01:30"),
        (window(BERLIN, 60, 4 * 60, first=date(2026, 10, 25)), "2026-10-24 23:00", "2026-10-25 03:00"),
        (window(BERLIN, 150, 5 * 60, first=date(2026, 10, 25)), "2026-10-25 00:30", "2026-10-25 04:00"),
        (window(BERLIN, 60, 150, first=date(2026, 10, 25)), "2026-10-24 23:00", "2026-10-25 01:30"),
    ],
)
def test_a_window_on_the_day_on_which_the_clocks_are_changed(one: Blackout, begin: str, end: str) -> None:
    found = next(iter(stretches(one, utc("2026-03-28 12:00"), utc("2026-11-01 00:00"))))
    assert (found.begin, found.end) == (utc(begin), utc(end))


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
