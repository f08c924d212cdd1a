"""Tells monitoring of a rollback that has ended: a counter in a Pushgateway, and an annotation with its time.

Nothing here can fail a rollback: it is over by then, and what could not be told is returned in words.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

import httpx

from harness.errors import ConfigurationError
from harness.system.model import SystemModel
from harness.units import Duration

COUNTER: Final = "service_rollback_total"
ANSWER: Final = Duration.of(s=5)  # of a Pushgateway or Grafana nearby; monitoring that is down holds nobody up longer
_JOB: Final = "rollback"


@dataclass(frozen=True, slots=True)
class RolledBack:
    """One service that was rolled back, or was to be; times are UTC nanoseconds."""

    service: str
    version: str
    procedure: str
    outcome: str
    begun_utc_ns: int
    ended_utc_ns: int


def tell_monitoring(model: SystemModel, rolled: Sequence[RolledBack]) -> list[str]:
    """Counts each, and annotates it; what could not be told, a sentence each."""
    table = model.monitoring
    if not rolled or (table.pushgateway is None and table.annotations is None):
        return []
    with httpx.Client(timeout=ANSWER.seconds, follow_redirects=False) as http:
        return [*_count(http, table.pushgateway, rolled), *_annotate(http, model, rolled)]


def _count(http: httpx.Client, gateway: str | None, rolled: Sequence[RolledBack]) -> Iterator[str]:
    """Adds one for each service and outcome: a Pushgateway only keeps what it is given, so the sum is read first."""
    for one in rolled if gateway else ():
        grouping = {"job": _JOB, "service": one.service, "outcome": one.outcome}
        try:
            sums = http.get(f"{gateway}/api/v1/metrics")
            sums.raise_for_status()
            total = _sum_of(sums.json(), grouping) + 1
            where = "/".join(quote(part, safe="") for pair in grouping.items() for part in pair)
            body = f"# TYPE {COUNTER} counter\n{COUNTER} {total:g}\n"
            http.put(f"{gateway}/metrics/{where}", content=body).raise_for_status()
        except (httpx.HTTPError, ValueError, KeyError, TypeError, IndexError) as error:
            yield f"the Pushgateway was not told of {one.service}: {type(error).__name__}: {error}"


def _sum_of(answer: Any, grouping: dict[str, str]) -> float:
    """What a Pushgateway holds of our counter for a group; 0 where it has none."""
    for group in answer["data"]:
        if {name: group["labels"].get(name) for name in grouping} == grouping and COUNTER in group:
            return float(group[COUNTER]["metrics"][0]["value"])
    return 0


def _annotate(http: httpx.Client, model: SystemModel, rolled: Sequence[RolledBack]) -> Iterator[str]:
    table = model.monitoring
    if table.annotations is None:
        return
    try:
        secret = table.token.read(model.root) if table.token else None
    except ConfigurationError as error:
        yield f"no annotation was made: {error}"
        return
    headers = {"Authorization": f"Bearer {secret.get_secret_value()}"} if secret else {}
    for one in rolled:
        annotation = {
            "time": one.begun_utc_ns // 1_000_000,
            "timeEnd": one.ended_utc_ns // 1_000_000,
            "tags": ["rollback", model.name, one.service, one.outcome],
            "text": f"{one.procedure} rollback of {one.service} to {one.version}: {one.outcome}",
        }
        try:
            http.post(table.annotations, json=annotation, headers=headers).raise_for_status()
        except httpx.HTTPError as error:
            yield f"no annotation was made of {one.service}: {type(error).__name__}"
