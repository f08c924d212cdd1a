"""Durations, instants, intervals and shares: the values every other module measures with.

All are frozen, exact (integer nanoseconds) and compare only with their own kind, so a second is never
mistaken for a millisecond and an instant never for a duration. Part of the floor: imports only errors.

Invariant: an `Interval` and a `Span` always have low <= high.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import total_ordering
from typing import Any, Final, Self

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

_NS_PER: Final = {
    "ns": 1,
    "us": 1_000,
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "min": 60 * 1_000_000_000,
    "h": 3600 * 1_000_000_000,
    "d": 86_400 * 1_000_000_000,
}
_NAMES: Final = {
    "millisecond": "ms",
    "second": "s",
    "minute": "min",
    "hour": "h",
    "day": "d",
}
_DURATION: Final = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]+)")


@total_ordering
@dataclass(frozen=True, slots=True)
class Duration:
    """A length of time in whole nanoseconds; may be negative when it is the difference of two instants."""

    ns: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Reads '300 ms', '5 s', '2 minutes', '1 h', '0.5 s'.

        Raises:
            ValueError: the text is not a number with a unit of ns, us, ms, s, min, h or d (or its full name).
        """
        match = _DURATION.fullmatch(text.strip().lower())
        if match:
            number, word = match.groups()
            unit = _NAMES.get(word.removesuffix("s"), word)
            if unit in _NS_PER:
                whole, _, fraction = number.partition(".")
                scale = 10 ** len(fraction)
                return cls(int(whole + fraction) * _NS_PER[unit] // scale)
        raise ValueError(
            f"{text!r} is not a duration: expected a number and a unit, such as '300 ms', '5 s' or '15 min'"
        )

    @classmethod
    def of(cls, *, s: float = 0, ms: float = 0) -> Self:
        """Builds a duration from seconds and milliseconds."""
        return cls(round(Fraction(s) * _NS_PER["s"]) + round(Fraction(ms) * _NS_PER["ms"]))

    @property
    def seconds(self) -> float:
        """The duration in seconds."""
        return self.ns / _NS_PER["s"]

    def __lt__(self, other: Duration) -> bool:
        return self.ns < other.ns

    def __add__(self, other: Duration) -> Duration:
        return Duration(self.ns + other.ns)

    def __sub__(self, other: Duration) -> Duration:
        return Duration(self.ns - other.ns)

    def __mul__(self, factor: float) -> Duration:
        return Duration(round(self.ns * factor))

    def __str__(self) -> str:
        magnitude = abs(self.ns)
        for unit in ("d", "h", "min"):
            if magnitude >= _NS_PER[unit] and magnitude % (_NS_PER[unit] // 10) == 0:
                return f"{self.ns / _NS_PER[unit]:g} {unit}"
        if magnitude >= 60 * _NS_PER["s"]:
            return ("-" if self.ns < 0 else "") + _in_parts(round(magnitude / _NS_PER["s"]))
        if magnitude >= _NS_PER["s"]:
            return f"{self.ns / _NS_PER['s']:.2f}".rstrip("0").rstrip(".") + " s"
        if magnitude == 0:
            return "0 s"
        if magnitude < _NS_PER["ms"] // 10:
            return f"{self.ns / _NS_PER['us']:g} us"
        return f"{self.ns / _NS_PER['ms']:.1f}".rstrip("0").rstrip(".") + " ms"

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: GetCoreSchemaHandler) -> CoreSchema:
        """Reads text with a unit; from JSON, which the harness wrote itself, also whole nanoseconds; writes these.

        A bare number in drill.toml is refused, because nobody who writes `within = 5` means nanoseconds.
        """

        def read(value: Any) -> Duration:
            if isinstance(value, cls):
                return value
            if isinstance(value, str):
                return cls.parse(value)
            raise ValueError(f"{value!r} is not a duration: expected text with a unit, such as '300 ms' or '5 s'")

        def from_json(value: int | str) -> Duration:
            return cls(value) if isinstance(value, int) else cls.parse(value)

        raw = core_schema.union_schema([core_schema.int_schema(strict=True), core_schema.str_schema()])
        return core_schema.json_or_python_schema(
            json_schema=core_schema.no_info_after_validator_function(from_json, raw),
            python_schema=core_schema.no_info_plain_validator_function(read),
            serialization=core_schema.plain_serializer_function_ser_schema(
                lambda duration: duration.ns, return_schema=core_schema.int_schema()
            ),
        )


@dataclass(frozen=True, slots=True)
class Instant:
    """A point of CLOCK_MONOTONIC of the harness machine, in nanoseconds. A wall clock step does not move it."""

    ns: int

    def __lt__(self, other: Instant) -> bool:
        return self.ns < other.ns

    def __le__(self, other: Instant) -> bool:
        return self.ns <= other.ns

    def __gt__(self, other: Instant) -> bool:
        return self.ns > other.ns

    def __ge__(self, other: Instant) -> bool:
        return self.ns >= other.ns

    def __add__(self, other: Duration) -> Instant:
        return Instant(self.ns + other.ns)

    def __sub__(self, other: Instant) -> Duration:
        return Duration(self.ns - other.ns)

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: GetCoreSchemaHandler) -> CoreSchema:
        """Reads and writes whole nanoseconds."""
        raw = core_schema.no_info_after_validator_function(cls, core_schema.int_schema(strict=True))
        return core_schema.json_or_python_schema(
            json_schema=raw,
            python_schema=core_schema.union_schema([core_schema.is_instance_schema(cls), raw]),
            serialization=core_schema.plain_serializer_function_ser_schema(
                lambda instant: instant.ns, return_schema=core_schema.int_schema()
            ),
        )


@dataclass(frozen=True, slots=True)
class Interval:
    """An instant known to lie in [low, high]."""

    low: Instant
    high: Instant

    def __post_init__(self) -> None:
        """Refuses an interval that ends before it starts."""
        if self.high < self.low:
            raise ValueError(f"an interval cannot end ({self.high.ns}) before it starts ({self.low.ns})")

    @classmethod
    def at(cls, instant: Instant) -> Self:
        """An instant that was taken directly."""
        return cls(instant, instant)

    @property
    def width(self) -> Duration:
        """How far apart the bounds are."""
        return self.high - self.low

    def since(self, earlier: Interval) -> Span:
        """The duration from an earlier instant to this one, by worst bounds; never below zero."""
        low = max(0, self.low.ns - earlier.high.ns)
        return Span(Duration(low), Duration(max(low, self.high.ns - earlier.low.ns)))


@dataclass(frozen=True, slots=True)
class Span:
    """A duration known to lie in [low, high]."""

    low: Duration
    high: Duration

    def __post_init__(self) -> None:
        """Refuses a span whose low bound is above its high one."""
        if self.high < self.low:
            raise ValueError(f"a span's low bound ({self.low}) cannot be above its high bound ({self.high})")

    @property
    def width(self) -> Duration:
        """How far apart the bounds are."""
        return self.high - self.low

    def __str__(self) -> str:
        """Both bounds at the precision that tells them apart, rounded outwards: '4.02 to 4.06 s'."""
        if self.low == self.high:
            return str(self.high)
        digits = 3 if self.width < Duration.of(ms=10) else 2
        step = _NS_PER["s"] // 10**digits
        low, high = self.low.ns // step / 10**digits, -(-self.high.ns // step) / 10**digits
        return f"{low:.{digits}f} to {high:.{digits}f} s"


def _in_parts(seconds: int) -> str:
    """Whole seconds, at least a minute of them, as '2 min 0 s' or '29 d 0 h 0 min 2 s'."""
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = [(days, "d"), (hours, "h"), (minutes, "min"), (rest, "s")]
    while not parts[0][0]:
        del parts[0]
    return " ".join(f"{number} {unit}" for number, unit in parts)


def parse_share(text: str) -> float:
    """Reads '5 %', '0.5%' or '1' percent as a fraction of one.

    Raises:
        ValueError: the text is not a percentage between 0 and 100.
    """
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*%", text.strip())
    if not match or float(match.group(1)) > 100:  # noqa: PLR2004 - per cent
        raise ValueError(f"{text!r} is not a share: expected a percentage from 0 % to 100 %, such as '5 %'")
    return float(match.group(1)) / 100


def counted(number: int, one: str, many: str = "") -> str:
    """A number with its noun: '1 write', '7 writes', '2 replicas'."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def are(number: int, one: str = "is", many: str = "are") -> str:
    """The verb that goes with a number of things: 'is' with one of them."""
    return one if number == 1 else many
