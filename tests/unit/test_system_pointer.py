"""JSON pointers, as RFC 6901 has them, and which JSON values are the same."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from harness.errors import NotFound
from harness.system.pointer import Pointer, find, same

# The document and the pointers of RFC 6901, section 5.
DOCUMENT: dict[str, Any] = {
    "foo": ["bar", "baz"],
    "": 0,
    "a/b": 1,
    "c%d": 2,
    "e^f": 3,
    "g|h": 4,
    "i\\j": 5,
    'k"l': 6,
    " ": 7,
    "m~n": 8,
}


@pytest.mark.parametrize(
    ("pointer", "value"),
    [
        ("", DOCUMENT),
        ("/foo", ["bar", "baz"]),
        ("/foo/0", "bar"),
        ("/", 0),
        ("/a~1b", 1),
        ("/c%d", 2),
        ("/e^f", 3),
        ("/g|h", 4),
        ("/i\\j", 5),
        ('/k"l', 6),
        ("/ ", 7),
        ("/m~0n", 8),
    ],
)
def test_a_pointer_leads_where_the_rfc_says(pointer: str, value: Any) -> None:
    assert TypeAdapter(Pointer).validate_python(pointer) == pointer
    assert find(DOCUMENT, pointer) == value


@pytest.mark.parametrize(
    ("pointer", "why"),
    [
        ("/bar", "there is no /bar: the answer is an object without 'bar'"),
        ("/foo/2", "there is no /foo/2: /foo is a list without '2'"),
        ("/foo/-", "/foo is a list without '-'"),
        ("/foo/-1", "/foo is a list without '-1'"),
        ("/foo/00", "/foo is a list without '00'"),
        ("/foo/0/x", "/foo/0 is a plain value without 'x'"),
    ],
)
def test_a_pointer_that_leads_nowhere_says_how_far_it_led(pointer: str, why: str) -> None:
    with pytest.raises(NotFound) as caught:
        find(DOCUMENT, pointer)
    assert why in str(caught.value)


@pytest.mark.parametrize("text", ["foo", "foo/0", "/a~b", "/~2", "$.foo"])
def test_what_is_no_pointer_is_refused(text: str) -> None:
    with pytest.raises(ValidationError, match="no JSON pointer; expected one such as '/items/0/id'"):
        TypeAdapter(Pointer).validate_python(text)


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        (1, 1.0, True),
        (1, True, False),
        (0, False, False),
        (True, True, True),
        ("1", 1, False),
        ([1, True], [1, True], True),
        ([1, True], [1, 1], False),
        ([1], [1, 2], False),
        ({"a": {"b": 1}}, {"a": {"b": 1.0}}, True),
        ({"a": {"b": 1}}, {"a": {"b": True}}, False),
        ({"a": 1}, {"a": 1, "b": 2}, False),
        (None, None, True),
        (None, 0, False),
        ("a", ["a"], False),
    ],
)
def test_values_are_the_same_when_json_has_them_so(one: Any, other: Any, *, equal: bool) -> None:
    assert same(one, other) is equal
    assert same(other, one) is equal
