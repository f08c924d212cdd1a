import json

from hypothesis import given
from hypothesis import strategies as st

from harness.journal.observation import LoadSecond, Observation, Outcome, Write, WriteOutcome
from harness.observe import wire
from harness.units import Duration, Instant

SERVICES = ("api", "billing")
PLACES = {service: place for place, service in enumerate(SERVICES)}
instants = st.integers(0, 1 << 62).map(Instant)
delays = st.none() | st.integers(0, 1 << 60).map(Duration)


@st.composite
def observations(draw: st.DrawFn) -> Observation:
    due, lag, flight = draw(instants), draw(delays), draw(delays)
    sent = None if lag is None else due + lag
    completed = None if sent is None or flight is None else sent + flight
    service, number = draw(st.sampled_from(SERVICES)), draw(st.integers(0, 1 << 40))
    status = draw(st.none() | st.integers(100, 599))
    return Observation(service, number, due, sent, completed, draw(st.sampled_from(Outcome)), status)


@given(observations())
def test_an_observation_survives_the_way_to_the_parent(row: Observation) -> None:
    travelled = json.loads(json.dumps(wire.observation_row(row, PLACES)))
    assert wire.observation(travelled, SERVICES) == row


@given(st.builds(LoadSecond, st.sampled_from(SERVICES), instants, *[st.integers(0, 1000)] * 3))
def test_a_second_of_load_survives_the_way_to_the_parent(row: LoadSecond) -> None:
    assert wire.load_second(json.loads(json.dumps(wire.load_row(row)))) == row


@given(
    st.builds(
        Write,
        st.integers(0, 63),
        st.integers(1, 1 << 30),
        st.text(),
        st.text(),
        instants,
        instants,
        st.none() | instants,
        st.sampled_from(WriteOutcome),
    )
)
def test_a_write_survives_the_way_to_the_parent(row: Write) -> None:
    assert wire.write(json.loads(json.dumps(wire.write_row(row)))) == row


def test_a_line_holds_no_line_break_of_its_own() -> None:
    assert wire.encode(wire.Kind.WRITES, ["a\nb"]).count(b"\n") == 1
