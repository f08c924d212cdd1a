"""The external API of an embedded sandbox, as the drill sees it: it is asked from here, as a service asks it."""

from __future__ import annotations

import http.client
from typing import Final
from urllib.parse import urlsplit

from harness.sandbox.embedded.link import Link
from harness.sandbox.embedded.wire import Call
from harness.units import Duration

ANSWER: Final = Duration.of(s=2)  # it answers on this machine, in a few ms; this is for one that stalls
_OK: Final = 200  # RFC 9110


class EmbeddedExternalApi:
    """The port ExternalApi."""

    def __init__(self, link: Link, url: str) -> None:
        self._link, self._url = link, url

    def problem(self) -> str:
        """See the port."""
        connection = http.client.HTTPConnection(urlsplit(self._url).netloc, timeout=ANSWER.seconds)
        try:
            connection.request("GET", "/")
            status = connection.getresponse().status
        except TimeoutError:
            return f"it does not answer within {ANSWER}"
        except (OSError, http.client.HTTPException) as error:
            return f"it does not answer: {error}"
        finally:
            connection.close()
        return "" if status == _OK else f"it answers with {status}"

    def refuse(self) -> None:
        """See the port."""
        self._link.call(Call(name="refuse_external_api"))

    def answer(self, after: Duration = Duration(0)) -> None:  # noqa: B008 - see the port
        """See the port."""
        self._link.call(Call(name="answer_external_api", delay=after))
