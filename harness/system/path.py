"""Goes the business path of a live system once: the requests that drill.toml lists, one after the other."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from harness.clock import Deadline
from harness.errors import DrillError, InputError
from harness.system.asking import Answer, ask
from harness.system.check_model import PathCall
from harness.system.placeholders import fill
from harness.system.pointer import find, same
from harness.system.values import Address


@dataclass(frozen=True, slots=True)
class Walked:
    """How many requests, from the first on, got the answer that is expected of them, and what was wrong with the next.

    `cut` is true where the time was over: then nothing is known of the next one. `problem` is empty then when it was
    not even made.
    """

    done: int
    problem: str = ""
    cut: bool = False


def walk(calls: Sequence[PathCall], address: Callable[[str], Address], deadline: Deadline) -> Walked:
    """Goes the whole path, with ids that nobody used before; stops where it breaks, or where the time is over."""
    values: dict[str, Any] = {"unique": secrets.token_hex(8)}
    for done, call in enumerate(calls):
        if done and deadline.passed:
            return Walked(done, cut=True)
        answer = ask(address(call.service), call, values, deadline)
        wrong = answer.problem or _take(answer, call, values)
        if wrong:
            return Walked(done, f"request {done + 1}, {call.title}: {wrong}", answer.cut)
    return Walked(len(calls))


def _take(answer: Answer, call: PathCall, values: dict[str, Any]) -> str:
    """Compares an answer with what is expected and keeps what is captured; what is wrong with it, or nothing."""
    if not call.answer and not call.capture:
        return ""
    try:
        document = answer.json()
        for pointer, expected in call.answer.items():
            found, wanted = find(document, pointer), fill(expected, values)
            if not same(found, wanted):
                return f"{pointer} is {found!r:.60}, expected {wanted!r:.60}"
        values.update({name: _plain(document, pointer) for name, pointer in call.capture.items()})
    except DrillError as error:
        return str(error)
    return ""


def _plain(document: Any, pointer: str) -> Any:
    found = find(document, pointer)
    if found is None or isinstance(found, dict | list):
        raise InputError(f"{pointer} is {found!r:.60}, and text, a number or true or false was expected")
    return found
