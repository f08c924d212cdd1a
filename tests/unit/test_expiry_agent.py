"""When a drill counts as silent: by one clock, from the last change of its beat."""

from __future__ import annotations

from harness.sandbox.kind.agent.expire import DRAINED
from harness.sandbox.kind.agent.silence import BEAT, Silence, beat_of
from harness.sandbox.kubernetes import names


def test_a_beat_that_changes_is_never_silence() -> None:
    silence = Silence(10, now=0)
    assert not any(silence.expired(str(beat), now=beat * 9) for beat in range(100))


def test_a_beat_that_stays_the_same_is_silence_after_the_limit_and_no_earlier() -> None:
    silence = Silence(10, now=0)
    assert not silence.expired("a", now=5)
    assert not silence.expired("a", now=14.9)
    assert silence.expired("a", now=15)
    assert silence.expired("a", now=16), "until something is heard again"
    assert not silence.expired("b", now=17)


def test_a_drill_that_never_beat_is_silent_after_the_limit() -> None:
    silence = Silence(10, now=100)
    assert not silence.expired("", now=109)
    assert silence.expired("", now=110)


def test_the_agent_and_the_harness_use_the_same_names() -> None:
    assert (BEAT, DRAINED) == (names.BEAT, names.DRAINED)


def test_an_object_without_a_beat_is_silent() -> None:
    assert beat_of({"metadata": {"annotations": {BEAT: "7"}}}) == "7"
    assert beat_of({"metadata": {"annotations": None}}) == beat_of({"metadata": {}}) == beat_of(None) == ""
