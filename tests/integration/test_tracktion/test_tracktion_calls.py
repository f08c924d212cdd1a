"""What clients of the good releases are answered."""

from pathlib import Path
from typing import Any

import psycopg
import pytest

from .stage import SERVICES, Replica

FILE = {"id": "client-1:7", "path": "s3://bucket/a.flac", "size": 1234, "checksum": "ABCDEF01"}


@pytest.mark.parametrize("service", SERVICES)
def test_says_who_it_is_and_that_it_is_well(database: str, service: str) -> None:
    with Replica(service, "2.4.1", database) as replica:
        replica.ready()
        assert replica.get("/health") == (200, {"status": "ok"})
        assert replica.get("/version") == (200, {"service": service, "version": "2.4.1", "schema": "2.4.0"})
        assert replica.get("/nowhere")[0] == 404


def test_counts_requests_by_route_and_status(database: str) -> None:
    with Replica("tracklist-service", "2.4.0", database) as replica:
        replica.ready().get("/tracklists/1")
        replica.get("/tracklists/2")
        replica.get("/tracklists/none")
        labels = 'method="GET",route="/tracklists/{id}",service="tracklist-service"'
        metrics = replica.metrics()
        assert f'http_requests_total{{{labels},status="200",version="2.4.0"}} 2.0' in metrics
        assert f'http_requests_total{{{labels},status="404",version="2.4.0"}} 1.0' in metrics
        assert f'http_request_duration_seconds_count{{{labels},version="2.4.0"}} 3.0' in metrics


def test_a_file_is_registered_once_and_can_be_read(database: str) -> None:
    with Replica("file-watcher", "2.4.0", database) as replica:
        assert replica.ready().call("POST", "/audio-files", FILE) == (201, FILE)
        assert replica.call("POST", "/audio-files", {**FILE, "size": 9})[0] == 409
        status, shown = replica.get("/audio-files/client-1:7")
        assert (status, shown["size"], shown["checksum"]) == (200, 1234, "ABCDEF01")


def test_a_registered_file_is_committed_when_the_client_is_told(database: str) -> None:
    with Replica("file-watcher", "2.4.0", database) as replica, psycopg.connect(database) as session:
        replica.ready().call("POST", "/audio-files", FILE)
        assert session.execute("SELECT size FROM audio_files WHERE id = 'client-1:7'").fetchone() == (1234,)


def test_checksums_in_capitals_are_stored_small_since_2_4_1(database: str) -> None:
    with Replica("file-watcher", "2.4.1", database) as replica:
        assert replica.ready().call("POST", "/audio-files", FILE)[1]["checksum"] == "abcdef01"


@pytest.mark.parametrize(
    "wrong",
    [{"id": "a b"}, {"id": 7}, {"path": ""}, {"size": -1}, {"size": True}, {"checksum": None}],
    ids=str,
)
def test_a_wrong_file_is_refused_with_the_field(database: str, wrong: dict[str, Any]) -> None:
    with Replica("file-watcher", "2.4.0", database) as replica:
        status, answer = replica.ready().call("POST", "/audio-files", {**FILE, **wrong})
        assert status == 400
        assert answer["error"].startswith(next(iter(wrong)))


def test_every_seeded_file_can_be_scanned_again(database: str) -> None:
    with Replica("file-watcher", "2.4.0", database) as replica:
        replica.ready()
        answers = [replica.call("POST", f"/audio-files/{n}/rescan") for n in range(1, 21)]
        assert {(status, body["settled"], body["changed"]) for status, body in answers} == {(200, True, False)}
        assert replica.call("POST", "/audio-files/21/rescan")[0] == 404


def test_a_local_file_is_really_looked_at(database: str, tmp_path: Path) -> None:
    local = tmp_path / "a.flac"
    local.write_bytes(b"x" * 100)
    with Replica("file-watcher", "2.4.0", database) as replica:
        _, registered = replica.ready().call("POST", "/audio-files", {**FILE, "path": str(local)})
        local.write_bytes(b"x" * 300)
        _, scanned = replica.call("POST", "/audio-files/client-1:7/rescan")
        assert registered["size"] == 100
        assert (scanned["size"], scanned["changed"]) == (300, True)
        assert replica.get("/audio-files/client-1:7")[1]["size"] == 300


def test_analysing_a_seeded_file_again_gives_what_the_seed_has(database: str) -> None:
    with Replica("analysis-service", "2.4.0", database) as replica:
        replica.ready()
        for n in range(1, 21):
            status, stored = replica.get(f"/audio-files/{n}/analysis")
            assert status == 200
            assert replica.call("POST", f"/audio-files/{n}/analysis") == (201, stored)


def test_no_file_or_no_analysis_is_not_found(database: str) -> None:
    with Replica("analysis-service", "2.4.0", database) as replica:
        assert replica.ready().get("/audio-files/none/analysis")[0] == 404
        assert replica.call("POST", "/audio-files/none/analysis")[0] == 404


@pytest.mark.parametrize("release", ["2.4.0", "2.6.0"])
def test_a_tracklist_keeps_its_order_and_repeats(database: str, migrated_for: Any, release: str) -> None:
    migrated_for(release)
    wanted = {"id": "set-x", "name": "Set X", "audio_file_ids": ["9", "2", "9", "4"]}
    with Replica("tracklist-service", release, database) as replica:
        assert replica.ready().call("POST", "/tracklists", wanted) == (201, wanted)
        assert replica.call("POST", "/tracklists", wanted)[0] == 409
        _, shown = replica.get("/tracklists/set-x")
        assert [(item["position"], item["audio_file_id"]) for item in shown["items"]] == [
            (1, "9"), (2, "2"), (3, "9"), (4, "4"),
        ]  # fmt: skip
        assert all(item["analysis"]["bpm"] > 0 for item in shown["items"])


def test_a_tracklist_of_an_unknown_file_leaves_nothing_behind(database: str) -> None:
    wanted = {"id": "set-x", "name": "Set X", "audio_file_ids": ["1", "none"]}
    with Replica("tracklist-service", "2.4.0", database) as replica:
        assert replica.ready().call("POST", "/tracklists", wanted)[0] == 422
        assert replica.get("/tracklists/set-x")[0] == 404


def test_a_tracklist_is_extended_at_its_end_since_2_6_0(database: str, migrated_for: Any) -> None:
    migrated_for("2.6.0")
    with Replica("tracklist-service", "2.6.0", database) as replica:
        added = replica.ready().call("POST", "/tracklists/1/items", {"audio_file_ids": ["20", "19"]})
        assert added == (201, {"id": "1", "audio_file_ids": ["20", "19"]})
        _, shown = replica.get("/tracklists/1")
        assert [item["audio_file_id"] for item in shown["items"][-3:]] == ["13", "20", "19"]


def test_a_notification_is_accepted_once_and_shown(database: str) -> None:
    notice = {"id": "n-x", "tracklist_id": "3", "channel": "slack", "message": "ready"}
    with Replica("notification-service", "2.4.0", database) as replica:
        assert replica.ready().call("POST", "/notifications", notice) == (201, notice)
        assert replica.call("POST", "/notifications", notice)[0] == 409
        assert replica.call("POST", "/notifications", {**notice, "id": "n-y", "channel": "fax"})[0] == 400
        assert replica.call("POST", "/notifications", {**notice, "id": "n-y", "tracklist_id": "z"})[0] == 422
        status, shown = replica.get("/notifications/n-x")
        assert (status, shown["message"]) == (200, "ready")
