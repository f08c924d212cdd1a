"""What a result tells of what was judged: every field of it, for drills whose truth is known."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest

from harness.errors import InputError
from harness.journal import declaration as d
from harness.journal import records as r
from harness.journal.cause import Cause
from harness.journal.chain import Entry, Journal
from harness.journal.declaration import Answer, Measured, Verdict
from harness.journal.observation import WriteOutcome
from harness.journal.records import DataRestored
from harness.units import Duration
from harness.verdict.present import judge_journal
from harness.verdict.result import Result, Seconds
from tests.support.shapes import added, replaced, rows, told
from tests.support.worlds import Probing, World, at, check, objective, result_of

STEADY_PROBER = Probing(lag=0)
HAPPENED = {"fault", "triggers", "decision", "outlook", "plan", "services", "guards", "stages", "events"}
Records = list[r.Record]


def result(shape: Callable[[Records], Iterable[r.Record]] = list, **world: Any) -> Result:
    return result_of(World(probing=STEADY_PROBER, shape=shape, **world).records())


RTO_WHY = (
    "its start lies between probe 52 and probe 53 of web, 50 ms apart (probe period 50 ms); its end, the last criterion"
    " that held, was taken directly"
)
BETWEEN = (
    "its start lies between probe 52 and probe 53 of web, 50 ms apart (probe period 50 ms); its end lies between probe"
    " 89 and probe 90 of web, 50 ms apart (probe period 50 ms)"
)
RECOVERY = (
    "its start, the recovery, lies between probe 89 and probe 90 of web, 50 ms apart (probe period 50 ms); its end, the"
    " last criterion that held, was taken directly"
)
FLIGHT = "as for clients, and wider by the time in flight of the probes that bound it: start 5 ms, end 5 ms"
DIRECT = "both instants were taken directly"


def seconds(low: float, high: float) -> dict[str, float]:
    return {"low": low, "high": high}


ROWS = (
    (
        "rto",
        "Recovery time (RTO)",
        "clients",
        "from the first bad answer to the last criterion that held",
        seconds(3.15, 3.2),
        RTO_WHY,
    ),
    (
        "rpo",
        "Recovery point (RPO)",
        "ledger",
        "how far back acknowledged writes were lost",
        seconds(0, 0),
        "all 110 acknowledged writes were read back",
    ),
    ("outage", "Outage", "clients", "from the first bad answer to lasting good ones", seconds(1.8, 1.9), BETWEEN),
    (
        "outage_at_server",
        "Outage of the system itself",
        "server",
        "from when a critical service broke to when all were well again",
        seconds(1.795, 1.905),
        FLIGHT,
    ),
    (
        "detection",
        "Detection",
        "harness",
        "from the fault's effect to a trigger that was met",
        seconds(0.7, 0.7),
        DIRECT,
    ),
    (
        "decision",
        "Decision",
        "harness",
        "from the trigger to the decision to roll back",
        seconds(0.04, 0.04),
        DIRECT,
    ),
    (
        "procedure",
        "Rollback",
        "harness",
        "from the start of the rollback to its end",
        seconds(0.79, 0.79),
        DIRECT,
    ),
    (
        "notification",
        "Notification",
        "harness",
        "from the trigger to the last receiver's acknowledgement",
        None,
        "not measured: the system names nobody who is told",
    ),
    (
        "validation",
        "Validation",
        "clients",
        "from lasting good answers to the last criterion that held",
        seconds(1.3, 1.35),
        RECOVERY,
    ),
)
FIELDS = ("name", "title", "of", "meaning", "interval", "why")
MEASURES = tuple({**dict(zip(FIELDS, row, strict=True)), "at_least": None} for row in ROWS)


def a_criterion(name: str, phase: str, at: float) -> dict[str, Any]:
    return {
        "name": f"{name} holds",
        "phase": phase,
        "answer": Answer.HELD,
        "value": 1,
        "bound": "1",
        "within": 0.5,
        "at": at,
        "detail": "",
        "source": "a.feature:1",
    }


ACCOUNT: dict[str, Any] = {
    "service": "web",
    "writes": 110,
    "acknowledged": 110,
    "failed": 0,
    "unknown": 0,
    "rows": 110,
    "kept": 110,
    "refused": 0,
    "lost": (),
    "discarded": (),
    "undecided": (),
    "gone_after_recovery": 0,
    "unknown_there": 0,
    "unknown_gone": 0,
    "resurrected": (),
    "duplicated": (),
    "altered": (),
    "foreign": (),
    "beyond": (),
    "restored": None,
    "complete": True,
    "reason": "",
}


def test_a_drill_that_passed_tells_what_it_was_what_it_promised_and_what_was_measured() -> None:
    found = result()
    assert found.model_dump(exclude=HAPPENED) == {
        "schema_version": 1,
        "run_id": "run",
        "drill_id": "world",
        "name": "A world",
        "description": "",
        "source": "a.feature:1",
        "tags": (),
        "system": "shop",
        "environment": "test",
        "sandbox": "embedded",
        "started_utc": "2001-09-09T01:46:40.000Z",
        "took": found.took,
        "verdict": Verdict.PASSED,
        "cause": None,
        "reason": "every objective and every criterion held, by its worst bound",
        "findings": (),
        "expected": Verdict.PASSED,
        "expected_cause": None,
        "as_expected": True,
        "objectives": (
            {
                "measured": "rto",
                "title": "Recovery time (RTO)",
                "bound": 10.0,
                "interval": seconds(3.15, 3.2),
                "verdict": Verdict.PASSED,
                "reason": f"kept by its worst bound; {RTO_WHY}",
                "source": "a.feature:1",
            },
            {
                "measured": "rpo",
                "title": "Recovery point (RPO)",
                "bound": 0.0,
                "interval": seconds(0, 0),
                "verdict": Verdict.PASSED,
                "reason": "kept by its worst bound; all 110 acknowledged writes were read back",
                "source": "a.feature:1",
            },
        ),
        "measures": MEASURES,
        "criteria": (
            a_criterion("steady", "steady state", 2.9),
            a_criterion("healthy", "validation", 6.25),
            a_criterion("version", "validation", 6.3),
        ),
        "account": ACCOUNT,
        "not_measured": ("Notification: not measured: the system names nobody who is told",),
        "taken_back": (),
        "versions": {"rollback-drill": "0"},
        "journal_head": "h",
        "again": "drill run",
    }


def test_what_happened_is_told_in_full() -> None:
    found = result(added(r.Stopped(at=at(7), by="guard", reason="enough")))
    assert found.fault.title == "web answers 500"
    assert [one.name for one in found.triggers] == ["web is down"]
    assert found.decision is not None
    assert found.plan is not None
    assert [one.name for one in found.services] == ["web", "mail", "blog"]
    assert [one.name for one in found.stages] == [one.value for one in r.Stage]
    assert found.events[-1].kind == "stop"
    assert found.guards == ()


def test_a_guard_that_was_declared_is_told() -> None:
    guard = d.GuardDeclared.model_validate(
        {"guard": "share", "on": True, "rule": "half", "found": "1", "allowed": True}
    )
    assert [one.rule for one in result(replaced(r.DrillDeclared, guards=(guard,))).guards] == ["half"]


def test_the_words_of_the_scenario_are_kept() -> None:
    source = d.Source(file="b.feature", line=7, text="")
    given: dict[str, Any] = {"description": "Why.", "tags": ("slow",), "source": source}
    found = result(replaced(r.DrillDeclared, **given))
    assert (found.description, found.tags, found.source) == ("Why.", ("slow",), "b.feature:7")


def test_a_drill_lasts_from_the_first_record_to_the_last() -> None:
    records = World().records()
    entries = tuple(Entry(n, at(when), records[n]) for n, when in enumerate((1, 2, 3.5)))
    found, timeline = judge_journal(Journal(entries=entries, torn=False, head="h"))
    assert (found.took, timeline.start, timeline.end) == (2.5, at(1), at(3.5))


def test_instants_count_from_the_first_record() -> None:
    entries = tuple(Entry(n, at(0.5), one) for n, one in enumerate(World().records()))
    found, _ = judge_journal(Journal(entries=entries, torn=False, head="h"))
    assert [one.at for one in found.criteria] == [2.4, 5.75, 5.8]
    assert found.started_utc == "2001-09-09T01:46:40.500Z"


def test_a_journal_without_records_holds_no_drill() -> None:
    with pytest.raises(InputError) as error:
        judge_journal(Journal(entries=(), torn=False, head="0"))
    assert str(error.value) == "the journal does not begin with a drill's declaration; there is nothing to judge"


def test_the_start_is_labelled_by_the_drills_own_clock_whatever_other_processes_say() -> None:
    observer = r.ClockRead(process="observer", at=at(0), utc_ns=0)
    later = r.ClockRead(process="drill", at=at(60), utc_ns=10**18)

    def shape(every: Records) -> Records:
        return [every[0], observer, *every[1:-1], later, every[-1]]

    assert result(shape).started_utc == "2001-09-09T01:46:40.000Z"

    def without_its_own(every: Records) -> Records:
        return [every[0], observer, *(one for one in every[1:] if not isinstance(one, r.ClockRead))]

    assert result(without_its_own).started_utc == ""


def test_every_finding_is_told_with_its_verdict_and_cause_and_the_worst_is_the_drills() -> None:
    found = result(added(check("healthy", 6.35, 0)), objectives=(), load_rate=0, expected=Verdict.INVALID)
    no_load = "no background load was declared, so the system was not under load"
    assert [one.model_dump() for one in found.findings] == [
        {"verdict": Verdict.INVALID, "cause": Cause.NO_LOAD, "reason": no_load},
        {
            "verdict": Verdict.MISSED,
            "cause": Cause.CRITERION_BROKEN,
            "reason": "it did not hold that healthy holds: 0",
        },
    ]
    assert (found.verdict, found.cause, found.reason) == (Verdict.INVALID, Cause.NO_LOAD, no_load)
    assert (found.expected, found.expected_cause, found.as_expected) == (Verdict.INVALID, None, True)


def test_a_cause_that_was_not_expected_is_told() -> None:
    found = result(load_rate=0, expected=Verdict.INVALID, expected_cause=Cause.NO_EFFECT)
    assert (found.expected_cause, found.as_expected) == (Cause.NO_EFFECT, False)


def test_an_objective_that_was_not_kept_has_its_own_verdict_and_reason() -> None:
    found = result(objectives=(objective(Measured.OUTAGE, Duration(1_000_000_001)),))
    (outage,) = found.objectives
    assert outage.model_dump() == {
        "measured": "outage",
        "title": "The outage",
        "bound": 1.000001,
        "interval": seconds(1.8, 1.9),
        "verdict": Verdict.MISSED,
        "reason": "the outage took 1.80 to 1.90 s, more than 1 s",
        "source": "a.feature:1",
    }


def test_what_was_not_measured_is_told_with_what_is_known_of_it() -> None:
    found = result(broken={"web": [(3.12, 9)]})
    rto, outage = found.measures[0], found.measures[2]
    assert (rto.interval, rto.at_least) == (None, 3.35)
    assert outage.why == "not measured: it was still on when the drill ended"
    not_over = "not measured: clients did not get good answers for the sustain time before the drill ended"
    assert found.not_measured[:2] == (
        f"Recovery time (RTO): {not_over}; it was at least 3.35 s",
        "Outage: not measured: it was still on when the drill ended; it was at least 3.35 s",
    )


def test_what_is_known_of_a_measure_is_rounded_down() -> None:
    """The last bad probe is sent at 5.549 s, the first at 3.15 s: 2.399 s."""
    early = Probing(begin=0.549, end=5.6)
    records = World(broken={"web": [(3.12, 9)]}, probing=early).records()
    found = result_of(records)
    assert found.measures[2].at_least is not None
    assert found.measures[2].at_least < 2.4
    assert found.not_measured[1].endswith("it was at least 2.39 s")


def test_a_measure_of_which_nothing_is_known_says_no_more_than_why() -> None:
    found = result(broken={"web": [(3.149, 3.16)]}, objectives=(), criteria=())
    assert found.measures[0].at_least == 0
    assert found.not_measured[0] == "Recovery time (RTO): not measured: not every validation criterion held"


@pytest.mark.parametrize(
    ("look", "told"),
    [
        (check("healthy", 6.35, 0), {"answer": Answer.BROKEN, "value": 0, "at": 6.35}),
        (
            check("healthy", 6.35, None).model_copy(update={"detail": "ConnectError"}),
            {"answer": Answer.UNKNOWN, "value": None, "at": 6.35, "detail": "ConnectError"},
        ),
        (check("healthy", 6.35, None), {"answer": Answer.UNKNOWN, "value": None, "at": 6.35, "detail": "no value"}),
        (
            check("healthy", 6.35, 1).model_copy(update={"detail": "3 of 3"}),
            {"answer": Answer.HELD, "at": 6.35, "detail": "3 of 3"},
        ),
        (
            check("healthy", 6.66, 1),
            {
                "answer": Answer.UNKNOWN,
                "at": 6.66,
                "detail": "it was seen to hold only 20 ms after the 500 ms it had",
            },
        ),
    ],
)
def test_a_criterion_tells_its_last_look(look: r.CriterionChecked, told: dict[str, Any]) -> None:
    found = result(added(look)).criteria[1]
    assert found.model_dump() == {**a_criterion("healthy", "validation", 6.25), **told}


def test_a_criterion_that_was_never_looked_at_has_no_value() -> None:
    found = result(lambda every: [one for one in every if not isinstance(one, r.CriterionChecked)]).criteria[1]
    nothing = {"answer": Answer.UNKNOWN, "value": None, "at": None, "detail": "never checked"}
    assert found.model_dump() == {**a_criterion("healthy", "validation", 0), **nothing}


RESTORED = DataRestored(
    way="backup",
    target="monday",
    earliest=at(2),
    latest=at(2),
    writes_stopped=at(4.1),
    switching=at(4.2),
    switched=at(4.3),
)


def gone(*numbers: int) -> tuple[dict[str, Any], ...]:
    return tuple(
        {"id": f"drill-{n}", "client": 0, "sequence": n, "acknowledged": round(0.605 + n / 20, 6)} for n in numbers
    )


def untold(every: Records) -> Iterable[r.Record]:
    """The clients of writes 5 and 8 were told that they failed, those of 6 and 7 nothing, and 7 and 8 are gone."""
    fail, info = WriteOutcome.FAIL, WriteOutcome.INFO
    for number, outcome in ((5, fail), (6, info), (7, info), (8, fail)):
        every = list(told(number, outcome)(every))
    yield from rows(lambda found: tuple(one for one in found if one.id not in ("drill-7", "drill-8")))(every)


@pytest.mark.parametrize(
    ("world", "told"),
    [
        (
            {"lost": (40, 41)},
            {"rows": 108, "kept": 108, "lost": gone(40, 41)},
        ),
        (
            {"shape": untold},
            {
                "acknowledged": 106,
                "failed": 2,
                "unknown": 2,
                "rows": 108,
                "kept": 106,
                "refused": 1,
                "resurrected": ("drill-5",),
                "unknown_there": 1,
                "unknown_gone": 1,
            },
        ),
        (
            {"shape": rows(lambda found: (found[0]._replace(value="other"), *found[1:], found[1]))},
            {"rows": 111, "altered": ("drill-0",), "duplicated": ("drill-1",)},
        ),
        (
            {"shape": rows(lambda found: (*found, found[0]._replace(id="x"), found[0]._replace(id="y")))},
            {"rows": 112, "foreign": ("x", "y")},
        ),
        (
            {"lost": (27, 28, 29, 30), "shape": added(RESTORED)},
            {
                "rows": 106,
                "kept": 106,
                "lost": gone(27),
                "undecided": gone(28),
                "discarded": gone(29, 30),
                "beyond": tuple(sorted(f"drill-{n}" for n in range(31, 72))),
                "restored": "backup: monday",
            },
        ),
    ],
)
def test_the_account_tells_what_became_of_writes(world: dict[str, Any], told: dict[str, Any]) -> None:
    account = result(**world).account
    assert account is not None
    assert account.model_dump() == {**ACCOUNT, **told}


def early(**fields: Any) -> Callable[[Records], Iterable[r.Record]]:
    return replaced(r.LedgerRead, where={"when": "after recovery"}, **fields)


def test_what_was_gone_right_after_recovery_is_told_as_it_was_then() -> None:
    account = result(early(rows=())).account
    assert account is not None
    assert account.model_dump() == {**ACCOUNT, "gone_after_recovery": 110}
    account = result(early(error="no route")).account
    assert account is not None
    assert account.gone_after_recovery is None


@pytest.mark.parametrize(
    ("shape", "rows_read", "reason"),
    [
        (
            replaced(r.LedgerRead, where={"when": "after validation"}, error="no route"),
            None,
            "the rows were not read after validation: no route",
        ),
        (replaced(r.LedgerClosed, writes=109), 110, "the ledger holds 109 writes, but 110 were journalled"),
    ],
)
def test_an_account_that_could_not_be_made_says_why_and_counts_nothing(
    shape: Callable[[Records], Iterable[r.Record]], rows_read: int | None, reason: str
) -> None:
    account = result(shape, lost=(40,)).account
    assert account is not None
    rows_there = rows_read and rows_read - 1
    assert account.model_dump() == {**ACCOUNT, "complete": False, "reason": reason, "rows": rows_there, "kept": 0}


def test_a_system_without_a_ledger_has_no_account() -> None:
    assert result(ledger=False).account is None


def test_seconds_hold_both_bounds() -> None:
    assert result().measures[0].interval == Seconds(low=3.15, high=3.2)
