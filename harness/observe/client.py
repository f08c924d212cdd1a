"""One HTTP request at a time, made once: no retries, no redirects, no proxies, no cookies.

aiohttp is used because it holds an open-loop schedule of fresh connections where httpx falls behind
(tests/benchmarks/test_observer_bench.py).
"""

from __future__ import annotations

import asyncio
import errno
import json
from collections.abc import Callable, Mapping
from types import SimpleNamespace, TracebackType
from typing import Any, Final, Self

import aiohttp
from yarl import URL

from harness.observe.classify import Answer, Failure
from harness.system.placeholders import fill
from harness.system.values import Address
from harness.units import Instant

_OURS: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.EADDRNOTAVAIL, errno.ENOBUFS, errno.ENOMEM})
_HEADERS: Final = {"User-Agent": "rollback-drill", "Accept-Encoding": "identity"}  # answers are looked into
_JSON: Final = {**_HEADERS, "Content-Type": "application/json"}
_DNS_SECONDS: Final = 1  # a new client would ask; once a second is near enough and keeps resolver threads few


class _Broken(Exception):  # noqa: N818 - never leaves this module
    """A connection that broke, under a name that aiohttp does not answer with a second attempt."""


async def _once(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Keeps aiohttp from sending an idempotent request again, which it does even on a fresh connection.

    Sent twice, a probe would hide a reset and a ledger write could not be accounted for.
    """
    try:
        return await handler(request)
    except aiohttp.ClientConnectorError:
        raise  # aiohttp never tries these again, and they say that nothing was sent
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise _Broken from error


async def _sent(_session: aiohttp.ClientSession, context: SimpleNamespace, _params: object) -> None:
    """Tells who asked that the request has gone out."""
    if context.trace_request_ctx is not None:
        context.trace_request_ctx()


class Client:
    """Makes requests to one address, over fresh connections or kept ones. Use as a context manager."""

    def __init__(self, address: Address, *, fresh: bool) -> None:
        connector = aiohttp.TCPConnector(limit=0, force_close=fresh, ttl_dns_cache=_DNS_SECONDS)
        self._root = address.url
        trace = aiohttp.TraceConfig()
        trace.on_request_headers_sent.append(_sent)
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),  # `ask` has its own, exact to the millisecond
            auto_decompress=False,
            middlewares=(_once,),
            trace_configs=[trace],
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def ask(
        self,
        method: str,
        path: str,
        body: dict[str, Any] | None,
        values: Mapping[str, Any],
        give_up: Instant,
        *,
        on_sent: Callable[[], None] | None = None,
    ) -> Answer:
        """Makes one request and reads the whole answer.

        Args:
            method: the HTTP method.
            path: the path; its placeholders are filled from `values`, and it is sent as it then stands.
            body: sent as JSON, its placeholders filled likewise; None for none.
            values: what the placeholders stand for.
            give_up: when to stop waiting.
            on_sent: called when the request has gone out.
        """
        known = dict(values)
        url = URL(self._root + fill(path, known), encoded=True)
        data = None if body is None else json.dumps(fill(body, known)).encode()
        try:
            async with (
                asyncio.timeout_at(give_up.ns / 1e9),
                self._session.request(
                    method,
                    url,
                    data=data,
                    headers=_HEADERS if data is None else _JSON,
                    allow_redirects=False,
                    trace_request_ctx=on_sent,
                ) as response,
            ):
                return Answer(status=response.status, body=await response.read())
        except TimeoutError:
            return Answer(failure=Failure.SILENT)
        except aiohttp.ClientConnectorError as error:
            return Answer(failure=Failure.OURS if error.os_error.errno in _OURS else Failure.UNREACHED)
        except (_Broken, aiohttp.ClientError, OSError):
            return Answer(failure=Failure.BROKEN)
