"""What ends a drill's doings from inside the cluster has in common: the beat that it listens to, and the API.

The drill writes another text into an annotation again and again. When that has been the same for a limit of this pod's
own clock, the machine that runs the drill is lost, with all that would take it back.

Runs in an image of its own: the standard library only.
"""

import http.client
import json
import os
import socket
import ssl
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

EX_CONFIG: Final = 78
BEAT: Final = "rollback-drill/beat"  # the same name as in harness/sandbox/kubernetes/names.py
READY_PORT: Final = 8081  # open once the beat was read: likewise in harness/sandbox/kubernetes/beat.py
LOOKS: Final = 20  # in a time of silence: it ends at most a twentieth late
ACCOUNT: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount")  # where Kubernetes puts what a pod may use
WITHIN: Final = 10.0  # seconds for one call
NOT_FOUND, FAILED = 404, 400
MERGE: Final = "application/merge-patch+json"
STRATEGIC: Final = "application/strategic-merge-patch+json"


class Silence:
    """How long the beat has been the same, by one clock."""

    def __init__(self, limit: float, now: float) -> None:
        self._limit = limit
        self._since = now
        self._beat = ""

    def expired(self, beat: str, now: float) -> bool:
        """Takes in what the beat is now; True when it was the same for too long."""
        if beat != self._beat:
            self._beat, self._since = beat, now
        return now - self._since >= self._limit


class Api:
    """The Kubernetes API, as a pod reaches it."""

    def __init__(self) -> None:
        self._host = os.environ["KUBERNETES_SERVICE_HOST"]
        self._port = int(os.environ["KUBERNETES_SERVICE_PORT"])
        self._context = ssl.create_default_context(cafile=str(ACCOUNT / "ca.crt"))

    def call(self, method: str, path: str, change: dict[str, Any] | None = None, kind: str = MERGE) -> Any:
        """One call; None where there is no such thing.

        Raises:
            OSError: no answer, or a refusal.
        """
        line = http.client.HTTPSConnection(self._host, self._port, timeout=WITHIN, context=self._context)
        headers = {"Authorization": f"Bearer {(ACCOUNT / 'token').read_text().strip()}"}  # renewed from time to time
        if change is not None:
            headers["Content-Type"] = kind
        try:
            line.request(method, path, None if change is None else json.dumps(change), headers)
            answer = line.getresponse()
            text = answer.read()
        except http.client.HTTPException as error:
            raise OSError(f"{method} {path}: {error}") from error
        finally:
            line.close()
        if answer.status == NOT_FOUND:
            return None
        if answer.status >= FAILED:
            raise OSError(f"{method} {path}: {answer.status} {text[:300]!r}")
        return json.loads(text)


def beat_of(found: dict[str, Any] | None) -> str:
    """The beat that an object bears; empty where there is none."""
    return str(((found or {}).get("metadata", {}).get("annotations") or {}).get(BEAT, ""))


def watch(api: Api, beating: str, limit: float, end: Callable[[], None]) -> None:
    """Looks until the drill is silent, then ends what it did, again and again, until this process ends with it.

    Args:
        api: of the cluster.
        beating: the path of the object that bears the beat.
        limit: seconds of silence that are borne.
        end: does it; raises OSError where not all could be done.
    """
    silence = Silence(limit, time.monotonic())
    beat, listens = "", False
    while True:
        try:
            beat = beat_of(api.call("GET", beating))
            if beat and not listens:
                listens = True
                say_ready()
        except OSError as error:  # the API is away: so the drill is not heard either
            print(error, file=sys.stderr)
        if silence.expired(beat, time.monotonic()):
            try:
                print(f"nothing was heard of the drill for {limit:g} s: what it has done is ended")
                end()
            except OSError as error:
                print(error, file=sys.stderr)
        time.sleep(limit / LOOKS)


def say_ready() -> None:
    """From now on whoever asks for the port of readiness is answered."""
    server = socket.create_server(("", READY_PORT))

    def answer() -> None:
        while True:
            server.accept()[0].close()

    threading.Thread(target=answer, daemon=True).start()


def run(watches: Callable[[str, float], None]) -> int:
    """Calls what watches with the namespace and the limit of this pod's settings; the exit code."""
    try:
        namespace, limit = os.environ["NAMESPACE"], float(os.environ["SILENCE"])
    except (KeyError, ValueError) as error:
        print(f"NAMESPACE and SILENCE (seconds) are needed: {error}", file=sys.stderr)
        return EX_CONFIG
    watches(namespace, limit)
    return 0
