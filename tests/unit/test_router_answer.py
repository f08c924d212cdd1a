"""Whether an answer is complete, told from the bytes that passed."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.sandbox.embedded.answer import Exchange

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
HEAD = b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n"
SIZED = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"


def exchange(request: bytes, *answer: bytes) -> Exchange:
    made = Exchange()
    if request:
        made.asked(request)
    for part in answer:
        made.answered(part)
    return made


@pytest.mark.parametrize(
    ("request_", "answer", "complete"),
    [
        (GET, b"", False),
        (GET, SIZED, True),
        (GET, SIZED[:-1], False),
        (GET, CHUNKED, True),
        (GET, CHUNKED[:-1], False),
        (GET, b"HTTP/1.1 100 Continue\r\n\r\n", False),
        (GET, b"HTTP/1.1 204 No Content\r\n\r\n", True),
        (GET, b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", True),
        (HEAD, b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", True),
        (GET, b"HTTP/1.0 200 OK\r\n\r\nuntil the end", False),
        (GET, b"HTTP/1.1 200 OK\r\nContent-Le", None),
        (b"\x00\x01", b"\x02\x03", None),
        (b"", b"220 mail.example", None),
    ],
)
def test_an_answer_is_complete_when_nothing_of_it_is_missing(
    request_: bytes, answer: bytes, *, complete: bool | None
) -> None:
    assert exchange(request_, *([answer] if answer else [])).complete() is complete


@given(st.sampled_from([SIZED, CHUNKED]), st.lists(st.integers(1, 60), max_size=6))
def test_how_an_answer_is_cut_into_pieces_does_not_matter(answer: bytes, cuts: list[int]) -> None:
    edges = sorted({0, len(answer), *(cut for cut in cuts if cut < len(answer))})
    pieces = [answer[low:high] for low, high in pairwise(edges)]
    assert exchange(GET, *pieces).complete() is True
    assert exchange(GET, *pieces[:-1]).complete() is not True


def test_the_next_request_on_a_connection_has_an_answer_of_its_own() -> None:
    second = exchange(GET, SIZED)
    second.asked(GET)
    assert second.complete() is False
    second.answered(CHUNKED)
    assert second.complete() is True


def test_a_request_in_pieces_is_one_request() -> None:
    made = exchange(b"HEAD / HT", b"")
    made.asked(b"TP/1.1\r\n\r\n")
    made.answered(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")
    assert made.complete() is True


def test_a_connection_is_fresh_until_a_byte_went_either_way() -> None:
    assert Exchange().fresh
    assert not exchange(b"G").fresh
    assert not exchange(b"", b"2").fresh
