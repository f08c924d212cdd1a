"""A system as a scenario wants it: what it says otherwise than drill.toml. Pure."""

from __future__ import annotations

from typing import Final

from harness.drill.names import known_database
from harness.errors import InputError
from harness.system.bundle import ENVIRONMENT
from harness.system.configuration_model import Connection
from harness.system.model import LEAST_DISK, MOST_DISK, MOST_REPLICAS, SystemModel
from harness.units import Duration

EXTERNAL_API: Final = "EXTERNAL_API_URL"  # the variable, where drill.toml names none


def with_replicas(model: SystemModel, count: int) -> SystemModel:
    """The system with so many replicas of every service, whatever its description says of this environment.

    Raises:
        InputError: no service has so many.
    """
    if not 1 <= count <= MOST_REPLICAS:
        raise InputError(f"no service has {count} replicas; expected 1 to {MOST_REPLICAS}")
    replicas = {model.environment: count}
    services = {name: one.model_copy(update={"replicas": replicas}) for name, one in model.services.items()}
    return model.model_copy(update={"services": services})


def with_answers_within(model: SystemModel, service: str, limit: Duration) -> SystemModel:
    """The system with another time within which an answer of a service is good.

    Raises:
        InputError: no answer takes so little.
    """
    if limit <= Duration(0):
        raise InputError(f"no answer takes at most {limit}; expected a time above zero")
    table = model.services[service]
    probe = table.probe.model_copy(update={"within": limit})
    return model.model_copy(update={"services": {**model.services, service: table.model_copy(update={"probe": probe})}})


def with_disk(model: SystemModel, megabytes: int) -> SystemModel:
    """The system with a disk of its own for its database.

    Raises:
        InputError: it has no database, or no database gets along with a disk of that size.
    """
    database = known_database(model)
    if not LEAST_DISK <= megabytes <= MOST_DISK:
        raise InputError(f"no database has a disk of {megabytes} MB; expected {LEAST_DISK} to {MOST_DISK}")
    return model.model_copy(update={"database": database.model_copy(update={"disk": megabytes})})


def with_tls(model: SystemModel) -> SystemModel:
    """The system with an endpoint before its database to which services go by TLS.

    Raises:
        InputError: it has no database.
    """
    return model.model_copy(update={"database": known_database(model).model_copy(update={"tls": True})})


def with_external_api(model: SystemModel) -> SystemModel:
    """The system with services that are told of an external API, which a rollback of the configuration tries to reach.

    What drill.toml says of it already stays as it is.
    """
    table = model.configuration
    variable = table.external_api or EXTERNAL_API
    known = any((one.file, one.key) == (ENVIRONMENT, f"/{variable}") for one in table.connections)
    own = Connection(name="the external API", file=ENVIRONMENT, key=f"/{variable}", critical=False)
    connections = table.connections if known else (*table.connections, own)
    told = table.model_copy(update={"external_api": variable, "connections": connections})
    return model.model_copy(update={"configuration": told})
