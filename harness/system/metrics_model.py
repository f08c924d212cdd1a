"""The table of drill.toml that says by which names the services' metrics are known, and which Prometheus has them."""

from __future__ import annotations

import json
import re
import warnings
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from harness.system.notify_model import web_address
from harness.system.table import Table
from harness.units import Duration

METRIC_PATTERN: Final = r"^[a-zA-Z_][a-zA-Z0-9_]*$"

SERVICE: Final = "$service"  # in a query; braces, as placeholders elsewhere have them, are PromQL's own
WINDOW: Final = "$window"
ANSWER: Final = Duration.of(s=1)  # of all queries of one decision together: each takes some ms, and a rollback waits

Metric = Annotated[str, Field(pattern=METRIC_PATTERN, description="name of a metric or a label")]


def _compiled(value: Any) -> Any:
    """A text as an expression; what Python warns of in it means what it says to Prometheus."""
    if not isinstance(value, str):
        return value
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return re.compile(value)
    except (re.error, RecursionError, OverflowError) as error:
        raise ValueError(f"expected a regular expression: {error}") from None


def _names_its_service(query: str) -> str:
    """Refuses a query that would tell the same of every service."""
    if SERVICE not in query:
        raise ValueError(f"expected a query that holds {SERVICE}, in the place of the service's name")
    return query


def _some_time(window: Duration) -> Duration:
    if window <= Duration(0):
        raise ValueError("expected a time above zero")
    return window


Expression = Annotated[re.Pattern[str], BeforeValidator(_compiled)]
Query = Annotated[str, AfterValidator(_names_its_service)]


class MetricsTable(Table):
    """What the services tell Prometheus of their requests, by the system's own names, and who is asked for it."""

    requests: Metric = Field(default="http_requests_total", description="counter of answers")
    status: Metric = Field(default="status", description="label of it with the answer's status")
    bad: Expression = Field(default=re.compile("5.."), description="statuses of bad answers")
    seconds: Metric = Field(default="http_request_duration_seconds", description="histogram of the time to answer")
    ignore: dict[Metric, Expression] = Field(
        default={"route": re.compile("/health|/version|/metrics")}, description="label values that are not clients'"
    )
    prometheus: Annotated[str, AfterValidator(web_address)] | None = Field(
        default=None, description="a Prometheus, asked for error rate and P95 before a rollback is decided"
    )
    sandboxes: tuple[Literal["embedded", "kind", "cluster"], ...] = Field(
        default=("cluster",), description="where it watches the services; anywhere else it would tell of others"
    )
    window: Annotated[Duration, AfterValidator(_some_time)] = Field(
        default=Duration.of(s=60), description="over which it is asked: four scrapes or more"
    )
    error_rate: Query | None = Field(default=None, description="query: share of a service's answers that are bad")
    p95: Query | None = Field(default=None, description="query: 95th percentile of the time to answer, in seconds")

    @property
    def error_rate_query(self) -> str:
        """The query for the error rate, as it is given or by the names of the metrics.

        Where nothing bad was ever counted there is no such series, which is no reason not to know the rate.
        """
        bad = f"{self.status}=~{json.dumps(self.bad.pattern)}"
        return self.error_rate or (
            f"(sum({self._rate(self.requests, bad)}) or vector(0)) / sum({self._rate(self.requests)})"
        )

    @property
    def p95_query(self) -> str:
        """The query for the 95th percentile, likewise."""
        return self.p95 or f"histogram_quantile(0.95, sum by (le) ({self._rate(f'{self.seconds}_bucket')}))"

    def of_clients(self) -> list[str]:
        """The matchers of PromQL that leave out what is not clients'. A JSON string is a string of PromQL."""
        return [f"{label}!~{json.dumps(expression.pattern)}" for label, expression in self.ignore.items()]

    def _rate(self, metric: str, *matchers: str) -> str:
        selected = ", ".join((f'service="{SERVICE}"', *matchers, *self.of_clients()))
        return f"rate({metric}{{{selected}}}[{WINDOW}])"
