"""What an observer is to do: the values that the drill hands to the worker, as JSON over its standard input.

Nothing here is secret, and nothing of it ever stands on a command line.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from pydantic import Field, model_validator

from harness.system.model import SystemModel
from harness.system.request_model import LedgerWrite, Request
from harness.system.table import Name, Table
from harness.system.values import Address
from harness.units import Duration

PROBES_PER_SECOND: Final = 50.0
"""One every 20 ms: an outage's ends are known to 20 ms each; four services cost 200 connections a second."""


class Target(Table):
    """One service under probes."""

    service: Name
    address: Address
    request: Request


class LoadTarget(Table):
    """One kind of background load."""

    service: Name
    address: Address
    rate: float = Field(gt=0, le=1000, description="requests per second")
    request: Request


class LedgerTarget(Table):
    """The ledger clients and their file."""

    address: Address
    clients: int = Field(ge=1, le=64)
    rate: float = Field(gt=0, le=1000, description="writes per second, all clients together")
    within: Duration
    write: LedgerWrite
    path: Path = Field(description="the ledger file; it must not exist yet, because ids are unique in a run")
    prefix: str = Field(pattern=r"^[A-Za-z0-9]+$", description="what makes the ids of this run unlike another's")


class ObservationPlan(Table):
    """Everything that one observer measures."""

    targets: tuple[Target, ...] = Field(min_length=1)
    rate: float = Field(default=PROBES_PER_SECOND, gt=0, le=1000, description="probes per second and service")
    load: tuple[LoadTarget, ...] = ()
    ledger: LedgerTarget | None = None
    seed: int = 0

    @model_validator(mode="after")
    def _services_are_distinct(self) -> ObservationPlan:
        names = [target.service for target in self.targets]
        if len(set(names)) < len(names):
            raise ValueError("a service stands twice among the targets; it has one probe")
        return self

    def addresses(self, writes: str | None) -> dict[str, tuple[Address, ...]]:
        """Where the clients of each service go: probes, load and ledger clients. Mostly that is one address.

        Args:
            writes: the service that takes the ledger clients' writes.
        """
        going = [(one.service, one.address) for one in self.targets]
        going += [(one.service, one.address) for one in self.load]
        if writes and self.ledger:
            going.append((writes, self.ledger.address))
        return {name: tuple(dict.fromkeys(to for of, to in going if of == name)) for name, _ in going}

    @classmethod
    def of(
        cls,
        system: SystemModel,
        address: Callable[[str], Address],
        *,
        ledger: Path,
        prefix: str,
        seed: int,
        rate: float = PROBES_PER_SECOND,
    ) -> ObservationPlan:
        """The plan for a whole system: every service probed, all its load, and its ledger if it has one.

        Args:
            system: the description of the system.
            address: where clients reach a service (the router's answer).
            ledger: where the ledger file is to be made.
            prefix: what makes the ids of this run unlike another's; letters and digits.
            seed: of the values that ledger clients write.
            rate: probes per second and service.
        """
        written = system.ledger
        return cls(
            targets=tuple(
                Target(service=name, address=address(name), request=service.probe)
                for name, service in system.services.items()
            ),
            rate=rate,
            load=tuple(
                LoadTarget(service=load.service, address=address(load.service), rate=load.rate, request=load.request)
                for load in system.load
            ),
            ledger=written
            and LedgerTarget(
                address=address(written.service),
                clients=written.clients,
                rate=written.rate,
                within=written.within,
                write=written.write,
                path=ledger.absolute(),
                prefix=prefix,
            ),
            seed=seed,
        )
