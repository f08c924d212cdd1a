"""A business call through the whole path: the requests that drill.toml lists, one after the other."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any

from harness.clock import Deadline
from harness.drill.checks.base import Bench, Reading, in_time
from harness.errors import DrillError, InputError
from harness.system.asking import Answer, ask
from harness.system.check_model import PathCall
from harness.system.placeholders import fill
from harness.system.pointer import find, same


@dataclass(frozen=True, slots=True)
class BusinessPath:
    """How many requests of the path, from the first on, got the answer that is expected of them."""

    calls: tuple[PathCall, ...]

    def read(self, bench: Bench, deadline: Deadline) -> Reading:
        """Goes the whole path once, with ids that nobody used before; stops where it breaks."""
        values: dict[str, Any] = {"unique": secrets.token_hex(8)}
        for done, call in enumerate(self.calls):
            if done and deadline.passed:
                return Reading(None, f"{in_time(done, len(self.calls))}, and every one was as expected", cut=True)
            answer = ask(bench.system.router.address(call.service), call, values, deadline)
            wrong = answer.problem or _take(answer, call, values)
            if wrong:
                where = f"request {done + 1}, {call.title}: {wrong}"
                return Reading(None if answer.cut else done, where, cut=answer.cut)
        return Reading(len(self.calls), ", ".join(dict.fromkeys(call.service for call in self.calls)))


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
