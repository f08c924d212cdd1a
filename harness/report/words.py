"""Numbers and times as people read them. Pure; the same everywhere, whatever the locale.

An instant is told from the injection of the fault, because that is what a reader asks ("how long after?"); in
a drill that never got so far it is told from the drill's start.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self

from harness.journal.cause import Cause
from harness.journal.declaration import Verdict
from harness.units import Duration, Span
from harness.verdict.result import Result, Seconds

MINUS: Final = "\N{MINUS SIGN}"
DASH: Final = "\N{EN DASH}"
TAKERS: Final = {"watchdog": "its watchdog", "heal": "drill heal"}
"""Who took a drill back that could not do it itself."""
NOT_MEASURED: Final = "not measured"
_LONG: Final = 600.0  # from here on seconds alone are hard to read
_MINUTE: Final = 60
_HOUR: Final = 3600
_BITS: Final = 1e-6
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")


def clean(text: str) -> str:
    """Text without characters that HTML or XML cannot hold or that turn the direction of what follows."""
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)


def duration(seconds: float | None) -> str:
    """A length of time in seconds as text, such as '14.2 ms', '3.42 s' or '15 min'."""
    if seconds is None:
        return NOT_MEASURED
    if not math.isfinite(seconds):
        return "not a number"
    exact = seconds if abs(seconds) < _MINUTE else round(seconds)
    return str(Duration.of(s=exact)).replace("-", MINUS)


def interval(found: Seconds | None) -> str:
    """A measured interval, at the precision that tells its bounds apart, rounded outwards: '3.42 to 3.46 s'."""
    if found is None:
        return NOT_MEASURED
    low, high = found.low, found.high
    if not (math.isfinite(low) and math.isfinite(high)) or low >= high:
        return duration(high)
    if high >= _LONG:
        first, last = _minutes(_down(low * 10) / 10), _minutes(_up(high * 10) / 10)
    elif high < 1:
        first, last = f"{_down(low * 10_000) / 10:.1f}", f"{_up(high * 10_000) / 10:.1f} ms"
    else:
        first, _, last = str(Span(Duration.of(s=low), Duration.of(s=high))).replace("-", MINUS).partition(" to ")
    return duration(high) if first == last.split(" ")[0] or first == last else f"{first} to {last}"


def _down(number: float) -> float:
    """The whole number below; what is whole but for the last bits of a float stays, and so does infinity."""
    return math.floor(number + _BITS) if math.isfinite(number) else number


def _up(number: float) -> float:
    return math.ceil(number - _BITS) if math.isfinite(number) else number


def _minutes(seconds: float) -> str:
    minutes, rest = divmod(round(seconds, 1), _MINUTE)
    return f"{minutes:.0f} min {rest:.1f} s"


def clock(seconds: float, digits: int = 2) -> str:
    """An instant on the report's time axis: '+3.42 s', or '+1:02:03' when it is far away."""
    if not math.isfinite(seconds):
        return "not a number"
    if not round(seconds, digits):
        return "0 s"
    sign, magnitude = MINUS if seconds < 0 else "+", abs(seconds)
    if magnitude < _LONG:
        return f"{sign}{magnitude:.{digits}f} s"
    whole = round(magnitude)
    return f"{sign}{whole // _HOUR}:{whole % _HOUR // _MINUTE:02}:{whole % _MINUTE:02}"


def number(value: float | str | None) -> str:
    """A criterion's value as text."""
    if value is None:
        return "no value"
    return value if isinstance(value, str) else f"{value:.6g}".replace("-", MINUS)


_BAD: Final = {
    "status": "unexpected status",  # a number beside the bare word reads as a status of HTTP
    "timeout": "timed out",
    "slow": "too slow",
    "wrong": "wrong answer",
}


def kinds(found: Mapping[str, int]) -> str:
    """Bad answers by kind, the most frequent first: '60 unexpected status, 2 timed out'."""
    ordered = sorted(found.items(), key=lambda pair: (-pair[1], pair[0]))
    return ", ".join(f"{many} {_BAD.get(kind, kind)}" for kind, many in ordered)


def capital(text: str) -> str:
    """Text with its first letter as a capital."""
    return text[:1].upper() + text[1:]


def stop(text: str) -> str:
    """Text with a full stop, unless it ends with one or is empty."""
    text = text.strip()
    return text if not text or text[-1] in ".!?…" else f"{text}."


def ending(verdict: Verdict, cause: Cause | None) -> str:
    """How a drill ends, as its scenario says it: 'invalid because the fault had no effect'."""
    return f"{verdict} because {cause.words}" if cause else verdict.value


def sentence(text: str) -> str:
    """A reason as a sentence: with a capital and a full stop."""
    return capital(stop(text))


def short(text: str, most: int) -> str:
    """Text of at most so many characters, with an ellipsis where it was cut."""
    text = " ".join(text.split())
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


@dataclass(frozen=True, slots=True)
class Origin:
    """Second zero of a report, in seconds from the first record of the journal, and what happened then."""

    zero: float
    name: str

    @classmethod
    def of(cls, result: Result) -> Self:
        """The fault's injection, or the drill's start when there was none."""
        injected = result.fault.injected
        return cls(0.0, "the drill's start") if injected is None else cls(injected, "the fault's injection")

    def at(self, seconds: float | None) -> str:
        """An instant (seconds from the first record) as text on the report's axis."""
        return DASH if seconds is None else clock(seconds - self.zero)

    def between(self, found: Seconds) -> str:
        """An instant known to lie between two bounds, in milliseconds rounded outwards: '+1.234 and +1.256 s'."""
        low, high = found.low - self.zero, found.high - self.zero
        if not (math.isfinite(low) and math.isfinite(high)):
            return NOT_MEASURED
        return f"{clock(_down(low * 1000) / 1000, 3).removesuffix(' s')} and {clock(_up(high * 1000) / 1000, 3)}"
