"""The port Metrics, from what Prometheus read of the pods of one namespace.

It is what the pods say: a request that never got to one is not counted. A pod that cannot be read adds nothing
from then on; a service of which none can be read is unknown.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Final, Literal, TypeVar

import httpx
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from harness.errors import ConfigurationError, MayWorkLater
from harness.sandbox.kind import limits
from harness.sandbox.kind.growth import Sample, Series, health
from harness.system.metrics_model import MetricsTable
from harness.system.values import Address, ServiceHealth
from harness.units import Duration

_BEYOND: Final = Duration.of(s=5)  # before the window, where the sample that it starts from lies; scrapes are 1 s apart
_GONE: Final = Duration.of(s=2)  # a pod not read for this long when others were, twice the pause of readings, is gone


class _Line(BaseModel):
    model_config = ConfigDict(frozen=True)

    metric: dict[str, str]
    values: list[tuple[float, str]]


class _Matrix(BaseModel):
    model_config = ConfigDict(frozen=True)

    resultType: Literal["matrix"]  # noqa: N815 - Prometheus' name
    result: list[_Line]


class _Runtime(BaseModel):
    model_config = ConfigDict(frozen=True)

    startTime: datetime  # noqa: N815 - Prometheus' name


T = TypeVar("T")
_MATRIX: Final = TypeAdapter(_Matrix)
_RUNTIME: Final = TypeAdapter(_Runtime)


class PrometheusMetrics:
    """The port Metrics. Thread-safe.

    Args:
        prometheus: where it answers.
        namespace: of the pods.
        names: of the metrics.
    """

    def __init__(self, prometheus: Address, namespace: str, names: MetricsTable) -> None:
        self._namespace = namespace
        self._names = names
        self._http = httpx.Client(base_url=f"{prometheus.url}/api/v1/", timeout=limits.HTTP.seconds, trust_env=False)

    def health(self, service: str, window: Duration) -> ServiceHealth:
        """See the port. The window ends with the earliest of the last readings of the service's pods.

        Raises:
            MayWorkLater: Prometheus does not answer.
            ConfigurationError: Prometheus does not understand what drill.toml names in [metrics].
        """
        unknown = ServiceHealth(service=service, window=window, samples=0, error_rate=None, p95=None)
        readings = self._series(self._selector("up", service, []), _BEYOND)
        ends = [one.samples[-1].at for one in readings if one.samples and one.samples[-1].value == 1]
        if not ends:
            return unknown
        end = min(at for at in ends if at > max(ends) - _GONE.seconds)
        start = end - window.seconds
        if self._watches_since() > start:
            return unknown
        names = f"{self._names.requests}|{self._names.seconds}_bucket"
        counters = self._series(self._selector(names, service, self._names.of_clients()), window + _BEYOND, end)
        return health(service, window, counters, names=self._names, start=start, end=end)

    def close(self) -> None:
        """Closes connections."""
        self._http.close()

    def _selector(self, names: str, service: str, more: Sequence[str]) -> str:
        # A JSON string is a string of PromQL.
        matchers = [f"__name__=~{json.dumps(names)}", f"namespace={json.dumps(self._namespace)}"]
        matchers += [f"service={json.dumps(service)}", *more]
        return "{" + ", ".join(matchers) + "}"

    def _series(self, selector: str, back: Duration, at: float | None = None) -> tuple[Series, ...]:
        """The samples as they were read, over a stretch that ends `at` an instant, or now."""
        query: dict[str, str] = {"query": f"{selector}[{back.ns // 1_000_000}ms]"}
        if at is not None:
            query["time"] = f"{at:.3f}"
        found = self._told(_MATRIX, self._ask("POST", "query", query))
        return tuple(
            Series(line.metric, tuple(Sample(when, float(value)) for when, value in line.values))
            for line in found.result
        )

    def _watches_since(self) -> float:
        return self._told(_RUNTIME, self._ask("GET", "status/runtimeinfo", None)).startTime.timestamp()

    def _ask(self, method: str, path: str, form: dict[str, str] | None) -> httpx.Response:
        try:
            answer = self._http.request(method, path, data=form)
        except httpx.TransportError as error:
            raise MayWorkLater(f"Prometheus at {self._http.base_url} does not answer: {error}") from error
        if answer.status_code == httpx.codes.BAD_REQUEST:
            raise ConfigurationError(f"drill.toml: [metrics] is not understood by Prometheus: {answer.text[:300]}")
        if not answer.is_success:
            raise MayWorkLater(f"Prometheus answered {answer.status_code}: {answer.text[:300]}")
        return answer

    def _told(self, kind: TypeAdapter[T], answer: httpx.Response) -> T:
        try:
            return kind.validate_python(answer.json()["data"])
        except (ValidationError, ValueError, KeyError) as error:
            raise MayWorkLater(f"Prometheus answered what is no answer: {answer.text[:300]}") from error
