"""What looks for leftovers finds them: an inspector that sees nothing would find every drill clean."""

from __future__ import annotations

import json
import os
import socket
import struct
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.support.apart import go_apart

REPOSITORY: Final = Path(__file__).parents[2]
LEAVER: Final = """
import json, pathlib, subprocess, sys
from tests.support.apart import fill, go_apart
from tests.support.inspector import Machine, adopt, descendants
home, what = pathlib.Path(sys.argv[1]), sys.argv[2]
adopt()
apart = go_apart(home)
inner, sources = home / "inner", home / "sources"
inner.mkdir(), sources.mkdir()
(sources / "serve.py").write_text("as it was")
before = Machine.look((inner,), sources, apart=apart)
exec(what)
found = Machine.look((inner,), sources, apart=apart).differs_from(before)
alive = [one.cmdline() for one in descendants()]
[one.kill() for one in descendants()]
print(json.dumps([found, alive]))
"""

DETACHED: Final = """
from harness.clock import Deadline, wait_for
from harness.units import Duration
subprocess.run(["sh", "-c", "setsid sh -c 'setsid sleep 60 >/dev/null 2>&1 &'"], check=True)
soon = Deadline.after(Duration.of(s=20))
wait_for(lambda: [one.name() for one in descendants()] == ["sleep"], soon, "the start of its program")
"""
"""Looked at too soon, the process would still be the shell that becomes it."""


def left(home: Path, what: str) -> tuple[list[str], list[list[str]]]:
    """What is found after a program did something: differences, and the processes that still run."""
    done = subprocess.run(
        [sys.executable, "-c", LEAVER, str(home), what], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    found, alive = json.loads(done.stdout)
    return found, alive


def test_nothing_is_found_where_nothing_was_left(tmp_path: Path) -> None:
    assert left(tmp_path, "") == ([], [])


@pytest.mark.parametrize(
    ("what", "told"),
    [
        ("(inner / 'a').touch()", "file "),
        ("(sources / 'serve.py').write_text('altered')", "content "),
        ("(sources / 'serve.py').chmod(0o700)", "content "),
        ("(sources / 'serve.py').unlink()", "content no more: "),
    ],
)
def test_what_is_not_as_it_was_is_found(tmp_path: Path, what: str, told: str) -> None:
    found, _ = left(tmp_path, what)
    assert any(one.startswith(told) for one in found), found


def test_a_process_is_found_that_detached_itself_twice(tmp_path: Path) -> None:
    _, alive = left(tmp_path, DETACHED)
    assert alive == [["sleep", "60"]]


@pytest.mark.parametrize(
    ("what", "told"),
    [
        ("import socket; kept = socket.create_server(('127.0.0.1', 0))", "listening tcp 0100007F:"),
        ("import socket; kept = socket.socket(type=socket.SOCK_DGRAM); kept.bind(('', 0))", "listening udp "),
        ("import socket; kept = socket.socket(socket.AF_UNIX); kept.bind('\\0left')", "listening unix @left"),
        ("import ctypes; ctypes.CDLL(None).shmget(7, 4096, 0o1600)", "shared memory shm "),
        ("pathlib.Path('/dev/shm/PostgreSQL.1').touch()", "shared memory PostgreSQL.1"),
        ("from tests.support.apart import _mount; _mount('tmpfs', str(sources), 'tmpfs', 0, None)", "mount tmpfs "),
        (
            "import socket, struct, fcntl; fcntl.ioctl(socket.socket(), 0x8914, struct.pack('16sH14x', b'lo', 0))",
            "network ",
        ),
        ("from tests.integration.test_inspector import add_table; add_table(b'left')", "nft tables: "),
    ],
)
def test_as_root_every_port_rule_mount_and_segment_is_found(tmp_path: Path, what: str, told: str) -> None:
    if os.geteuid():
        assert not go_apart(tmp_path), "only root can be apart from the rest of the machine"
        return
    found, _ = left(tmp_path, what)
    assert any(one.startswith(told) for one in found), found


def test_a_disk_that_was_filled_takes_nothing_more(tmp_path: Path) -> None:
    wrote = "filled = fill(home)\ntry: inner.joinpath('a').write_bytes(bytes(4096)); told = 'room'\n"
    wrote += "except OSError as error: told = error.strerror\nfound = (filled, told)\nprint(json.dumps(found))"
    done = subprocess.run(
        [sys.executable, "-c", LEAVER, str(tmp_path), wrote], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    filled, told = json.loads(done.stdout.splitlines()[0])
    assert (filled, told) == ((True, "No space left on device") if os.geteuid() == 0 else (False, "room"))


def add_table(name: bytes) -> None:
    """Adds a table to nftables, as a batch of netlink messages."""

    def message(kind: int, flags: int, family: int, resource: int, payload: bytes = b"") -> bytes:
        header = struct.pack("=IHHII", 20 + len(payload), kind, flags, 1, 0)
        return header + struct.pack("=BB", family, 0) + struct.pack(">H", resource) + payload

    attribute = struct.pack("=HH", 4 + len(name) + 1, 1) + name + b"\0"
    attribute += bytes(-len(attribute) % 4)
    batch = message(16, 1, 0, 10) + message(0x0A00, 0x401, 2, 0, attribute) + message(17, 1, 0, 10)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12) as line:
        line.bind((0, 0))
        line.send(batch)
