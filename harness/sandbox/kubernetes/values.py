"""The values that a chart is given, as docs/kind.md describes them. Pure but for reading configuration files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from harness.errors import ConfigurationError
from harness.system.model import SystemModel
from harness.system.placeholders import fill, placeholders
from harness.system.releases import config_of
from harness.system.values import Slot

CONFIG: Final = "/config"  # where the chart mounts a release's configuration


@dataclass(frozen=True, slots=True)
class DatabaseSecret:
    """The Secret that holds the connection string of the services."""

    name: str
    key: str


def service_values(model: SystemModel, service: str, secret: DatabaseSecret | None) -> dict[str, Any]:
    """What all slots of a service share."""
    table = model.services[service]
    database = model.database
    return {
        "service": service,
        "port": model.on_kubernetes.port,
        "health": table.health,
        "env": _plain(table.env, {"service": service, "port": str(model.on_kubernetes.port), "config": CONFIG}),
        "database": None
        if secret is None or database is None
        else {"secret": secret.name, "key": secret.key, "env": database.env},
    }


def slot_values(model: SystemModel, service: str, version: str, image: str) -> dict[str, Any]:
    """One release in a slot.

    Raises:
        NotFound: there is no such release.
        ConfigurationError: a configuration file of it is no text.
    """
    return {
        "version": version,
        "image": image,
        "replicas": model.replicas(service),
        "config": _texts(config_of(model, version)),
    }


def version_in(values: Mapping[str, Any], slot: Slot) -> str | None:
    """The version that a revision's values put into a slot."""
    slots = values.get("slots")
    found = slots.get(str(slot)) if isinstance(slots, Mapping) else None
    version = found.get("version") if isinstance(found, Mapping) else None
    return None if version is None else str(version)


def _plain(env: Mapping[str, str], values: dict[str, str]) -> dict[str, str]:
    """The environment of a service, as far as it means something in a container.

    Raises:
        ConfigurationError: a text names what only the machine of the embedded sandbox has.
    """
    for name, text in env.items():
        unknown = sorted(placeholders(text) - set(values))
        if unknown:
            known = ", ".join(f"{{{one}}}" for one in sorted(values))
            raise ConfigurationError(
                f"env.{name}: {{{unknown[0]}}} means nothing in a container; on a cluster there are {known}"
            )
    return {name: str(fill(text, values)) for name, text in env.items()}


def _texts(folder: Path | None) -> dict[str, str]:
    if folder is None:
        return {}
    found: dict[str, str] = {}
    for path in sorted(folder.iterdir()):
        if path.is_file():
            try:
                found[path.name] = path.read_text(encoding="utf-8")
            except UnicodeDecodeError as error:
                raise ConfigurationError(f"{path}: not text in UTF-8, so it cannot go into a ConfigMap") from error
    return found
