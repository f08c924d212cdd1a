"""Ledger clients against a real server: the file, what the server stored, what the sink was told."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.clock import now
from harness.journal.observation import WriteOutcome
from harness.observe.ledger import read_ledger
from harness.observe.observer import ObserverLost
from harness.units import Duration
from tests.support.http_server import Behaviour, Seen, Server
from tests.support.observing import WRITES, Kept, observe, plan, soon, with_ledger


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        yield running


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.jsonl"


@pytest.mark.parametrize(
    ("behaviour", "outcome"),
    [
        (Behaviour(status=201), WriteOutcome.OK),
        (Behaviour(status=409), WriteOutcome.FAIL),
        (Behaviour(status=500), WriteOutcome.INFO),
        (Behaviour(hang=True), WriteOutcome.INFO),
        (Behaviour(break_off=True), WriteOutcome.INFO),
        (Behaviour(status=201, half=True), WriteOutcome.INFO),
    ],
    ids=["201", "409", "500", "hang", "closed", "cut short"],
)
def test_a_write_counts_as_what_its_client_was_told(
    server: Server, path: Path, behaviour: Behaviour, outcome: WriteOutcome
) -> None:
    server.behaviour = behaviour
    kept = Kept()
    with observe(with_ledger(plan(server.address), server.address, path), kept) as observer:
        observer.wait_until(lambda: len(kept.written) >= 6, soon(), "six writes")
        observer.stop(soon())
    assert {write.outcome for write in kept.written} == {outcome}
    assert all(write.acknowledged and write.acknowledged > write.sent > write.due for write in kept.written)


def test_a_write_that_never_had_a_connection_did_not_happen(server: Server, path: Path) -> None:
    server.refuse()
    kept = Kept()
    with observe(with_ledger(plan(server.address), server.address, path), kept) as observer:
        observer.wait_until(lambda: len(kept.written) >= 6, soon(), "six writes")
    assert {write.outcome for write in kept.written} == {WriteOutcome.FAIL}


def test_the_intent_is_in_the_file_before_the_server_sees_the_write(server: Server, path: Path) -> None:
    unknown: list[str] = []

    def look(seen: Seen) -> None:
        if seen.path == WRITES:
            known = {write.id: write.value for write in read_ledger(path)}
            if known.get(seen.json["id"]) != seen.json["value"]:
                unknown.append(seen.json["id"])

    server.on_request = look
    kept = Kept()
    with observe(with_ledger(plan(server.address), server.address, path), kept) as observer:
        observer.wait_until(lambda: len(kept.written) >= 30, soon(), "thirty writes")
    assert unknown == []


def test_stopping_writes_leaves_as_many_acknowledged_as_the_server_stored(server: Server, path: Path) -> None:
    server.behaviour = Behaviour(after=Duration.of(ms=150))
    kept = Kept()
    with observe(with_ledger(plan(server.address), server.address, path, Duration.of(s=10)), kept) as observer:
        observer.wait_until(lambda: len(kept.written) >= 10, soon(), "ten writes")
        assert observer.stop_writes(soon()) == 0
        stored = {seen.json["id"]: seen.json["value"] for seen in server.seen if seen.path == WRITES}
        assert {write.id: write.value for write in kept.written} == stored
        assert {write.outcome for write in kept.written} == {WriteOutcome.OK}
        assert sorted(read_ledger(path)) == sorted(kept.written)
        stopped = now()
        observer.wait_until(lambda: observer.good_since(stopped, "api") >= 5, soon(), "probes go on")
        assert len([seen for seen in server.seen if seen.path == WRITES]) == len(stored)


def values_of_ten(server: Server, path: Path) -> dict[str, str]:
    kept = Kept()
    with observe(with_ledger(plan(server.address), server.address, path), kept) as observer:
        observer.wait_until(lambda: len(kept.written) >= 10, soon(), "ten writes")
        observer.stop(soon())
    return {write.id: write.value for write in kept.written}


def test_each_write_has_an_id_and_a_value_of_its_own_that_the_seed_gives_again(server: Server, tmp_path: Path) -> None:
    runs = [values_of_ten(server, tmp_path / run) for run in ("one", "two")]
    assert set(runs[0]) >= {"drill-r1-0-1", "drill-r1-0-2", "drill-r1-1-1"}
    common = runs[0].keys() & runs[1].keys()
    assert {name: runs[0][name] for name in common} == {name: runs[1][name] for name in common}
    assert len(set(runs[0].values())) == len(runs[0])


def test_a_ledger_that_is_there_already_is_refused_with_the_reason(server: Server, path: Path) -> None:
    path.touch()
    with pytest.raises(ObserverLost, match="there is a ledger already"):
        observe(with_ledger(plan(server.address), server.address, path), Kept())
