"""Turns clients away: gives every request the same answer, and closes its connection.

    python3 -m agent.away PORT ANSWER

ANSWER is the whole answer, its status line and headers too. Runs in an image of its own: the standard library only.
"""

import asyncio
import signal
import sys
from contextlib import suppress
from typing import Final

EVERYWHERE: Final = "0.0.0.0"  # noqa: S104  # a pod is reached by its address alone
WITHIN: Final = 5.0  # seconds for one client: to begin its request, and to read the answer
READ_BYTES: Final = 64 * 1024


class Away:
    """What everybody is told."""

    def __init__(self, answer: bytes) -> None:
        self._answer = answer

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answers one client, and reads to the end of what it sends, so that no reset takes the answer from it."""
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(WITHIN):
                if await reader.read(READ_BYTES):
                    writer.write(self._answer)
                    writer.write_eof()
                    while await reader.read(READ_BYTES):
                        pass
        writer.close()


async def serve(port: int, answer: bytes) -> None:
    """Answers until SIGTERM or SIGINT.

    Raises:
        OSError: the port is taken.
    """
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    server = await asyncio.start_server(Away(answer).serve, EVERYWHERE, port, backlog=1024)
    sys.stderr.write(f"away: port {server.sockets[0].getsockname()[1]}\n")
    sys.stderr.flush()
    await stop.wait()
    server.close()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), sys.argv[2].encode("latin-1")))
