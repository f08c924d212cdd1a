"""What the pods of a slot are given as their configuration, as objects of the cluster.

    ConfigMap <service>-<slot>               the files; the chart makes it
    Secret    <service>-<slot>-environment   a key for each variable
    Secret    <service>-<slot>-secrets       the secret files, and the environment as it was written

A pod reads all of them at its start. Its annotation tells the digest of what that was.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from harness.errors import ConfigurationError, DrillError, InputError, NotFound, WillNotWork
from harness.sandbox.kubernetes import names
from harness.sandbox.kubernetes.api import Kube
from harness.sandbox.kubernetes.values import CONFIG, DatabaseSecret
from harness.system.bundle import ENVIRONMENT, SECRETS, Bundle, is_secret
from harness.system.model import SystemModel
from harness.system.releases import config_of
from harness.system.values import Slot

_OWNER_AND_GROUP: Final = 0o440  # a container that is not root reads a Secret as a member of the pod's group
_KEY_PARTS: Final = 1  # a key of a ConfigMap or a Secret is no path


class Given:
    """The configurations of one namespace.

    Args:
        kube: the namespace.
        model: the system, for what its releases bring.
        secret: the Secret with the database's connection string; None without a database.
    """

    def __init__(self, kube: Kube, model: SystemModel, secret: DatabaseSecret | None) -> None:
        self._kube, self._model, self._secret = kube, model, secret

    def of_release(self, version: str) -> Bundle:
        """What pods of a release are given unless somebody changes it: its files, and the address of the database.

        Raises:
            NotFound: there is no such release.
            ConfigurationError: its environment is none.
        """
        folder = config_of(self._model, version)
        paths = sorted(path for path in folder.iterdir() if path.is_file()) if folder is not None else []
        try:
            return Bundle({path.name: path.read_bytes() for path in paths}).with_variables(self._variables())
        except InputError as error:
            raise ConfigurationError(f"{folder}: {error}") from error

    def read(self, service: str, slot: Slot) -> Bundle:
        """What the next start of a pod is given.

        Raises:
            NotFound: the slot has no ConfigMap of that name.
        """
        bundle = self.find(service, slot)
        if bundle is None:
            raise NotFound(f"there is no ConfigMap {names.deployment(service, slot)}: {service} has no files in {slot}")
        return bundle

    def find(self, service: str, slot: Slot) -> Bundle | None:
        """As `read`, but None where there is none: a chart of others may name it otherwise."""
        kube = self._kube
        found = kube.find(kube.core.read_namespaced_config_map, names.deployment(service, slot), kube.namespace)
        if found is None:
            return None
        files = {path: text.encode() for path, text in (found.data or {}).items()}
        files |= {path: base64.b64decode(text) for path, text in (found.binary_data or {}).items()}
        hidden = self._secret_data(names.secrets(service, slot))
        variables = self._secret_data(names.environment(service, slot))
        if variables != _as_keys(Bundle({ENVIRONMENT: hidden.get(ENVIRONMENT, b"")})):  # somebody else has written it
            hidden[ENVIRONMENT] = b"".join(b"%s=%s\n" % (name.encode(), value) for name, value in variables.items())
        secret = {name if name == ENVIRONMENT else f"{SECRETS}/{name}": text for name, text in hidden.items()}
        return Bundle(files | secret)

    def write(self, service: str, slot: Slot, bundle: Bundle) -> None:
        """From now on pods are given exactly this. The ConfigMap is the chart's: one that is not there is not made.

        Raises:
            WillNotWork: a file lies in a folder that has no place in the cluster.
            InputError: the environment is none.
        """
        for path in bundle.files:
            parts = path.removeprefix(f"{SECRETS}/").count("/") + 1
            if parts > _KEY_PARTS or path == f"{SECRETS}/{ENVIRONMENT}":
                raise WillNotWork(f"{path}: a ConfigMap or a Secret has no such file; expected NAME or {SECRETS}/NAME")
        hidden = {path.removeprefix(f"{SECRETS}/"): bundle.files[path] for path in bundle.secrets}
        self._write_secret(names.environment(service, slot), service, slot, _as_keys(bundle))
        self._write_secret(names.secrets(service, slot), service, slot, hidden)
        kube = self._kube
        found = kube.find(kube.core.read_namespaced_config_map, names.deployment(service, slot), kube.namespace)
        if found is not None:
            found.data, found.binary_data = _texts_and_bytes(bundle)
            kube.call(kube.core.replace_namespaced_config_map, found.metadata.name, kube.namespace, found)

    @contextmanager
    def giving(self, service: str, versions: Mapping[Slot, str | None]) -> Iterator[None]:
        """While Helm changes what runs in some slots, their pods are given what the releases bring beside the image.

        Where Helm fails they are given what they had: those that serve on may start again.

        Raises:
            NotFound, ConfigurationError: as `of_release`.
        """
        bundles = {slot: self.of_release(version) for slot, version in versions.items() if version is not None}
        before = {slot: self.find(service, slot) for slot in bundles}
        try:
            for slot, bundle in bundles.items():
                self.write(service, slot, bundle)
            yield
        except DrillError:
            for slot, had in before.items():
                if had is not None:
                    self.write(service, slot, had)
            raise

    def as_it_is(self, service: str, slot: Slot, template: Any) -> dict[str, Any]:
        """The chart's values by which Helm leaves the pods of a template, and what they were given, as they are."""
        bundle, digest = self.find(service, slot), started_with(template)
        if bundle is None or digest is None:
            return {}
        return {**values_of(service, slot, bundle), "configuration": digest}

    def forget(self, service: str, slot: Slot) -> None:
        """Removes what the chart does not: the Secrets of a slot that is gone."""
        kube = self._kube
        for name in (names.environment(service, slot), names.secrets(service, slot)):
            kube.find(kube.core.delete_namespaced_secret, name, kube.namespace)

    def _variables(self) -> dict[str, str]:
        database, secret = self._model.database, self._secret
        if database is None or secret is None:
            return {}
        kube = self._kube
        found = kube.call(kube.core.read_namespaced_secret, secret.name, kube.namespace)
        return {database.env: base64.b64decode(found.data[secret.key]).decode()}

    def _secret_data(self, name: str) -> dict[str, bytes]:
        kube = self._kube
        found = kube.find(kube.core.read_namespaced_secret, name, kube.namespace)
        return {} if found is None else {key: base64.b64decode(text) for key, text in (found.data or {}).items()}

    def _write_secret(self, name: str, service: str, slot: Slot, content: Mapping[str, bytes]) -> None:
        labels = {names.NAME: service, names.SLOT: str(slot)}
        write_secret(self._kube, name, {"labels": labels}, content)


def values_of(service: str, slot: Slot, bundle: Bundle) -> dict[str, Any]:
    """What the chart is told of a configuration: where it is, and nothing of what is secret in it."""
    files = _secret_files(bundle)
    return {
        "config": _texts_and_bytes(bundle)[0],
        "environment": names.environment(service, slot),
        "secrets": {"name": names.secrets(service, slot), "files": files} if files else None,
        "configuration": bundle.digest,
    }


def template_of(service: str, slot: Slot, bundle: Bundle, volume: str) -> dict[str, Any]:
    """The part of a pod template that is another one with another configuration, as a strategic merge patch.

    `volume` is what is mounted as the configuration.
    """
    sources: list[dict[str, Any]] = [{"configMap": {"name": names.deployment(service, slot)}}]
    files = _secret_files(bundle)
    if files:
        items = [{"key": name, "path": f"{SECRETS}/{name}", "mode": _OWNER_AND_GROUP} for name in files]
        sources.append({"secret": {"name": names.secrets(service, slot), "items": items}})
    return {
        "metadata": {"annotations": {names.CONFIGURATION: bundle.digest}},
        "spec": {
            "volumes": [{"name": volume, "$retainKeys": ["name", "projected"], "projected": {"sources": sources}}]
        },
    }


def volume_of(spec: Any) -> Any:
    """The volume of a pod that is mounted as its configuration.

    Raises:
        NotFound: there is none.
    """
    mounted = [one.name for one in spec.containers[0].volume_mounts or () if one.mount_path == CONFIG]
    volumes = [one for one in spec.volumes or () if one.name in mounted]
    if not volumes:
        raise NotFound(f"nothing is mounted at {CONFIG}, where the chart of the sample system has the configuration")
    return volumes[0]


def started_with(template: Any) -> str | None:
    """The digest of what a pod, or those of a template, are started with; None where nobody said."""
    return (template.metadata.annotations or {}).get(names.CONFIGURATION)


def reads_environment(pod: Any, service: str, slot: Slot) -> bool:
    """Whether the variables of a pod are those of the Secret that holds them."""
    wanted = names.environment(service, slot)
    return any(one.secret_ref and one.secret_ref.name == wanted for one in pod.spec.containers[0].env_from or ())


def exposed(pod: Any) -> tuple[str, ...]:
    """The secret files of a pod that others than their owner and the pod's group may read."""
    projected = volume_of(pod.spec).projected
    sources = [one.secret for one in (projected.sources if projected else ()) if one.secret]
    return tuple(
        item.path
        for source in sources
        for item in source.items or ()
        if (projected.default_mode if item.mode is None else item.mode) & 0o007
    )


def write_secret(kube: Kube, name: str, metadata: Mapping[str, Any], content: Mapping[str, bytes]) -> None:
    """Makes a Secret that holds exactly this, or replaces the one that is there."""
    data = {key: base64.b64encode(value).decode() for key, value in content.items()}
    body = {"metadata": {"name": name, **metadata}, "data": data}
    if kube.find(kube.core.read_namespaced_secret, name, kube.namespace) is None:
        kube.call(kube.core.create_namespaced_secret, kube.namespace, body)
    else:
        kube.call(kube.core.replace_namespaced_secret, name, kube.namespace, body)


def archive_object(name: str) -> str:
    """The name of the Secret that holds an archive: any name will do for an archive, and not for an object."""
    return f"configuration-{hashlib.sha256(name.encode()).hexdigest()[:16]}"


def _secret_files(bundle: Bundle) -> list[str]:
    """Their names in their Secret."""
    return [path.removeprefix(f"{SECRETS}/") for path in bundle.secrets if path != ENVIRONMENT]


def _as_keys(bundle: Bundle) -> dict[str, bytes]:
    return {name: value.encode() for name, value in bundle.environment.items()}


def _texts_and_bytes(bundle: Bundle) -> tuple[dict[str, str], dict[str, str]]:
    texts, others = {}, {}
    for path, content in bundle.files.items():
        if is_secret(path):
            continue
        try:
            texts[path] = content.decode("utf-8")
        except UnicodeDecodeError:
            others[path] = base64.b64encode(content).decode()
    return texts, others
