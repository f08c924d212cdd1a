"""A secret is found however it is spelled."""

from __future__ import annotations

from base64 import b64encode

import pytest

from harness.gate.spelling import spellings

SECRET = "a-secret_of-16-letters"  # noqa: S105 - nobody's


@pytest.mark.parametrize("before", range(7))
@pytest.mark.parametrize("after", range(4))
def test_a_secret_is_found_at_any_place_of_a_base64_text(before: int, after: int) -> None:
    told = b64encode(b"u" * before + SECRET.encode() + b"@" * after).decode()
    assert any(one in told for one in spellings(SECRET)[1:])


def test_a_secret_is_found_as_it_is() -> None:
    assert spellings(SECRET)[0] == SECRET
