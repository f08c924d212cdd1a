"""The Kubernetes API of one namespace: calls with time-outs, and errors of our families."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import urllib3.exceptions
from kubernetes import client
from kubernetes.client.exceptions import ApiException

from harness.errors import InputError, MayWorkLater, NotFound, Unavailable
from harness.sandbox.kubernetes import limits
from harness.sandbox.kubernetes.kubeconfig import Kubeconfig

_TIMEOUT: Final = (limits.CONNECT.seconds, limits.CALL.seconds)
_NOT_ALLOWED: Final = (401, 403)
_MISSING: Final = 404
_LATER: Final = (408, 409, 410, 429)  # a conflict, a limit: the same call may work in a moment
_SERVER: Final = 500
JSON_PATCH: Final = "application/json-patch+json"


class Kube:
    """The API as one kubeconfig and context reach it, for one namespace. Thread-safe.

    Args:
        kubeconfig: the file.
        context: the context in it; its current one when None.
        namespace: where everything happens.
        fate: asked when nothing answers: what has become of the cluster, in words; empty when that is not known.

    Raises:
        Unavailable: the kubeconfig cannot be used.
    """

    def __init__(
        self, kubeconfig: Path, context: str | None, namespace: str, fate: Callable[[], str] = lambda: ""
    ) -> None:
        self._read = Kubeconfig(kubeconfig, context)
        configuration = self._read.client
        configuration.retries = urllib3.Retry(0)
        self.kubeconfig = kubeconfig
        self.context = context
        self.namespace = namespace
        self._fate = fate
        self.host = str(configuration.host)
        self.logs_in = self._read.logs_in
        self._client = client.ApiClient(configuration)
        self.core = client.CoreV1Api(self._client)
        self.apps = client.AppsV1Api(self._client)
        self.batch = client.BatchV1Api(self._client)
        self.discovery = client.DiscoveryV1Api(self._client)
        self.rbac = client.RbacAuthorizationV1Api(self._client)
        self.objects = client.CustomObjectsApi(self._client)
        self.version = client.VersionApi(self._client)

    def call(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Makes one call of the client. The answer is untyped: by the client's types every part of it may be None.

        Raises:
            NotFound: what was asked for is not there.
            MayWorkLater: the API does not answer, is busy, or the object changed meanwhile.
            Unavailable: the API refuses us.
            InputError: the API says that the request is wrong.
        """
        what = function.__name__.replace("_", " ")
        try:
            return function(*args, **{"_request_timeout": _TIMEOUT, **kwargs})
        except ApiException as error:
            raise _translated(what, error) from error
        except urllib3.exceptions.HTTPError as error:
            why = self._fate() or f"the cluster at {self.host} does not answer: {_reason(error)}"
            raise MayWorkLater(f"{what}: {why}") from error

    def find(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any | None:
        """As `call`, but None for what is not there."""
        try:
            return self.call(function, *args, **kwargs)
        except NotFound:
            return None

    def patch_deployment(self, name: str, change: Mapping[str, Any]) -> None:
        """Changes a Deployment by a strategic merge patch. Raises as `call` does."""
        kind = "application/strategic-merge-patch+json"
        self.call(self.apps.patch_namespaced_deployment, name, self.namespace, change, _content_type=kind)

    def plain(self, value: object) -> Any:
        """An object of the client as the JSON that the API takes."""
        return self._client.sanitize_for_serialization(value)

    def close(self) -> None:
        """Ends the connections."""
        self._client.close()
        self._read.close()


def _translated(what: str, error: ApiException) -> MayWorkLater | NotFound | Unavailable | InputError:
    said = _message(error.body) or str(error.reason)
    text = f"{what}: the cluster answers {error.status}: {said}"
    if error.status == _MISSING:
        return NotFound(text)
    if error.status in _NOT_ALLOWED:
        return Unavailable(f"{text}; check the kubeconfig and what its user may do")
    if error.status in _LATER or error.status >= _SERVER:
        return MayWorkLater(text)
    return InputError(text)


def _reason(error: urllib3.exceptions.HTTPError) -> str:
    """What the system said, where that is at the bottom of it: the client wraps it in three errors."""
    bottom = getattr(error, "reason", None) or error
    cause = bottom.__cause__
    return cause.strerror if isinstance(cause, OSError) and cause.strerror else str(bottom)


def _message(body: Any) -> str:
    """The message in a Status object, which is JSON; or the start of whatever else was answered."""
    try:
        found = json.loads(body)
    except (TypeError, ValueError):
        return str(body or "")[:200]
    return str(found.get("message", "")) if isinstance(found, Mapping) else ""
