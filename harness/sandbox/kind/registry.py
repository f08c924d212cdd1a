"""The image registry beside the cluster: which images there are, and the place that nodes pull them from.

It keeps its images on a volume, so that a registry that is made anew still has them.
"""

import hashlib
import json
import re
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Final, Self

import httpx

from harness.clock import Deadline
from harness.errors import DeadlineExceeded, InputError, MayWorkLater, NotFound, Unavailable
from harness.sandbox.kind import limits
from harness.sandbox.kind.containers import Plan, Published
from harness.sandbox.kind.engine import Engine
from harness.sandbox.kind.marks import warm_labels
from harness.sandbox.kind.volumes import make_volume
from harness.sandbox.kind.warm import ensure

_PORT: Final = 5000
_HOST: Final = "127.0.0.1"
_MOST: Final = 1000  # repositories that the registry lists at once
_MANIFESTS: Final = (
    "application/vnd.docker.distribution.manifest.v2+json, application/vnd.docker.distribution.manifest.list.v2+json, "
    "application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json"
)
_IMAGE: Final = re.compile(r"(?:localhost:\d+/)?([a-z0-9._/-]+):([A-Za-z0-9_][A-Za-z0-9._-]{0,127})")


@dataclass(frozen=True, slots=True)
class Image:
    """An image by repository and tag, wherever it lies."""

    repository: str
    tag: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Reads 'tracktion:2.4.0' and 'localhost:5001/tracktion:2.4.0'.

        Raises:
            InputError: it is neither.
        """
        match = _IMAGE.fullmatch(text)
        if match is None:
            raise InputError(f"{text!r} is not the name of an image with its tag, such as 'tracktion:2.4.0'")
        return cls(match[1], match[2])

    def __str__(self) -> str:
        return f"{self.repository}:{self.tag}"


class Registry:
    """The registry of one cluster, as clients on this machine use it. Images are named with or without its address.

    Args:
        port: on which this machine reaches it, and by which nodes name it: localhost:<port>.
    """

    def __init__(self, port: int = 5001) -> None:
        self.address = f"localhost:{port}"
        self._http = httpx.Client(base_url=f"http://{_HOST}:{port}/v2/", timeout=limits.HTTP.seconds, trust_env=False)

    def name(self, image: str) -> str:
        """The image's name for the nodes: with the registry's address."""
        return f"{self.address}/{Image.parse(image)}"

    def answers(self) -> bool:
        """True once it takes requests."""
        try:
            return self._http.get("").is_success
        except httpx.TransportError:
            return False

    def has(self, image: str) -> bool:
        """True when the image can be pulled from here.

        Raises:
            InputError: that is no name of an image with its tag.
            MayWorkLater: the registry does not answer.
        """
        return self._digest(Image.parse(image)) is not None

    def digest(self, image: str) -> str | None:
        """The digest of the manifest that an image's name means now; None when it is not here. Raises as `has` does."""
        return self._digest(Image.parse(image))

    def holds(self, image: str, identity: str | None) -> bool:
        """True when the image is here with an identity, the digest of its configuration; None means any.

        Raises as `has` does.
        """
        wanted = Image.parse(image)
        manifest = self._ask("GET", f"{wanted.repository}/manifests/{wanted.tag}")
        if manifest.status_code == httpx.codes.NOT_FOUND:
            return False
        config = self._good(manifest).json().get("config") or {}
        return identity is None or identity == config.get("digest")

    def tags(self, repository: str) -> tuple[str, ...]:
        """The tags of a repository, in order; none when there is no such repository. Raises as `has` does."""
        answer = self._ask("GET", f"{repository}/tags/list")
        if answer.status_code == httpx.codes.NOT_FOUND:
            return ()
        return tuple(sorted(self._good(answer).json().get("tags") or ()))

    def repositories(self, folder: str) -> tuple[str, ...]:
        """The repositories whose names begin with a folder, in order, also those that are empty by now; 1,000 at most.

        Raises as `has` does.
        """
        found = self._good(self._ask("GET", f"_catalog?n={_MOST}&last={folder}")).json()["repositories"] or ()
        return tuple(sorted(name for name in found if name.startswith(f"{folder}/")))

    def copy(self, image: str, to: str) -> None:
        """Gives an image a second name, in whatever repository; no layer is copied.

        Raises:
            NotFound: the image is not here.
            InputError, MayWorkLater: as `has` does.
        """
        source, target = Image.parse(image), Image.parse(to)
        if not self._copy_manifest(source.repository, source.tag, target.repository, target.tag):
            raise NotFound(f"image {image} is not in the registry at {self.address}")

    def derive(self, image: str, to: str, command: Sequence[str]) -> None:
        """Makes an image that is as another one, but starts a command; nothing but that command is copied.

        Args:
            image: what it is made of.
            to: its name.
            command: what its containers start, with all arguments.

        Raises:
            NotFound: the image is not here.
            InputError, MayWorkLater: as `has` does.
        """
        source, target = Image.parse(image), Image.parse(to)
        manifest = self._manifest(source.repository, source.tag)
        config = self._good(self._ask("GET", f"{source.repository}/blobs/{manifest['config']['digest']}")).json()
        config["config"] = {**config["config"], "Entrypoint": list(command), "Cmd": None}
        content = json.dumps(config).encode()
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        for layer in manifest["layers"]:
            mounted = f"{target.repository}/blobs/uploads/?mount={layer['digest']}&from={source.repository}"
            self._good(self._ask("POST", mounted))
        upload = self._good(self._ask("POST", f"{target.repository}/blobs/uploads/")).headers["Location"]
        place = f"{upload}{'&' if '?' in upload else '?'}digest={digest}"
        self._good(self._ask("PUT", place, content, "application/octet-stream"))
        made = {**manifest, "config": {**manifest["config"], "digest": digest, "size": len(content)}}
        text = json.dumps(made).encode()
        self._good(self._ask("PUT", f"{target.repository}/manifests/{target.tag}", text, made["mediaType"]))

    def push(self, image: str, deadline: Deadline) -> None:
        """Copies an image of this machine's Docker into the registry, under the same name.

        Raises:
            Unavailable: Docker has no such image, or could not push it; the message has what it said last.
            MayWorkLater: it was not done in time.
        """
        wanted, what = Image.parse(image), f"pushing image {image} to {self.address}"
        repository = f"{self.address}/{wanted.repository}"
        with closing(Engine.open(deadline)) as engine, engine.asked(what, deadline, image=image) as client:
            client.api.tag(str(wanted), repository, tag=wanted.tag, force=True)
            try:
                for line in client.api.push(repository, tag=wanted.tag, stream=True, decode=True):
                    if "error" in line:
                        raise Unavailable(f"{what}: {line['error']}")
                    if deadline.passed:
                        raise DeadlineExceeded(f"{what} was not done in time; the last said: {line.get('status', '')}")
            finally:
                client.api.remove_image(f"{repository}:{wanted.tag}", noprune=True)  # only the name

    def delete(self, image: str) -> None:
        """Takes a tag out of the registry; other tags of the same image stay.

        The registry deletes by digest, all tags of it at once, so the others are put back. An image that is not
        there is fine.

        Raises as `has` does.
        """
        wanted = Image.parse(image)
        digest = self._digest(wanted)
        if digest is None:
            return
        repository = wanted.repository
        same = [
            other
            for other in (Image(repository, tag) for tag in self.tags(repository))
            if other != wanted and self._digest(other) == digest
        ]
        manifest = self._good(self._ask("GET", f"{repository}/manifests/{digest}"))
        self._good(self._ask("DELETE", f"{repository}/manifests/{digest}"))
        for other in same:
            kind = manifest.headers["Content-Type"]
            self._good(self._ask("PUT", f"{repository}/manifests/{other.tag}", manifest.content, kind))

    def close(self) -> None:
        """Closes connections; the registry goes on."""
        self._http.close()

    def _manifest(self, repository: str, reference: str) -> dict[str, Any]:
        """The manifest of an image; of one for several platforms, that of the first with a system of its own."""
        found = self._ask("GET", f"{repository}/manifests/{reference}")
        if found.status_code == httpx.codes.NOT_FOUND:
            raise NotFound(f"image {repository}:{reference} is not in the registry at {self.address}")
        content = self._good(found).json()
        for platform in content.get("manifests", ()):
            if platform["platform"]["os"] != "unknown":  # what tells how an image was built has none
                return self._manifest(repository, platform["digest"])
        return {"mediaType": found.headers["Content-Type"], **content}

    def _copy_manifest(self, source: str, reference: str, target: str, name: str) -> bool:
        """Puts a manifest into another repository, and what it lists first; False when it is not here."""
        found = self._ask("GET", f"{source}/manifests/{reference}")
        if found.status_code == httpx.codes.NOT_FOUND:
            return False
        content = self._good(found).json()
        for platform in content.get("manifests", ()):  # of an image for several, of which some may be left out here
            self._copy_manifest(source, platform["digest"], target, platform["digest"])
        for blob in (content.get("config"), *content.get("layers", ())):
            if blob:
                self._good(self._ask("POST", f"{target}/blobs/uploads/?mount={blob['digest']}&from={source}"))
        self._good(self._ask("PUT", f"{target}/manifests/{name}", found.content, found.headers["Content-Type"]))
        return True

    def _digest(self, image: Image) -> str | None:
        answer = self._ask("HEAD", f"{image.repository}/manifests/{image.tag}")
        if answer.status_code == httpx.codes.NOT_FOUND:
            return None
        return str(self._good(answer).headers["Docker-Content-Digest"])

    def _ask(self, method: str, path: str, content: bytes | None = None, kind: str | None = None) -> httpx.Response:
        headers = {"Accept": _MANIFESTS} if kind is None else {"Content-Type": kind}
        try:
            return self._http.request(method, path, content=content, headers=headers)
        except httpx.TransportError as error:
            raise MayWorkLater(f"the image registry at {self.address} does not answer: {error}") from error

    def _good(self, answer: httpx.Response) -> httpx.Response:
        if not answer.is_success:
            raise MayWorkLater(
                f"the image registry at {self.address} answered {answer.status_code} to "
                f"{answer.request.method} {answer.request.url.path}: {answer.text[:200]}"
            )
        return answer


def ensure_registry(cluster: str, *, network: str, image: str, deadline: Deadline, port: int = 5001) -> Registry:
    """The registry of a cluster, running; its images are what it had before.

    Raises:
        Unavailable: Docker refuses: the image is missing, the port is taken; or the registry ended.
        MayWorkLater: it did not answer in time.
    """
    name = f"{cluster}-registry"
    labels = warm_labels(cluster, "registry")
    with closing(Engine.open(deadline)) as engine:
        make_volume(engine, f"{name}-images", labels, deadline)
    container = ensure(
        Plan(
            image=image,
            name=name,
            network=network,
            labels=labels,
            env={"REGISTRY_STORAGE_DELETE_ENABLED": "true"},
            volumes={f"{name}-images": "/var/lib/registry"},
            published=Published(_PORT, _HOST, port),
        ),
        deadline,
    )
    registry = Registry(port)
    try:
        container.wait_until(registry.answers, deadline, "the image registry answered")
    finally:
        container.let_go()
    return registry
