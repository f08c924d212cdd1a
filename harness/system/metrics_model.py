"""The table of drill.toml that says by which names the services' metrics are known."""

from __future__ import annotations

import re
import warnings
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, Field

from harness.system.table import Table

METRIC_PATTERN: Final = r"^[a-zA-Z_][a-zA-Z0-9_]*$"

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


Expression = Annotated[re.Pattern[str], BeforeValidator(_compiled)]


class MetricsTable(Table):
    """What the services tell Prometheus of their requests, by the system's own names."""

    requests: Metric = Field(default="http_requests_total", description="counter of answers")
    status: Metric = Field(default="status", description="label of it with the answer's status")
    bad: Expression = Field(default=re.compile("5.."), description="statuses of bad answers")
    seconds: Metric = Field(default="http_request_duration_seconds", description="histogram of the time to answer")
    ignore: dict[Metric, Expression] = Field(
        default={"route": re.compile("/health|/version|/metrics")}, description="label values that are not clients'"
    )
