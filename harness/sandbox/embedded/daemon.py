"""The one process that owns a sandbox, started by `start.py`.

It ends, and takes everything with it, on SIGTERM or SIGINT, when its lifeline (standard input) ends or its
starter is gone, and at its expiry. A detached daemon has no lifeline. When it is killed the kernel kills its
children, and `heal` removes the folder. Standard output gets one line, an `Answer`, when the sandbox is ready
or has failed.
"""

import asyncio
import fcntl
import logging
import os
import signal
import sys
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from harness.clock import Deadline
from harness.errors import DrillError, InternalError
from harness.sandbox.common.process import Process
from harness.sandbox.embedded import limits
from harness.sandbox.embedded.folder import Folder, Owner, remove
from harness.sandbox.embedded.owned import Sandbox
from harness.sandbox.embedded.processes import send
from harness.sandbox.embedded.wire import Answer, Call, Order
from harness.units import Instant

_LOG = logging.getLogger("daemon")
_LINE_MOST: Final = 1024 * 1024  # bytes of one line: no call comes near


class Daemon:
    """One sandbox and the socket by which it is used."""

    def __init__(self, folder: Folder, order: Order) -> None:
        self._folder = folder
        self._order = order
        self._over = asyncio.Event()
        self._clients: set[asyncio.Task[None]] = set()
        self._owner = self._make_owner()
        self._sandbox = Sandbox(folder, order, self._note)

    async def run(self) -> None:
        """Brings the sandbox up, serves until it is over, takes it down."""
        self._folder.write_owner(self._owner)
        self._watch()
        server = await asyncio.start_unix_server(self._serve, self._folder.socket, limit=_LINE_MOST)
        self._folder.socket.chmod(0o600)
        try:
            starting = asyncio.ensure_future(self._sandbox.start())
            ended = asyncio.ensure_future(self._over.wait())
            await asyncio.wait([starting, ended], return_when=asyncio.FIRST_COMPLETED)
            if not starting.done():
                starting.cancel()
                await asyncio.gather(starting, return_exceptions=True)
                return
            if starting.exception() is None:
                _LOG.info("ready")
            _tell(_answer_of(starting, self._sandbox))
            if starting.exception() is None:
                await ended
        finally:
            server.close()
            await self._sandbox.stop()
            for task in self._clients:
                task.cancel()
            _LOG.info("all processes are gone")

    def end(self, why: str) -> None:
        """Asks the daemon to take everything down."""
        if not self._over.is_set():
            _LOG.info("ends: %s", why)
            self._over.set()

    def _watch(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.end, f"got {number.name}")
        if self._order.detached:
            loop.call_later(self._order.expiry.seconds, self.end, "expired")
            return
        loop.add_reader(sys.stdin.fileno(), self._read_lifeline)
        try:
            starter = os.pidfd_open(self._order.starter_pid)
        except ProcessLookupError:
            self.end("its starter is gone")
        else:
            loop.add_reader(starter, self.end, "its starter is gone")

    def _read_lifeline(self) -> None:
        if not os.read(sys.stdin.fileno(), 1024):
            asyncio.get_running_loop().remove_reader(sys.stdin.fileno())
            self.end("its lifeline ended")

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._clients.add(task)
            task.add_done_callback(self._clients.discard)
        with suppress(ConnectionError, asyncio.CancelledError):
            while line := await reader.readline():
                writer.write((await self._answer(line)).line())
                await writer.drain()
        writer.close()

    async def _answer(self, line: bytes) -> Answer:
        try:
            call = Call.model_validate_json(line)
        except ValidationError as error:
            return Answer(error=InternalError.__name__, message=f"not a call: {error}")
        try:
            return Answer(result=await self._do(call))
        except DrillError as error:
            return Answer(error=type(error).__name__, message=str(error))
        except Exception as error:  # noqa: BLE001 - told to the client and to the log; the sandbox goes on
            _LOG.exception("call %s failed", call)
            return Answer(error=InternalError.__name__, message=f"{call.name}: {error!r}")

    async def _do(self, call: Call) -> Any:  # noqa: C901, PLR0911, PLR0912 - one line for each call there is
        deadline = Deadline(call.deadline or Instant(time.monotonic_ns() + limits.QUICK_CALL.ns))
        sandbox = self._sandbox
        if call.name == "describe":
            return sandbox.describe().model_dump(mode="json")
        if call.name in ("expire_certificate", "renew_certificate"):
            front = sandbox.front()
            return front.expire() if call.name == "expire_certificate" else front.renew()
        if call.name in ("refuse_external_api", "answer_external_api"):
            return await sandbox.take_external_api(None if call.name == "refuse_external_api" else call.delay)
        if call.name == "recovery":
            return await sandbox.recover(call, deadline)
        deployment = sandbox.deployment(call.service, call.slot)
        match call.name:
            case "deploy":
                await deployment.deploy(call.version, deadline)
            case "begin":
                await deployment.begin(call.version)
            case "remove":
                await deployment.remove(deadline)
            case "replicas":
                return deployment.replicas()
            case "configurations":
                return await deployment.configurations()
            case "places":
                return [str(place) for place in deployment.places]
            case "configure":
                deployment.configure(call.staged)
            case "restart":
                await deployment.restart(deadline)
            case "hold_down":
                await deployment.hold_down()
            case "let_start":
                deployment.let_start()
            case "suspend":
                send(deployment.processes(), signal.SIGSTOP)
            case "resume":
                send(deployment.processes(), signal.SIGCONT)
            case "active":
                return sandbox.router.active(call.service)
            case "switch":
                sandbox.switch(call.service, call.slot)
            case "delay":
                sandbox.router.delay(call.service, call.slot, call.delay)
            case "refuse":
                sandbox.router.refuse(call.service, call.slot)
            case "lose":
                sandbox.router.lose(call.service, call.slot, call.share)
            case "limit_processor":
                sandbox.pressure(call.service, call.slot).processor(call.share)
            case "limit_memory":
                sandbox.pressure(call.service, call.slot).memory(call.share)
            case "lift_limits":
                sandbox.pressure(call.service, call.slot).lift()
            case "clear":
                sandbox.router.clear(call.service, call.slot)
        return None

    def _make_owner(self) -> Owner:
        daemon = Process.of(os.getpid(), "daemon")
        if daemon is None:
            raise InternalError("/proc does not show this process")
        return Owner(
            sandbox=self._folder.id,
            run_id=self._order.run_id,
            system=self._order.model.name,
            created=datetime.now(UTC).isoformat(timespec="milliseconds"),
            expires_ns=time.time_ns() + self._order.expiry.ns,
            detached=self._order.detached,
            starter=Process.of(self._order.starter_pid, "starter"),
            daemon=daemon,
        )

    def _note(self, processes: tuple[Process, ...]) -> None:
        self._owner = self._owner.model_copy(update={"children": processes})
        self._folder.write_owner(self._owner)


def _answer_of(starting: asyncio.Future[None], sandbox: Sandbox) -> Answer:
    error = starting.exception()
    if error is None:
        return Answer(result=sandbox.describe().model_dump(mode="json"))
    if isinstance(error, DrillError):
        _LOG.error("not started: %s", error)
        return Answer(error=type(error).__name__, message=str(error))
    _LOG.error("not started", exc_info=error)
    return Answer(error=InternalError.__name__, message=f"the sandbox could not be started: {error!r}")


def _tell(answer: Answer) -> None:
    """The one line on standard output; a starter that is gone does not hear it."""
    with suppress(BrokenPipeError):
        os.write(1, answer.line())
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 1)
    os.close(nothing)


def main() -> int:
    """Runs one daemon; its arguments are the folder and the descriptor of the folder's lock."""
    folder, lock = Folder(Path(sys.argv[1])), int(sys.argv[2])
    order = Order.model_validate_json((folder.path / "start.json").read_bytes())
    if order.detached and os.fork():
        os._exit(0)  # the starter does not wait for a process that outlives it
    fcntl.fcntl(lock, fcntl.F_SETFD, fcntl.FD_CLOEXEC)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("asyncio").setLevel(logging.WARNING)
    try:
        asyncio.run(_run(folder, order))
    except Exception:  # noqa: BLE001 - the log is the only place where anybody looks
        _LOG.exception("the daemon failed; its children die with it")
        return InternalError.exit_code
    try:
        remove(folder)
    except (OSError, DrillError):  # the starter or `heal` removes it
        _LOG.exception("the folder could not be removed")
        return InternalError.exit_code
    return 0


async def _run(folder: Folder, order: Order) -> None:
    await Daemon(folder, order).run()


if __name__ == "__main__":
    sys.exit(main())
