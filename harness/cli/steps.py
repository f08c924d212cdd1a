"""`drill steps`: every step that a scenario can be written with, for people, for programs, or as a page."""

from __future__ import annotations

import itertools
import json as json_text
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from harness.cli.options import FEATURES, Json, Paths, System
from harness.cli.output import readable
from harness.units import counted

if TYPE_CHECKING:
    from harness.bdd.lint.uses import Use

_PAGE: Final = """\
# Steps

Every step there is, by subject, with an example and a feature that uses it. `drill steps --markdown` prints this page;
`drill steps` tells of each step where your own features use it.

A step says who, in which state, and by when. `Given` is about what is there, `When` about what is broken, `Then` about
what must follow; `And` and `But` go on with the keyword before them. What stands in braces is a parameter, with its
[kind](#parameters); `row(s)` is one row, or more rows. `drill lint` tells of misspelt steps, with the nearest one.
[Your own](own-steps-and-faults.md) are steps like any other.
"""


@readable
def steps(
    paths: Paths = None,
    *,
    system: System = None,
    markdown: Annotated[bool, typer.Option("--markdown", help="as a page")] = False,
    json: Json = False,
) -> int:
    """Print every step that a scenario can be written with: its parameters, an example, and where it is used."""
    found = _found(paths, system)
    if json:
        print(json_text.dumps([_row(use) for use in found], indent=2))
    elif markdown:
        print("\n".join(page(found)))
    else:
        print("\n".join(_lines(found)))
    return 0


def _found(paths: Sequence[Path] | None, system: Path | None) -> tuple[Use, ...]:
    """All steps with their uses; where there are no features, those that come with this project."""
    from harness.bdd.collect import read_features  # noqa: PLC0415 - pytest takes half a second to import
    from harness.bdd.lint.uses import uses  # noqa: PLC0415 - likewise
    from harness.bdd.vocabulary import own_steps  # noqa: PLC0415 - likewise

    there = [one for one in FEATURES if one.is_dir() and any(one.rglob("*.feature"))]
    if not paths and not there:
        return uses(own_steps(), ())
    features = read_features(paths or there, system=system)
    every = dict.fromkeys(step for feature in features for step in feature.steps)
    return uses(tuple(every), features)


def _row(use: Use) -> dict[str, object]:
    step = use.step
    return {
        "keyword": step.keyword,
        "text": step.text,
        "subject": step.subject,
        "parameters": [{"name": name, "kind": kind} for name, kind in step.parameters.items()],
        "example": step.example,
        "used": use.places,
    }


def _lines(found: Sequence[Use]) -> Iterator[str]:
    anywhere = any(use.places for use in found)
    for use in found:
        step = use.step
        yield f"{step.keyword or 'Any':<6}{step.text}"
        if step.parameters:
            yield f"{'':<6}  such as  {step.example}"
        if anywhere:
            yield f"{'':<6}  used     {_places(use)}"
    yield ""
    yield from (f"{kind:<10} {meaning}, such as {example}" for kind, example, meaning in _kinds(found))


def _places(use: Use) -> str:
    if not use.places:
        return "nowhere"
    more = f" and {counted(len(use.places) - 1, 'other place')}" if len(use.places) > 1 else ""
    return f"{use.places[0]}{more}"


def page(found: Sequence[Use]) -> Iterator[str]:
    """The lines of docs/steps.md."""
    yield _PAGE
    for subject, group in itertools.groupby(found, key=lambda use: use.step.subject):
        of_subject = list(group)
        yield f"## {subject.capitalize()}\n\n{of_subject[0].step.about}\n"
        yield "| | step | such as | used in |\n| --- | --- | --- | --- |"
        for use in of_subject:
            step = use.step
            example = step.example if step.parameters else ""
            yield f"| {step.keyword or 'any'} | `{step.text}` | {example} | {_link(use)} |"
        yield ""
    yield "## Parameters\n\n| kind | what it is | such as |\n| --- | --- | --- |"
    for kind, example, meaning in _kinds(found):
        yield f"| `{kind}` | {meaning.replace('<', '&lt;')} | {example} |"


def _link(use: Use) -> str:
    if not use.places:
        return "–"
    file = use.places[0].rpartition(":")[0]
    return f"[{Path(file).name}](../{file})"


def _kinds(found: Sequence[Use]) -> Iterator[tuple[str, str, str]]:
    """The kinds of parameters that these steps have: name, an example, what it is."""
    from harness.bdd.parameters import NUMBERS, TYPES  # noqa: PLC0415 - see above

    used = {kind for use in found for kind in use.step.parameters.values()}
    for kind, of in TYPES.items():
        if kind in used:
            yield kind, of.example, of.meaning
    for kind, (example, meaning) in NUMBERS.items():
        if kind in used:
            yield kind, example, meaning
