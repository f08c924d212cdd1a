"""Parameter types of steps: what may stand in the braces of a step, and the error when something else does.

A parameter that looks right but is wrong (a duration without a unit) must not make its step undefined, so the types
accept any text of about the right shape and complain with what was expected.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pytest_bdd import parsers

from harness.bdd.blackouts import EXAMPLE, read_blackout
from harness.bdd.refusals import REFUSALS, read_refusal
from harness.errors import InputError
from harness.faults.configuration_hindrance import WAYS
from harness.journal.cause import Cause
from harness.journal.declaration import FEWEST_BEFORE, Verdict
from harness.rollback.assessment import Severity
from harness.rollback.plan import Procedure
from harness.units import Duration, parse_share

_MOST_DRILLS: Final = 1000  # more than anybody has of one scenario, and than a median gets better by

_MOST_DIGITS: Final = 18  # what 64 bits hold; Python itself refuses to read more than 4,300


@dataclass(frozen=True)
class ParameterType:
    """A parameter type: the shape of its text, how it is read, an example, and what it is, for the documentation."""

    pattern: str
    read: Callable[[str], Any]
    example: str
    meaning: str

    def __call__(self, text: str) -> Any:
        """The value of a text.

        Raises:
            InputError: the text has the shape but not the meaning.
        """
        try:
            return self.read(text)
        except ValueError as error:
            raise InputError(str(error)) from None


def _verdict(text: str) -> Verdict:
    if text not in list(Verdict):
        raise ValueError(f"{text!r} is not a verdict; expected one of {', '.join(Verdict)}")
    return Verdict(text)


def _drills(text: str) -> int:
    count = int(text.split(maxsplit=1)[0])
    if not FEWEST_BEFORE <= count <= _MOST_DRILLS:
        raise ValueError(f"{text!r}: a median is taken of {FEWEST_BEFORE} to {_MOST_DRILLS} drills")
    return count


def _severity(text: str) -> Severity:
    if text not in list(Severity):
        raise ValueError(f"{text!r} is not a severity; expected one of {', '.join(Severity)}")
    return Severity(text)


def _cause(text: str) -> Cause:
    """A cause by its words, as docs/measures.md lists them."""
    found = next((cause for cause in Cause if cause.words == text), None)
    if found is None:
        [near] = difflib.get_close_matches(text, [cause.words for cause in Cause], n=1, cutoff=0)
        raise ValueError(f"{text!r} is no cause of a verdict; the nearest is {near!r}, docs/measures.md lists them all")
    return found


_HOW: Final = {
    "by switching traffic": Procedure.TRAFFIC,
    "by its revision": Procedure.SERVICE,
    "batch by batch": Procedure.ROLLING,
    "by the emergency ladder": Procedure.EMERGENCY,
}


def _how(text: str) -> Procedure:
    """A procedure by what it does."""
    if text not in _HOW:
        raise ValueError(f"nothing is rolled back {text!r}; expected one of {', '.join(_HOW)}")
    return _HOW[text]


_SPOILED: Final = ("corrupt", "truncated", "missing", "cut off from its log", "of another version", "too old")


def _spoiled(text: str) -> str:
    """How a backup is damaged."""
    if text not in _SPOILED:
        raise ValueError(f"no backup is {text!r}; expected one of {', '.join(_SPOILED)}")
    return text


def _spoiled_archive(text: str) -> str:
    """How an archive of the configuration is damaged."""
    if text not in WAYS:
        raise ValueError(f"no archive of a configuration is {text!r}; expected one of {', '.join(WAYS)}")
    return text


def _whole(text: str) -> int:
    if len(text) > _MOST_DIGITS:
        raise ValueError(f"a number of {len(text)} digits; expected {_MOST_DIGITS} at most")
    return int(text)


def _one_of(words: Iterable[str]) -> str:
    return f"one of: {', '.join(words)}"


_QUOTED: Final = r"""'[^']*'|"[^"]*\""""  # a person need not know which quotes a step wants

TYPES: Final[dict[str, ParameterType]] = {
    "Service": ParameterType(r"\S+", str, "tracklist-service", "a service of drill.toml"),
    "Version": ParameterType(r"\S+?", str, "2.4.0", "a release whose folder exists, or a version of the schema"),
    "Name": ParameterType(r"[a-z][a-z0-9-]*", str, "audio", "a namespace"),
    "Context": ParameterType(r"\S+", str, "staging-eu", "a context of the kubeconfig"),
    "Blackout": ParameterType(r".+", read_blackout, EXAMPLE, "hours in which no drill runs: days, times, dates, zone"),
    "Table": ParameterType(r"\S+", str, "audio_files", "a table of the database"),
    "ConfigFile": ParameterType(r"\S+", str, "analysis-service.toml", "a file of a release's configuration"),
    "Key": ParameterType(r"\S+", str, "database.pool_size", "a key of the configuration, with those above it"),
    "Quoted": ParameterType(
        _QUOTED, lambda text: text[1:-1], "'every tracklist is whole'", "a name of drill.toml, in quotes"
    ),
    "File": ParameterType(
        _QUOTED,
        lambda text: text[1:-1],
        '"experiments/pause.json"',
        "a file of Chaos Toolkit, from the folder of drill.toml",
    ),
    "Duration": ParameterType(
        r"\d\S*?(?: [a-zA-Z]+)?", Duration.parse, "10 s", "a number and a unit: ms, s, min, h, d"
    ),
    "Share": ParameterType(r"\d\S*?(?: ?%)?", parse_share, "5 %", "a percentage from 0 % to 100 %"),
    "Drills": ParameterType(r"\d+ drills?", _drills, "10 drills", f"a number of drills, from {FEWEST_BEFORE} on"),
    "Verdict": ParameterType(r"\S+", _verdict, "invalid", _one_of(Verdict)),
    "Procedure": ParameterType(r"b[a-z ]+?", _how, "by its revision", _one_of(_HOW)),
    "Refusal": ParameterType(r".+", read_refusal, "no revision holds 2.4.0", _one_of(REFUSALS)),
    "SpoiledArchive": ParameterType(r".+", _spoiled_archive, "truncated", _one_of(WAYS)),
    "Spoiled": ParameterType(r".+", _spoiled, "truncated", _one_of(_SPOILED)),
    "Severity": ParameterType(r"\S+", _severity, "high", _one_of(Severity)),
    "Cause": ParameterType(r".+", _cause, "the fault had no effect", "a cause that measures.md lists"),
    "d": ParameterType(r"[-+ ]?\d+", _whole, "2", "a whole number"),
}
BY_NAME: Final[Mapping[tuple[str, str], str]] = {
    ("Quoted", "receiver"): "'on-call'",
    ("Quoted", "trigger"): "'orders fail'",
    ("Version", "standby"): "2.3.0",
}
"""Better examples than that of the type, by type and name of the parameter."""

NUMBERS: Final = {"g": ("5", "a number")}
"""The parameter types that are not ours, each with an example and what it is."""
NUMBER_PATTERNS: Final = {"g": r"[-+ ]?\d*\.?\d+(?:[eE][-+]?\d+)?"}
"""What is read as one of them."""


def told_of(kind: str) -> tuple[str, str]:
    """What a parameter of a type is, and an example."""
    if kind in TYPES:
        return TYPES[kind].meaning, TYPES[kind].example
    example, meaning = NUMBERS[kind]
    return meaning, example


PLURAL: Final = "(s)"
"""In the text of a step: a letter that is there or not, as in 'row(s)'."""
_PLURAL_FIELD: Final = "{:Plural}"


def step(pattern: str) -> parsers.StepParser:
    """A step's text with typed parameters in braces, {limit:Duration}; 'row(s)' is 'row' or 'rows'."""
    return plain_step(pattern, TYPES)


def plain_step(pattern: str, types: Mapping[str, Any]) -> parsers.parse:
    """As `step`, with other readers of the parameters."""
    plural = ParameterType("s?", str, "s", "a letter")
    return parsers.parse(pattern.replace(PLURAL, _PLURAL_FIELD), extra_types={**types, "Plural": plural})


def text_of(parser: parsers.StepParser) -> str:
    """A step's text as it was given."""
    return str(parser.name).replace(_PLURAL_FIELD, PLURAL)
