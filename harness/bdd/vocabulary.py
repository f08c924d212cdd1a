"""The steps that scenarios are written with: which there are, what a text means, and which one somebody had in mind."""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from functools import cache, cached_property
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from pytest_bdd import parsers
from pytest_bdd.steps import StepFunctionContext, step_function_context_registry

from harness.bdd.parameters import BY_NAME, NUMBER_PATTERNS, NUMBERS, PLURAL, TYPES, ParameterType, plain_step, text_of

MODULES: Final = ("system", "faults", "rollback", "objectives", "validation", "guards", "database", "configuration")
"""The modules of `scenarios`, each about one subject, in the order in which they are shown."""

_FIELD: Final = re.compile(r"\{(\w+)(?::(\w+))?\}")
_WORD: Final = re.compile(r"""'[^']*'|"[^"]*"|[^\s,]+|,""")
_FAR: Final = 0.45  # of a step's words: beyond it, what is nearest is only the least strange
_LIKE: Final = 0.65  # two words that share less are not the same one misspelt
_KNOWN: Final = 0.6  # of the letters of a step's own long words: where fewer are there, it is about something else
_SHORT: Final = 3  # letters of words that are in every sentence
_MORE_WORDS: Final = 0.3  # for each further word that a parameter takes: '5 s' is as good as '5s', but less so


@dataclass(frozen=True)
class Step:
    """One step that is defined: its keyword ('Given', 'When', 'Then', or '' for any), its text, its function."""

    keyword: str
    parser: parsers.StepParser
    function: Callable[..., Any]

    @property
    def text(self) -> str:
        """Its text, with parameters in braces."""
        return text_of(self.parser)

    @property
    def about(self) -> str:
        """The first sentence of its module: what its subject is."""
        return (inspect.getmodule(self.function).__doc__ or "").strip().partition("\n")[0]

    @property
    def ours(self) -> bool:
        """True where it comes with this project."""
        package, _, module = self.function.__module__.rpartition(".")
        return package == "scenarios" and module in MODULES

    @property
    def subject(self) -> str:
        """What it is about: the name of its module."""
        return self.function.__module__.rpartition(".")[2]

    @property
    def place(self) -> str:
        """File and line of its function."""
        code = self.function.__code__
        return f"{Path(code.co_filename)}:{code.co_firstlineno}"

    @property
    def parameters(self) -> dict[str, str]:
        """The names of its parameters, each with that of its type; '' where it has none of ours."""
        return dict(_FIELD.findall(self.text))

    @property
    def example(self) -> str:
        """The step as it might stand in a feature."""

        def filled(found: re.Match[str]) -> str:
            kind = found.group(2) or ""
            if kind == "d" and not re.match(r" \w+(?:s\b|\(s\))", self.text[found.end() :]):
                return "1"  # of a thing that is named as one
            if kind in TYPES:
                return BY_NAME.get((kind, found.group(1)), TYPES[kind].example)
            return NUMBERS.get(kind, (found.group(1), ""))[0]

        return _FIELD.sub(filled, self.text).replace(PLURAL, "s")

    def takes(self, argument: str) -> bool:
        """True where its function has an argument of this name."""
        return argument in inspect.signature(self.function).parameters

    @cached_property
    def _plain(self) -> Any:
        """Reads its text and leaves the parameters as they stand; None where the parser is not one of ours."""
        if not isinstance(self.parser, parsers.parse):
            return None
        return plain_step(self.text, {name: _Text(kind) for name, kind in TYPES.items()}).parser

    def match(self, text: str) -> Match | None:
        """What a text says, if it is this step. A parameter that has no meaning makes no other step of it."""
        if self._plain is None:
            return Match(self, self.parser.parse_arguments(text) or {}) if self.parser.is_matching(text) else None
        read = self._plain.parse(text)
        return Match(self, read.named, read.spans) if read else None

    def arguments(self, text: str) -> Mapping[str, Any]:
        """The values of its parameters, as its function takes them.

        Raises:
            DrillError: one has no meaning.
        """
        found = self.parser.parse_arguments(text) or {}
        return {name: value for name, value in found.items() if self.takes(name)}


@dataclass(frozen=True)
class Match:
    """A text that is a step. `spans` tells where each parameter stands in it, as far as that is known."""

    step: Step
    texts: Mapping[str, Any]
    spans: Mapping[str, tuple[int, int]] = field(default_factory=dict)

    def wrong(self) -> tuple[str, str] | None:
        """The first parameter that has no meaning, by name, with what was expected; None when all have one."""
        for name, kind in self.step.parameters.items():
            if kind in TYPES:
                try:
                    TYPES[kind].read(str(self.texts[name]))
                except ValueError as error:
                    return name, str(error)
        return None


class _Text:
    """A parameter type that takes the same texts and leaves them as they are."""

    def __init__(self, kind: ParameterType) -> None:
        self.pattern = kind.pattern

    def __call__(self, text: str) -> str:
        """The text."""
        return text


def of_contexts(contexts: Iterable[StepFunctionContext]) -> tuple[Step, ...]:
    """The steps that pytest-bdd knows, as ours."""
    return tuple(Step((one.type or "").capitalize(), one.parser, one.step_func) for one in contexts)


def modules() -> Iterator[ModuleType]:
    """The modules whose steps every scenario may use."""
    for name in MODULES:
        yield importlib.import_module(f"scenarios.{name}")


def own_steps() -> tuple[Step, ...]:
    """The steps that come with this project."""
    return of_contexts(context for module in modules() for context in _defined_in(module))


def _defined_in(module: ModuleType) -> Iterator[StepFunctionContext]:
    for value in vars(module).values():
        function = getattr(value, "_fixture_function", value)
        context = step_function_context_registry.get(function) if callable(function) else None
        if context is not None:
            yield context


def readings(steps: Iterable[Step], text: str) -> tuple[Match, ...]:
    """All that a text may mean, whatever its keyword."""
    return tuple(found for one in steps if (found := one.match(text)))


def misfit(steps: Iterable[Step], text: str) -> tuple[Match, str] | None:
    """The step whose own words are all there, and its first parameter whose text has not the shape; None without one.

    Of several, the one that says most itself.
    """
    for one in sorted(steps, key=lambda one: -len(_FIELD.sub("", one.text))):
        if found := re.fullmatch("".join(_loosely(one.text)), text):
            match = Match(one, found.groupdict(), {name: found.span(name) for name in one.parameters})
            wrong = next((name for name, kind in one.parameters.items() if not _fits(kind, found[name])), None)
            if wrong is not None:
                return match, wrong
    return None


def _loosely(text: str) -> Iterator[str]:
    """A step's text as a pattern whose parameters are anything."""
    end = 0
    for one in _FIELD.finditer(text):
        yield f"{_escaped(text[end : one.start()])}(?P<{one.group(1)}>.+?)"
        end = one.end()
    yield _escaped(text[end:])


def _escaped(text: str) -> str:
    return re.escape(text).replace(re.escape(PLURAL), "s?")


def _fits(kind: str, text: str) -> bool:
    pattern = TYPES[kind].pattern if kind in TYPES else NUMBER_PATTERNS.get(kind, ".+")
    return re.fullmatch(pattern, text) is not None


@dataclass(frozen=True)
class Near:
    """The step that is most like a text, and the text as it would be that step."""

    step: Step
    text: str


def nearest(steps: Iterable[Step], text: str) -> Near | None:
    """The step that somebody had in mind who wrote a text that is none; None where no step is like it."""
    words = _WORD.findall(text)
    best: tuple[float, Near] | None = None
    for one in steps:
        tokens = _WORD.findall(_FIELD.sub(r"{\1}", one.text))
        tokens = [_in_number(token, words) for token in tokens]
        if _known(tokens, words) < _KNOWN:
            continue
        cost, filled = _aligned(tuple(tokens), tuple(words))
        share = cost / max(len(tokens), len(words), 1)
        if share <= _FAR and (best is None or share < best[0]):
            best = share, Near(one, " ".join(filled).replace(" ,", ","))
    return best[1] if best else None


def _in_number(token: str, words: Sequence[str]) -> str:
    """'row(s)' as the text has it."""
    one = token.removesuffix(PLURAL)
    return token if one == token else f"{one}s" if f"{one}s" in words else one


def _known(tokens: Sequence[str], words: Sequence[str]) -> float:
    """How much of what a step says itself is in a text, by letters: long words tell more than short ones."""
    own = [one for one in tokens if "{" not in one and len(one) > _SHORT]
    letters = sum(map(len, own))
    there = sum(len(one) * (1 - min((_unlike(one, word) for word in words), default=1)) for one in own)
    return there / letters if letters else 0


def _aligned(tokens: Sequence[str], words: Sequence[str]) -> tuple[float, tuple[str, ...]]:
    """How far words are from a step's, and the step with its parameters taken from them.

    The cheapest way to make the one of the other, word by word: a parameter takes any word, a word may be misspelt,
    missing or too many.
    """
    nothing: list[tuple[float, tuple[str, ...]]] = [(float(many), ()) for many in range(len(words) + 1)]
    row = nothing
    for token in tokens:
        free = "{" in token
        here = [(row[0][0] + 1, (*row[0][1], token))]
        for at, word in enumerate(words, 1):
            ways = [(row[at][0] + 1, (*row[at][1], token)), (here[at - 1][0] + 1, here[at - 1][1])]
            if free and word != ",":
                ways.append((row[at - 1][0], (*row[at - 1][1], word)))
                if here[at - 1][1] and here[at - 1][1][-1] != token:
                    more = (*here[at - 1][1][:-1], f"{here[at - 1][1][-1]} {word}")
                    ways.append((here[at - 1][0] + _MORE_WORDS, more))
            elif not free:
                ways.append((row[at - 1][0] + _unlike(token, word), (*row[at - 1][1], token)))
            here.append(min(ways, key=lambda way: way[0]))
        row = here
    return row[-1]


@cache
def _unlike(token: str, word: str) -> float:
    if token == word:
        return 0
    ratio = SequenceMatcher(None, token, word).ratio()
    return 1 - ratio if ratio >= _LIKE else 1
