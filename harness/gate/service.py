"""The service of a world: its releases as folders, the link to the one that is in use, and who runs it. Effects.

A script reaches it as services are reached on a machine: by the link and by `systemctl`. The service runs beside the
script's enclosure, as a service does that somebody else started.
"""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from harness.clock import Deadline, wait_for
from harness.errors import DeadlineExceeded
from harness.gate import goods, limits
from harness.gate.clients import Clients
from harness.gate.look import files
from harness.gate.seen import Probe, ServiceSeen
from harness.gate.variation import Release
from harness.sandbox.common.process import Process, bound, mark_of
from harness.sandbox.common.reserved import reserved
from harness.units import Duration

UNIT: Final = "shop"
RELEASES: Final = "releases"
CURRENT: Final = "current"
_HOST: Final = "127.0.0.1"
_SERVE: Final = "serve.py"
_FAULTS: Final[Mapping[Release, str]] = {
    Release.BROKEN: 'sys.exit("serve.py: a part of this release is missing")\n',
    Release.UNHEALTHY: "HEALTHY = False\n",
}
_PROGRAM: Final = '''"""The shop's front, release {version}."""
import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HEALTHY = True
{fault}

class Front(BaseHTTPRequestHandler):
    def do_GET(self):
        good = HEALTHY or self.path != "/health"
        body = json.dumps({{"version": "{version}", "healthy": HEALTHY}}).encode()
        self.send_response(200 if good else 503)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


ThreadingHTTPServer(("{host}", int(sys.argv[1])), Front).serve_forever()
'''


def program(version: str, release: Release, host: str = _HOST) -> str:
    """The text of a release, which listens on the port that it is given as an argument.

    Args:
        version: that it tells.
        release: what is wrong with it.
        host: on which it listens.
    """
    return _PROGRAM.format(version=version, fault=_FAULTS.get(release, ""), host=host)


def lay_releases(folder: Path, versions: tuple[str, ...], target: Release) -> None:
    """Lays out the folders of some releases, and the link to the current one."""
    for version in versions:
        if version == goods.TARGET and target is Release.MISSING:
            continue
        release = folder / RELEASES / version
        release.mkdir(parents=True)
        kind = target if version == goods.TARGET else Release.GOOD
        (release / _SERVE).write_text(program(version, kind), encoding="utf-8")
    (folder / CURRENT).symlink_to(f"{RELEASES}/{goods.CURRENT}")


class Service:
    """Runs the release to which the link leads, from `start` until `stop`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._listener = socket.create_server((_HOST, 0))
        self.control: int = self._listener.getsockname()[1]
        self._reserved = reserved(_HOST)  # until the end, also while the service is down
        self.port: int = self._reserved.getsockname()[1]
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self._clients = Clients(_HOST, self.port)
        self._foreign: list[str] = []
        threading.Thread(target=self._serve_commands, name="gate systemctl", daemon=True).start()

    def start(self) -> None:
        """Returns once clients of the current release are served.

        Raises:
            DeadlineExceeded: they are not.
        """
        self._run()
        self._clients.start()

    def stop(self) -> None:
        """Ends all of it."""
        self._clients.stop()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            self._end()
        self._reserved.close()

    def wait_until_served(self, within: Duration = limits.SETTLE) -> None:
        """Until one release answers, so many times in a row."""
        self._clients.wait_until_served(within)

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://{_HOST}:{self.port}"

    @property
    def probes(self) -> tuple[Probe, ...]:
        """All requests of clients so far."""
        return self._clients.probes

    def look(self) -> ServiceSeen:
        """What there is of it now."""
        link = self.folder / CURRENT
        kept = {RELEASES, CURRENT}
        return ServiceSeen(
            leads_to=link.resolve().name if link.is_symlink() else "",
            version=self._clients.version(),
            releases=files(self.folder / RELEASES),
            beside=tuple(sorted(path.name for path in self.folder.iterdir() if path.name not in kept)),
            foreign=tuple(self._foreign),
        )

    def _serve_commands(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:  # closed
                return
            with client, suppress(OSError):
                words = client.makefile(encoding="utf-8").readline().rstrip("\n").split("\0")
                code, text = self._command([one for one in words if not one.startswith("-")])
                client.sendall(f"{code} {text}".encode())

    def _command(self, words: list[str]) -> tuple[int, str]:
        """As systemctl(1): exit code, and what it says."""
        verb, units = words[0] if words else "", [one.removesuffix(".service") for one in words[1:]]
        if verb == "daemon-reload":
            return 0, ""
        if units != [UNIT]:
            self._foreign += [f"systemctl {verb} {one}" for one in units if one != UNIT]
            return 5, f"Failed to {verb} {' '.join(units)}: Unit {' '.join(units)}.service not found."
        with self._lock:
            runs = self._process is not None and self._process.poll() is None
            if verb in ("is-active", "status"):
                return (0, "active") if runs else (3, "inactive")
            if verb == "stop":
                self._end()
                return 0, ""
            if verb in ("restart", "reload-or-restart", "try-restart") or (verb == "start" and not runs):
                self._end()
                return (0, "") if self._run() else (1, f"Failed to {verb} {UNIT}.service: it is not healthy.")
            return (0, "") if verb == "start" else (1, f"Failed: there is no systemctl {verb} in this gate.")

    def _run(self) -> bool:
        """Starts the release to which the link leads; true once it is healthy. One that is not is ended."""
        program = self.folder / CURRENT / _SERVE
        self._process = subprocess.Popen(
            bound([sys.executable, "-I", "-S", "-B", str(program.resolve()), str(self.port)]),
            env=mark_of(Process.own()),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            process_group=0,
        )
        process = self._process
        with suppress(DeadlineExceeded):
            wait_for(
                lambda: bool(self._clients.version()) or process.poll() is not None,
                Deadline.after(limits.SERVICE_START),
                "the service's health",
            )
        if process.poll() is None and self._clients.version():
            return True
        self._end()
        return False

    def _end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(limits.KILLED.seconds)
            self._process = None
