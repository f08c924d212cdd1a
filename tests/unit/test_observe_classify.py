import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.journal.observation import Outcome, WriteOutcome
from harness.observe.classify import Answer, Failure, classify, told
from harness.system.request_model import LedgerWrite, Request
from harness.units import Duration, Instant

DUE = Instant(1_000_000_000)
REQUEST = Request(path="/", within=Duration.of(ms=100), expect=(200, 204))
WRITE = LedgerWrite(path="/writes", json={"id": "{id}", "value": "{value}"})


def outcome(
    answer: Answer, *, sent: float = 0, completed: float, stalled: float = 0, stalled_sending: float = 0
) -> Outcome:
    """The outcome of a probe with these instants, in milliseconds after its due instant."""
    return classify(
        REQUEST,
        due=DUE,
        sent=DUE + Duration.of(ms=sent),
        completed=DUE + Duration.of(ms=completed),
        answer=answer,
        stalled=Duration.of(ms=stalled),
        stalled_sending=Duration.of(ms=stalled_sending),
    )


def test_an_expected_status_at_the_limit_is_good() -> None:
    assert outcome(Answer(204), completed=100) is Outcome.GOOD


def test_an_expected_status_after_the_limit_is_slow() -> None:
    assert outcome(Answer(200), sent=1, completed=102) is Outcome.SLOW


def test_latency_counts_from_the_due_instant_but_own_lag_is_not_the_services_fault() -> None:
    assert outcome(Answer(200), sent=15, completed=110) is Outcome.LATE


def test_an_answer_that_came_while_the_prober_was_paused_is_late() -> None:
    assert outcome(Answer(200), completed=320, stalled=300) is Outcome.LATE


def test_a_pause_does_not_excuse_a_service_that_was_slow_anyway() -> None:
    assert outcome(Answer(200), completed=450, stalled=300) is Outcome.SLOW


@pytest.mark.parametrize("answer", [Answer(200), Answer(503), Answer(failure=Failure.BROKEN)])
def test_a_probe_that_went_out_after_a_pause_bounds_nothing(answer: Answer) -> None:
    assert outcome(answer, completed=60, stalled=50, stalled_sending=50) is Outcome.LATE


def test_silence_until_given_up_is_a_time_out() -> None:
    assert outcome(Answer(failure=Failure.SILENT), completed=600) is Outcome.TIMEOUT


def test_silence_says_nothing_when_the_prober_hardly_listened() -> None:
    assert outcome(Answer(failure=Failure.SILENT), completed=600, stalled=550) is Outcome.LATE


@pytest.mark.parametrize("failure", [Failure.UNREACHED, Failure.BROKEN])
def test_no_connection_and_a_broken_one_are_refused(failure: Failure) -> None:
    assert outcome(Answer(failure=failure), completed=1) is Outcome.REFUSED


def test_a_lack_of_own_sockets_is_never_held_against_the_service() -> None:
    assert outcome(Answer(failure=Failure.OURS), completed=1) is Outcome.SKIPPED


@given(st.integers(0, 1000), st.integers(0, 1000), st.integers(0, 1000))
def test_an_unexpected_status_is_bad_whenever_it_comes(lag: int, flight: int, stalled: int) -> None:
    seen = outcome(Answer(503), sent=lag, completed=lag + flight, stalled=min(stalled, flight))
    assert seen is Outcome.STATUS


@given(st.integers(0, 1000), st.integers(0, 1000), st.integers(0, 1000))
def test_good_is_said_only_within_the_limit_from_due(lag: int, flight: int, stalled: int) -> None:
    seen = outcome(Answer(200), sent=lag, completed=lag + flight, stalled=min(stalled, flight))
    assert (seen is Outcome.GOOD) == (lag + flight <= 100)


@pytest.mark.parametrize(
    ("number", "body", "expected"),
    [
        (0, b'{"track": 1}', Outcome.GOOD),
        (1, b'{"track": 2}', Outcome.GOOD),
        (2, b'{"track": 1}', Outcome.GOOD),
        (1, b'{"track": 1}', Outcome.WRONG),
        (0, b"<h1>We will be back soon.</h1>", Outcome.WRONG),
        (0, b"", Outcome.WRONG),
    ],
)
def test_an_answer_must_say_what_a_good_one_says(number: int, body: bytes, expected: Outcome) -> None:
    request = Request(path="/tracks/{n}", cycle=2, contains='"track": {n}')
    seen = classify(
        request,
        number=number,
        due=DUE,
        sent=DUE,
        completed=DUE + Duration.of(ms=5),
        answer=Answer(200, body=body),
        stalled=Duration(0),
        stalled_sending=Duration(0),
    )
    assert seen is expected


def test_an_unexpected_status_is_told_whatever_its_answer_says() -> None:
    request = Request(path="/", contains="hello")
    seen = classify(
        request,
        due=DUE,
        sent=DUE,
        completed=DUE,
        answer=Answer(500, body=b"hello"),
        stalled=Duration(0),
        stalled_sending=Duration(0),
    )
    assert seen is Outcome.STATUS


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (Answer(201), WriteOutcome.OK),
        (Answer(409), WriteOutcome.FAIL),
        (Answer(failure=Failure.UNREACHED), WriteOutcome.FAIL),
        (Answer(failure=Failure.OURS), WriteOutcome.FAIL),
        (Answer(500), WriteOutcome.INFO),
        (Answer(503), WriteOutcome.INFO),
        (Answer(302), WriteOutcome.INFO),
        (Answer(failure=Failure.BROKEN), WriteOutcome.INFO),
        (Answer(failure=Failure.SILENT), WriteOutcome.INFO),
    ],
)
def test_a_client_knows_of_its_write_only_what_it_was_told(answer: Answer, expected: WriteOutcome) -> None:
    assert told(WRITE, answer) is expected
