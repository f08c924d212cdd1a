"""Asks the metrics source, a Prometheus, for the figures that a decision is made by: error rate and P95 of services.

Invariant: nobody waits for it beyond the deadline, and nothing that it does, or does not, is an error: what it did not
tell is told as a problem in words. Its queries run in threads of their own, which are left when they take too long.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Final, Literal
from urllib.parse import unquote, urlsplit

import httpx
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from harness.clock import Deadline
from harness.secrecy import learn, masked
from harness.system.checks import NO_AUTHORITIES
from harness.system.metrics_model import ANSWER, SERVICE, WINDOW, MetricsTable
from harness.units import Duration

QUERY: Final = "/api/v1/query"
_MOST: Final = 64_000  # bytes of an answer: that of one number has some hundred
_SAID: Final = 200  # characters of what it says when it refuses a query
_LEAST: Final = Duration.of(ms=10)  # a client's time-out must be above zero
_LONGEST: Final = 24 * 3600.0  # s; a longer time to answer is a query in another unit
_REFUSED: Final = (400, 422)  # Prometheus: the query cannot be understood, or cannot be carried out


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True)

    value: tuple[float, str]


class _Vector(BaseModel):
    model_config = ConfigDict(frozen=True)

    resultType: Literal["vector"]  # noqa: N815 - Prometheus' name
    result: tuple[_Value, ...]


class _Scalar(BaseModel):
    model_config = ConfigDict(frozen=True)

    resultType: Literal["scalar"]  # noqa: N815 - Prometheus' name
    result: tuple[float, str]


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True)

    status: Literal["success"]
    data: Annotated[_Vector | _Scalar, Field(discriminator="resultType")]


class _Silent(Exception):  # noqa: N818 - said in words, never shown as an error
    """It does not answer at all; says why."""


class _Unusable(Exception):  # noqa: N818 - likewise
    """It answers, and that tells nothing; says why."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What it told of one service. Where a figure is None, `problems` says why, by the figure's name."""

    error_rate: float | None = None
    p95: Duration | None = None
    problems: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Told:
    """What it told of all services; where `problem` says why it did not answer, nothing of it counts."""

    figures: Mapping[str, Figures] = field(default_factory=dict)
    problem: str = ""


class MetricsSource:
    """A Prometheus that has the metrics of a system's services. `base` is what it told of them when all was well.

    Args:
        table: the queries, and the window.
        url: where it answers.
    """

    def __init__(self, table: MetricsTable, url: str) -> None:
        self.base: Told = Told(problem="it was not asked in the steady state")
        self._table = table
        self._go_to(url)

    def _go_to(self, url: str) -> None:
        password = urlsplit(url).password
        learn(*({password, unquote(password)} if password else ()))
        self.url = url
        self._http = httpx.Client(trust_env=False, verify=NO_AUTHORITIES if url.startswith("http:") else True)

    @property
    def name(self) -> str:
        """It in words, without a password."""
        return f"the metrics source {masked(self.url)}"

    @property
    def window(self) -> Duration:
        """Over which its figures are."""
        return self._table.window

    def move(self, url: str) -> None:
        """It is asked at another address from now on."""
        self.close()
        self._go_to(url)

    @classmethod
    def of(cls, table: MetricsTable, sandbox: str) -> MetricsSource | None:
        """The one that drill.toml names, where it watches the services of this sandbox."""
        return cls(table, table.prometheus) if table.prometheus and sandbox in table.sandboxes else None

    def close(self) -> None:
        """Closes connections."""
        self._http.close()

    def take_base(self, services: Sequence[str]) -> None:
        """Learns what it tells when all is well."""
        self.base = self.ask(services, Deadline.after(ANSWER))

    def ask(self, services: Sequence[str], deadline: Deadline) -> Told:
        """Asks for all services at once; never raises, and never takes longer than until the deadline."""
        answers: queue.SimpleQueue[tuple[str, Figures | _Silent]] = queue.SimpleQueue()

        def ask_for(service: str) -> None:
            try:
                answers.put((service, self._of(service, deadline)))
            except _Silent as silent:
                answers.put((service, silent))

        for service in services:
            threading.Thread(target=ask_for, args=(service,), name=f"metrics of {service}", daemon=True).start()
        found: dict[str, Figures] = {}
        limit = deadline.left
        while len(found) < len(services):
            try:
                service, told = answers.get(timeout=deadline.left.seconds)
            except queue.Empty:
                return Told(problem=f"there was no whole answer within {limit}")
            if isinstance(told, _Silent):
                return Told(problem=str(told))
            found[service] = told
        return Told(found)

    def _of(self, service: str, deadline: Deadline) -> Figures:
        problems: dict[str, str] = {}
        found: dict[str, float] = {}
        for name, text, most in (
            ("error rate", self._table.error_rate_query, 1.0),
            ("P95", self._table.p95_query, _LONGEST),
        ):
            try:
                found[name] = self._number(query_for(text, service, self._table.window), most, deadline)
            except _Unusable as error:
                problems[name] = str(error)
        p95 = found.get("P95")
        return Figures(found.get("error rate"), None if p95 is None else Duration.of(s=p95), problems)

    def _number(self, text: str, most: float, deadline: Deadline) -> float:
        """The one number that a query gives, from 0 to `most`."""
        try:
            answer = _Answer.model_validate_json(self._body(text, deadline))
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            raise _Unusable(f"answers what Prometheus never would ({where or 'all of it'}: {first['msg']})") from error
        data = answer.data
        values = [data.result] if isinstance(data, _Scalar) else [one.value for one in data.result]
        if not values:
            raise _Unusable("has no such series")
        if len(values) > 1:
            raise _Unusable(f"answers with {len(values)} series, and one was expected")
        try:
            number = float(values[0][1])
        except ValueError:
            raise _Unusable(f"answers with {values[0][1]:.40}, and a number was expected") from None
        if number != number:  # noqa: PLR0124 - NaN alone differs from itself
            raise _Unusable(f"saw no answers in {self._table.window}")
        if not 0 <= number <= most:
            raise _Unusable(f"answers with {number:g}, and 0 to {most:g} was expected")
        return number

    def _body(self, text: str, deadline: Deadline) -> bytes:
        limit = max(deadline.left, _LEAST).seconds
        url = f"{self.url.rstrip('/')}{QUERY}"
        try:
            with self._http.stream("GET", url, params={"query": text}, timeout=limit) as answer:
                body = b""
                for piece in answer.iter_bytes():
                    body += piece
                    if len(body) > _MOST:
                        raise _Unusable(f"answers with more than {_MOST} bytes")
                    if deadline.passed:
                        raise _Silent("there was no whole answer in time")
        except (httpx.HTTPError, httpx.InvalidURL, RuntimeError) as error:  # RuntimeError: the client was closed
            raise _Silent(f"{type(error).__name__}: {masked(str(error))}") from error
        if answer.status_code in _REFUSED:
            raise _Unusable(f"refuses the query: {body[:_SAID].decode(errors='replace')}")
        if not answer.is_success:
            raise _Silent(f"it answers {answer.status_code}")
        return body


def query_for(text: str, service: str, window: Duration) -> str:
    """A query of drill.toml for one service and a window, which PromQL takes in whole milliseconds."""
    return text.replace(SERVICE, service).replace(WINDOW, f"{max(1, window.ns // 1_000_000)}ms")
