"""What `drill metrics` refuses to send, and what it says of a gateway that is none."""

from __future__ import annotations

import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from harness.errors import MayWorkLater, UsageError
from harness.report.history.entry import Entry
from harness.report.history.store import opened
from tests.support.commands import Said, say
from tests.support.worlds import World, result_of


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder whose history has one drill."""
    monkeypatch.setenv("DRILL_STATE_DIR", str(tmp_path / "state"))
    with opened(tmp_path, make=True) as history:
        history.add([Entry.of(result_of(World().records()), "r/d/report.html")])
    return tmp_path


def metrics(runs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str) -> Said:
    return say(monkeypatch, capsys, "metrics", "--runs", runs, *arguments)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--push", ""), "expected the address of a Pushgateway"),
        (("--push", "http://127.0.0.1:1", "--scenario", "world"), "without --scenario"),
    ],
)
def test_what_would_send_nothing_or_delete_others_is_refused(
    arguments: tuple[str, ...],
    told: str,
    runs: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    said = metrics(runs, monkeypatch, capsys, *arguments)
    assert said.code == UsageError.exit_code
    assert told in said.err


def test_a_server_that_speaks_no_http_is_told(
    runs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def answer(listening: socket.socket) -> None:
        connection, _ = listening.accept()
        with connection:
            connection.recv(1)
            connection.sendall(b"220 this is mail\r\n")

    with socket.create_server(("127.0.0.1", 0)) as listening, ThreadPoolExecutor(1) as pool:
        listening.settimeout(10)  # only a connection that never comes takes as long
        pool.submit(answer, listening)
        said = metrics(runs, monkeypatch, capsys, "--push", f"http://127.0.0.1:{listening.getsockname()[1]}")
    assert said.code == MayWorkLater.exit_code
    assert "the Pushgateway did not take the metrics" in said.err
    assert "Traceback" not in said.err
