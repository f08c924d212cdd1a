"""Makes one request of a check to a live service. What comes of it is a value, also when nothing does.

Invariant: it is over in its time, however slowly an answer drips in.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

import httpx

from harness.clock import Deadline, now
from harness.errors import InputError
from harness.system.check_model import Call
from harness.system.checks import NO_AUTHORITIES
from harness.system.placeholders import fill
from harness.system.values import Address
from harness.units import Duration

LEAST_TIME: Final = Duration.of(ms=50)  # of a request at the very deadline: on the machine itself it may just do


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a request.

    `problem` says why it is no good answer; empty for one that is. `cut` is true when it was given up before its own
    limit, because the time of the whole look was over: then it tells nothing of the service.
    """

    body: bytes = b""
    problem: str = ""
    cut: bool = False

    def json(self) -> Any:
        """The body as JSON.

        Raises:
            InputError: it is none.
        """
        try:
            return json.loads(self.body)
        except ValueError as error:
            raise InputError("the answer is not JSON") from error


def ask(address: Address, call: Call, values: Mapping[str, Any], deadline: Deadline) -> Answer:
    """Makes a request on a connection of its own, and reads the whole answer; never raises for what the service does.

    Args:
        address: where the service is reached.
        call: the request, and what a good answer is.
        values: for the placeholders in its path and body.
        deadline: of the whole look.
    """
    limit = max(min(call.within, deadline.left), LEAST_TIME)
    begun = now()
    try:
        response = asyncio.run(_sent(address, call, values, limit))
    except (TimeoutError, httpx.TimeoutException):
        return Answer(problem=f"there was no answer within {limit}", cut=limit < call.within)
    except httpx.HTTPError as error:
        return Answer(problem=f"there was no answer: {type(error).__name__}: {error}")
    took = now() - begun
    if response.status_code not in call.expect:
        wanted = " or ".join(map(str, call.expect))
        return Answer(problem=f"it was answered with {response.status_code}, expected {wanted}")
    if took > call.within:
        return Answer(problem=f"the answer took {took}, more than {call.within}")
    return Answer(response.content)


async def _sent(address: Address, call: Call, values: Mapping[str, Any], limit: Duration) -> httpx.Response:
    path = call.path.format_map({name: quote(str(value), safe="") for name, value in values.items()})
    async with (
        asyncio.timeout(limit.seconds),
        httpx.AsyncClient(trust_env=False, verify=NO_AUTHORITIES, timeout=limit.seconds) as client,
    ):
        body = None if call.body is None else fill(call.body, dict(values))
        return await client.request(call.method, address.url + path, json=body)
