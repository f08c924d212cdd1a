"""One drill as Markdown, for a comment on a pull request and for a terminal. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from harness.journal.declaration import Verdict
from harness.report.story import by_hand, facts, gone, headline
from harness.report.words import TAKERS, Origin, clean, duration, interval, number, stop
from harness.verdict.outlook import OutlookResult
from harness.verdict.result import AccountResult, Result
from harness.verdict.takeover import TakenBackResult

_SPECIAL: Final = re.compile(r"([\\`*_{}\[\]<>|#~])")
_MENTION: Final = re.compile(r"(?<!\w)@(?=\w)|(?<=\w)@(?=\w)")
_MOST: Final = 10  # lost writes that are listed; result.json holds all


def escaped(text: str) -> str:
    """Text that Markdown shows as it is: on one line, no mark-up, no HTML, nobody called by their name."""
    flat = " ".join(clean(text).split())
    marked = _SPECIAL.sub(r"\\\1", flat).replace("://", ":\N{ZERO WIDTH SPACE}//")
    return _MENTION.sub("@\N{ZERO WIDTH SPACE}", marked)


def render_markdown(result: Result) -> str:
    """The report of one drill: what happened, the objectives, what did not hold, how to run it again."""
    opening, origin = headline(result), Origin.of(result)
    where = f"{_code(result.source)}, sandbox {escaped(result.sandbox)}"
    parts = [
        f"### {escaped(opening.word)}: {escaped(opening.sentence)}",
        escaped(opening.detail),
        f"**{escaped(result.name)}** ({where}), took {duration(result.took)}",
        _table(
            ("", ""),
            ((f"**{one.question}**", escaped(f"{stop(one.answer)} {one.detail}".strip())) for one in facts(result)),
        ),
    ]
    if result.objectives:
        rows = (
            (
                escaped(one.title),
                interval(one.interval),
                duration(one.bound),
                _said(one.verdict),
                _code(one.source),
            )
            for one in result.objectives
        )
        parts.append(_table(("Objective", "Measured", "Allowed", "", "Declared in"), rows))
    if result.criteria:
        checks = (
            (
                escaped(one.name),
                escaped(number(one.value)),
                escaped(f"{one.bound}, within {duration(one.within)}"),
                one.answer.value,
                _code(one.source),
            )
            for one in result.criteria
        )
        parts.append(_table(("Criterion", "Measured", "Required", "", "Declared in"), checks))
    if result.outlook:
        parts += _outlook(result.outlook)
    if result.account:
        parts += _gone(result.account, origin)
    if left := by_hand(result):
        failures = "\n".join(f"- {escaped(one)}" for one in left)
        parts.append(f"**The fault was not taken back completely. A person must act:**\n\n{failures}")
    parts += [_taken_back(one) for one in result.taken_back]
    if result.not_measured:
        parts.append("Not measured:\n\n" + "\n".join(f"- {escaped(one)}" for one in result.not_measured))
    parts.append(f"Run it again: {_code(result.again)}  \nJournal: {_code(result.journal_head)}")
    return "\n\n".join(part for part in parts if part) + "\n"


def _outlook(outlook: OutlookResult) -> Iterator[str]:
    """What was not ready for the rollback, and what it costs."""
    lacking = [one for one in outlook.ready if not one.ready]
    if lacking:
        lines = (f"- {escaped(f'{one.name}: {one.found}; {one.remedy}'.rstrip('; '))}" for one in lacking)
        others = (f"- instead: {escaped(one)}" for one in outlook.instead)
        yield "Not ready for the rollback:\n\n" + "\n".join((*lines, *others))
    costs = ((escaped(one.about), "" if one.known else "not known", escaped(one.found)) for one in outlook.impact)
    yield _table(("The rollback costs", "", "Found"), costs)


def _taken_back(one: TakenBackResult) -> str:
    """Who took the drill back, when and why, and what was done."""
    done = "\n".join(f"- {escaped(text)}" for text in one.done)
    until = f"until {one.ended_utc}" if one.ended_utc is not None else "and has no end"
    return f"Taken back by {TAKERS[one.by]}, from {one.begun_utc} {until}: {escaped(one.why)}\n\n{done}".rstrip()


def _said(verdict: Verdict) -> str:
    return "met" if verdict is Verdict.PASSED else verdict.value


def _gone(account: AccountResult, origin: Origin) -> Iterator[str]:
    """The acknowledged writes that are not there, why, and when they were acknowledged."""
    for title, writes in gone(account):
        rest = f"\n- … and {len(writes) - _MOST} more in result.json" if len(writes) > _MOST else ""
        listed = "\n".join(f"- {_code(one.id)}, acknowledged {origin.at(one.acknowledged)}" for one in writes[:_MOST])
        yield f"{title} (seconds from {origin.name}):\n\n{listed}{rest}"


def _code(text: str) -> str:
    """Text as code, fenced by more backticks than it holds in a row."""
    flat = " ".join(clean(text).split()).replace("|", "\\|")
    longest = max((len(run) for run in re.findall("`+", flat)), default=0)
    fence = "`" * (longest + 1)
    space = " " if longest else ""
    return f"{fence}{space}{flat}{space}{fence}" if flat else ""


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
