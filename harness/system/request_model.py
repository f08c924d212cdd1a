"""The tables of drill.toml that say what clients ask: requests, background load, and the ledger clients' writes."""

from __future__ import annotations

from pydantic import Field, JsonValue, model_validator

from harness.system.placeholders import PROBE_PLACEHOLDERS, WRITE_PLACEHOLDERS, only, placeholders, texts
from harness.system.table import GoodStatuses, Method, Name, Status, Table, UrlPath
from harness.units import Duration


class Request(Table):
    """An HTTP request that clients make, and what a good answer to it is."""

    method: Method = "GET"
    path: UrlPath
    body: dict[str, JsonValue] | None = Field(default=None, description="sent as JSON", alias="json")
    cycle: int = Field(default=1, ge=1, description="{n} runs from 1 to this number, over and over")
    expect: GoodStatuses = Field(default=(200,), min_length=1, description="statuses of a good answer")
    contains: str | None = Field(default=None, min_length=1, description="a text that stands in a good answer")
    within: Duration = Field(default=Duration.of(s=1), description="a good answer takes no longer than this")

    @model_validator(mode="after")
    def _placeholders_are_known(self) -> Request:
        only(PROBE_PLACEHOLDERS, "a request", [self.path, *texts(self.body), self.contains or ""])
        if self.contains is not None and self.method == "HEAD":
            raise ValueError("an answer to HEAD contains nothing; use GET, or leave 'contains' out")
        if self.within <= Duration(0):
            raise ValueError("'within' must be longer than zero")
        return self


class LedgerWrite(Table):
    """The write that ledger clients make; {id} is unique, {value} is what must be read back."""

    method: Method = "POST"
    path: UrlPath
    body: dict[str, JsonValue] | None = Field(default=None, description="sent as JSON", alias="json")
    ok: GoodStatuses = Field(default=(200, 201), min_length=1, description="acknowledged: the write is durable")
    fail: tuple[Status, ...] = Field(
        default=(400, 404, 405, 409, 410, 413, 415, 422, 429),
        description="refused: the write surely did not happen; any other answer leaves it unknown",
    )

    @model_validator(mode="after")
    def _placeholders_are_known(self) -> LedgerWrite:
        found = [self.path, *texts(self.body)]
        only(WRITE_PLACEHOLDERS, "a ledger write", found)
        missing = {"id", "value"} - {name for text in found for name in placeholders(text)}
        if missing:
            raise ValueError(f"a ledger write must carry {{id}} and {{value}}; {{{min(missing)}}} is missing")
        if set(self.ok) & set(self.fail):
            raise ValueError("a status cannot mean both ok and fail")
        return self


class Ledger(Table):
    """How clients write what they can later prove, and how it is read back."""

    service: Name
    clients: int = Field(default=2, ge=1, le=64)
    rate: float = Field(default=20, gt=0, le=1000, description="writes per second, all clients together")
    within: Duration = Field(default=Duration.of(s=2), description="a client waits no longer for an answer")
    write: LedgerWrite
    read: str = Field(description="query that gives (id, value) of all rows whose id starts with 'drill-'")


class Load(Table):
    """Background load: one kind of request at a fixed rate."""

    service: Name
    rate: float = Field(gt=0, le=1000, description="requests per second")
    request: Request
