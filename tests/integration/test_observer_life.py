"""How the observer's process lives and dies, and that nobody who relies on it can miss its death."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.clock import Deadline, now, wait_for
from harness.errors import DeadlineExceeded, InputError, NotFound, Unavailable
from harness.journal.observation import Observation, WriteOutcome
from harness.observe.ledger import read_ledger
from harness.observe.observer import Observer, ObserverLost
from harness.observe.wire import Command
from harness.units import Duration
from tests.support.http_server import Behaviour, Server
from tests.support.observing import WRITES, Kept, observe, plan, soon, wait_for_rows, with_ledger

SECOND = Duration.of(s=1)
ROOT = Path(__file__).parents[2]


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        yield running


def gone(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    except (FileNotFoundError, ProcessLookupError):
        return True
    return "State:\tZ" in status


def test_a_killed_worker_is_loud_and_leaves_a_ledger_that_can_be_read(server: Server, tmp_path: Path) -> None:
    server.behaviour = Behaviour(hang=True)
    path = tmp_path / "ledger"
    made = with_ledger(plan(server.address), server.address, path, within=Duration.of(s=30))
    with observe(made, Kept()) as observer:
        server.wait_for_requests(20)
        os.kill(observer.pid, signal.SIGKILL)
        with pytest.raises(ObserverLost, match="exit code -9"):
            observer.wait_until(lambda: None, soon(), "nothing")
        for question in (
            lambda: observer.health("api", SECOND),
            lambda: observer.newest("api"),
            lambda: observer.last_bad("api"),
            lambda: observer.stop_writes(soon()),
            lambda: observer.stop(soon()),
        ):
            with pytest.raises(Unavailable):
                question()
    writes = {write.id: write for write in read_ledger(path)}
    assert {seen.json["id"] for seen in server.seen if seen.path == WRITES} <= writes.keys()
    assert {write.outcome for write in writes.values()} == {WriteOutcome.INFO}
    assert {write.acknowledged for write in writes.values()} == {None}


def test_a_worker_that_is_killed_while_it_is_told_something_is_loud(server: Server) -> None:
    with observe(plan(server.address), Kept()) as observer:
        process = observer._process._process
        assert process is not None
        assert process.stdin is not None
        process.stdin.write(b"half a ")  # on its way, as far as this process knows
        process.kill()
        with pytest.raises(ObserverLost, match="exit code -9"):
            observer.wait_until(lambda: None, soon(), "nothing")


def test_the_worker_dies_with_a_killed_parent(server: Server) -> None:
    parent = textwrap.dedent(
        """
        import sys
        from harness.observe.plan import ObservationPlan
        from tests.support.observing import Kept, observe
        observer = observe(ObservationPlan.model_validate_json(sys.stdin.readline()), Kept())
        print(observer.pid, flush=True)
        sys.stdin.read()
        """
    )
    text = plan(server.address).model_dump_json(by_alias=True)
    with subprocess.Popen(
        [sys.executable, "-c", parent], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as process:
        assert process.stdin
        assert process.stdout
        process.stdin.write(text + "\n")
        process.stdin.flush()
        pid = int(process.stdout.readline())
        assert not gone(pid)
        process.kill()
    wait_for(lambda: gone(pid), soon(), "the end of the worker")


def test_the_worker_outlives_the_thread_that_asked_for_it(server: Server) -> None:
    started: list[Observer] = []
    thread = threading.Thread(target=lambda: started.append(observe(plan(server.address), Kept())))
    thread.start()
    thread.join()
    with started[0] as observer:
        after = now()
        observer.wait_until(lambda: observer.good_since(after, "api") >= 5, soon(), "probes go on")


def test_an_interrupt_of_the_group_does_not_stop_the_worker(server: Server) -> None:
    with observe(plan(server.address), Kept()) as observer:
        os.kill(observer.pid, signal.SIGINT)
        after = now()
        observer.wait_until(lambda: observer.good_since(after, "api") >= 5, soon(), "probes go on")


def test_silence_is_loud_while_it_lasts(server: Server) -> None:
    with observe(plan(server.address), Kept()) as observer:
        os.kill(observer.pid, signal.SIGSTOP)
        with pytest.raises(ObserverLost, match="silent"):
            observer.wait_until(lambda: None, soon(), "nothing")
        os.kill(observer.pid, signal.SIGCONT)
        wait_for(lambda: observer.problem is None, soon(), "news")
        observer.check()


def test_a_sink_that_cannot_take_rows_ends_the_observer(server: Server) -> None:
    class Full(Kept):
        def observations(self, rows: list[Observation]) -> None:
            raise OSError(f"no room for {len(rows)}")

    with observe(plan(server.address), Full()) as observer:
        with pytest.raises(ObserverLost, match="OSError: no room"):
            observer.wait_until(lambda: None, soon(), "nothing")
        assert gone(observer.pid)


def test_a_stopped_observer_answers_no_more_questions(server: Server) -> None:
    kept = Kept()
    with observe(plan(server.address), kept) as observer:
        wait_for_rows(observer, kept, 1)
        observer.stop(soon())
        observer.stop(soon())
        with pytest.raises(ObserverLost, match="was stopped"):
            observer.health("api", SECOND)
        assert gone(observer.pid)


def test_a_wait_ends_at_its_deadline(server: Server) -> None:
    with (
        observe(plan(server.address), Kept()) as observer,
        pytest.raises(DeadlineExceeded, match="a miracle did not happen"),
    ):
        observer.wait_until(lambda: None, Deadline.after(Duration.of(ms=100)), "a miracle")


def test_a_worker_that_is_gone_before_it_is_waited_for_has_ended_in_order(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A busy machine wakes who waits only when the worker has said its last word and ended."""
    kept = Kept()
    with observe(plan(server.address), kept) as observer:
        wait_for_rows(observer, kept, 1)
        command = observer._process.command

        def command_and_be_late(what: Command) -> None:
            command(what)
            wait_for(lambda: observer.problem, soon(), "the worker's end")

        monkeypatch.setattr(observer._process, "command", command_and_be_late)
        observer.stop(soon())


def test_a_worker_that_cannot_stop_in_time_is_killed(server: Server) -> None:
    server.behaviour = Behaviour(hang=True)
    with observe(plan(server.address, within=Duration.of(s=20)), Kept()) as observer:
        server.wait_for_requests(1)
        with pytest.raises(DeadlineExceeded):
            observer.stop(Deadline.after(Duration.of(ms=200)))
        assert gone(observer.pid)


def test_questions_that_make_no_sense_are_refused(server: Server) -> None:
    with observe(plan(server.address), Kept()) as observer:
        with pytest.raises(NotFound, match="'shop' is not observed; expected one of api"):
            observer.newest("shop")
        for window in (Duration(0), Duration.of(s=901)):
            with pytest.raises(InputError):
                observer.health("api", window)


def test_nothing_of_the_plan_stands_on_the_command_line(server: Server) -> None:
    with observe(plan(server.address, path="/token-4711"), Kept()) as observer:
        arguments = Path(f"/proc/{observer.pid}/cmdline").read_bytes().split(b"\0")
    assert arguments[1:-1] == [b"-P", b"-m", b"harness.observe.worker"]
