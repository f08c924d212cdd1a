"""The router: one port for each service, for the sandbox's whole life, and the slot behind it.

As a Service of Kubernetes: a connection goes to one ready replica of the active slot, in turn; without a
ready replica it is reset at once. Belongs to the daemon's event loop; nothing here blocks.
"""

import asyncio
import socket
from typing import Final

from harness.sandbox.embedded import limits
from harness.sandbox.embedded.relay import Relay
from harness.sandbox.embedded.way import Way
from harness.system.values import Address, Slot
from harness.units import Duration

HOST: Final = "127.0.0.1"


class Route:
    """What the router knows of one service."""

    def __init__(self) -> None:
        self.ways = {slot: Way() for slot in Slot}
        self.active = Slot.BLUE
        self.turned_away = False

    @property
    def way(self) -> Way:
        """The way to the active slot."""
        return self.ways[self.active]


class TcpRouter:
    """Listens for all services of a sandbox."""

    def __init__(self, services: tuple[str, ...]) -> None:
        self._routes = {service: Route() for service in services}
        self._servers: dict[str, asyncio.Server] = {}
        self._ports: dict[str, int] = {}

    async def open(self) -> None:
        """Starts to listen, each service on a free port.

        Raises:
            OSError: there is no free port.
        """
        for service, route in self._routes.items():
            listener = socket.create_server((HOST, 0), backlog=limits.BACKLOG)
            self._ports[service] = listener.getsockname()[1]
            self._servers[service] = await asyncio.get_running_loop().create_server(
                lambda route=route: Relay(route, HOST),  # type: ignore[misc]
                sock=listener,
                backlog=limits.BACKLOG,
            )

    def close(self) -> None:
        """Stops listening and cuts what is connected."""
        for server in self._servers.values():
            server.close()
        for route in self._routes.values():
            for way in route.ways.values():
                for relay in tuple(way.connections):
                    relay.reset()

    def address(self, service: str) -> Address:
        """Where clients reach a service."""
        return Address(HOST, self._ports[service])

    def active(self, service: str) -> Slot:
        """The slot that serves."""
        return self._routes[service].active

    def set_ready(self, service: str, slot: Slot, ports: tuple[int, ...]) -> None:
        """Tells which replicas of a slot are ready."""
        self._routes[service].ways[slot].ports = ports

    def switch(self, service: str, slot: Slot) -> None:
        """New connections go to `slot` from now on; those of the other slot are drained."""
        route = self._routes[service]
        if route.active is slot:
            return
        old = route.way
        route.active = slot
        for relay in tuple(old.connections):
            relay.drain()

    async def drain(self, service: str, slot: Slot, ports: frozenset[int]) -> None:
        """Waits until no connection leads to some replicas, which get no new ones; those that last too long are cut."""
        await self._routes[service].ways[slot].drain(ports)

    async def turn_away(self, service: str) -> None:
        """Answers clients with 503 from now on; returns when no connection leads to a replica any more."""
        route = self._routes[service]
        route.turned_away = True
        for way in route.ways.values():
            await way.drain(frozenset(one.port for one in way.connections if one.port is not None))

    def let_in(self, service: str) -> None:
        """Ends `turn_away`."""
        self._routes[service].turned_away = False

    def delay(self, service: str, slot: Slot, delay: Duration) -> None:
        """Holds back every answer of a slot; what is held back already keeps its place."""
        self._routes[service].ways[slot].delay = delay

    def refuse(self, service: str, slot: Slot) -> None:
        """Lets nobody through to a slot, and cuts who is."""
        way = self._routes[service].ways[slot]
        way.refuses = True
        for connection in tuple(way.connections):
            connection.reset()

    def lose(self, service: str, slot: Slot, share: float) -> None:
        """Lets a share of the answers of a slot never arrive."""
        self._routes[service].ways[slot].lost = share

    def clear(self, service: str, slot: Slot) -> None:
        """Ends every disturbance on the way to a slot."""
        way = self._routes[service].ways[slot]
        way.delay, way.refuses, way.lost = Duration(0), False, 0.0
        for connection in tuple(way.connections):
            connection.flush()
