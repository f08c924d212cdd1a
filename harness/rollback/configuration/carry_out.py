"""Carries out the changes of a rollback of the configuration, and looks whether they are what they should be."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import assert_never

from harness.clock import Deadline
from harness.errors import CrashLoop, DeadlineExceeded, InputError, MayWorkLater, NotFound, WillNotWork
from harness.rollback.configuration import source as sources
from harness.rollback.configuration.actions import (
    ConfigurationChange,
    ConfigurationVerification,
    KeepConfiguration,
    Place,
    PutConfiguration,
    PutKept,
    RestartAsBefore,
    RestartRolling,
    Source,
    VerifyConfiguration,
    VerifyConnections,
    VerifyKept,
)
from harness.rollback.configuration.connections import try_all
from harness.secrecy import learn, secrets_of
from harness.system.bundle import ENVIRONMENT, Bundle
from harness.system.config_archive import pack, unpack
from harness.system.configuration_ports import Configurations
from harness.system.model import SystemModel
from harness.system.ports import System


def port_of(system: System) -> Configurations:
    """The port Configurations.

    Raises:
        NotFound: the sandbox has none.
    """
    if system.configuration is None:
        raise NotFound("this sandbox gives no way to the configuration of its services, so it cannot be rolled back")
    return system.configuration


def target_of(source: Source, place: Place, model: SystemModel, system: System, deadline: Deadline) -> Bundle:
    """What a service is given.

    Raises:
        NotFound: the source is not there, or has nothing for that service.
        InputError: it cannot be used.
    """
    port = port_of(system)
    packed = sources.read(source, model, port)
    wanted = packed.of(place.service, _learned(port.read(place.service, place.slot, deadline)))
    if wanted is None:
        raise NotFound(f"{source.goal} has nothing for {place.service}")
    return _learned(wanted)


def keep(name: str, places: Sequence[Place], port: Configurations, deadline: Deadline) -> bool:
    """Keeps the configuration of some services as one archive; False where one of that name is kept already."""
    if port.stored(name) is not None:
        return False
    port.store(name, pack({one.service: port.read(one.service, one.slot, deadline) for one in places}))
    return True


def carry_out(  # noqa: PLR0911 - a case each
    action: ConfigurationChange | ConfigurationVerification, model: SystemModel, system: System, deadline: Deadline
) -> str:
    """Carries out one action; says in words what came of it.

    Raises:
        DrillError: it could not be done, or is not as it should be.
    """
    port = port_of(system)
    match action:
        case KeepConfiguration(name, places, _):
            made = keep(name, places, port, deadline)
            return f"{name} {'has what was there' if made else 'was kept before'}"
        case PutConfiguration(source, place):
            port.put(place.service, place.slot, target_of(source, place, model, system, deadline), deadline)
            return f"the next start of {place.service} is given {source.goal}"
        case PutKept(name, place):
            port.put(place.service, place.slot, _kept(name, place, port), deadline)
            return f"the next start of {place.service} is given what was kept as {name}"
        case RestartRolling(place):
            port.restart(place.service, place.slot, deadline)
            return f"all replicas of {place.service} have started with what they were given"
        case RestartAsBefore(place):
            try:
                port.restart(place.service, place.slot, deadline)
            except (CrashLoop, DeadlineExceeded):
                return f"{place.service} is not ready with it, as it was not before"
            return f"all replicas of {place.service} have started with what they were given"
        case VerifyConfiguration(source, place):
            return _exactly(place, target_of(source, place, model, system, deadline), port, deadline)
        case VerifyKept(name, place):
            return _exactly(place, _kept(name, place, port), port, deadline)
        case VerifyConnections(places, _):
            return _connections(places, model, port, deadline)
        case _:
            assert_never(action)


def _kept(name: str, place: Place, port: Configurations) -> Bundle:
    content = port.stored(name)
    if content is None:
        raise NotFound(f"nothing is kept as {name}, so {place.service} cannot be given it back")
    kept = unpack(content).of(place.service, Bundle({}))
    if kept is None:
        raise NotFound(f"{name} has nothing for {place.service}")
    return _learned(kept)


def _learned(bundle: Bundle) -> Bundle:
    """The same; what is secret in it is masked from now on, also where a service that fails with it says it."""
    with suppress(InputError):  # it is told where the configuration is looked at
        learn(*secrets_of(bundle.environment))
    contents = (bundle.files[path] for path in bundle.secrets if path != ENVIRONMENT)
    learn(*(content.decode(errors="replace").strip() for content in contents))
    return bundle


def _exactly(place: Place, wanted: Bundle, port: Configurations, deadline: Deadline) -> str:
    if wrong := port.wrong(place.service, place.slot, wanted, deadline):
        raise WillNotWork(f"{place.service} in {place.slot}: {wrong}")
    secrets = f", {len(wanted.secrets)} of them for their owner alone" if wanted.secrets else ""
    return f"{len(wanted.files)} files and no other{secrets}"


def _connections(places: Sequence[Place], model: SystemModel, port: Configurations, deadline: Deadline) -> str:
    live = {one.service: port.read(one.service, one.slot, deadline) for one in places}
    tried = try_all(model.configuration.connections, live, port.reached, deadline)
    if dead := [str(one) for one in tried if one.critical and one.problem]:
        raise MayWorkLater("; ".join(dead))
    return "; ".join(f"{'' if not one.problem else 'warning: '}{one}" for one in tried)
