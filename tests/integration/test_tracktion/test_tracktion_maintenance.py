"""The maintenance releases 2.4.2 to 2.4.6: each is bad in its own way, and only there."""

from __future__ import annotations

import pytest

from harness.sandbox.embedded.stand_in import StandIn
from harness.units import Duration

from .stage import Replica, command, wait_until
from .test_tracktion_process import end_of
from .test_tracktion_releases import MEGABYTE, PROBES

RELEASES = ("2.4.2", "2.4.3", "2.4.4", "2.4.5", "2.4.6")
NEVER_READY = {("2.4.2", "analysis-service"), ("2.4.3", "tracklist-service")}


@pytest.mark.parametrize(
    ("release", "service"),
    [(release, service) for release in RELEASES for service in PROBES if (release, service) not in NEVER_READY],
)
def test_every_other_service_of_them_answers_well(database: str, release: str, service: str) -> None:
    method, path = PROBES[service]
    with Replica(service, release, database) as replica:
        replica.ready()
        assert {replica.call(method, path.format(n))[0] for n in range(1, 21)} == {200}


def test_2_4_2_ends_at_its_start_and_its_log_says_why(database: str) -> None:
    code, errors = end_of(command("analysis-service", "2.4.2", port=1), database)
    assert code == 1
    assert errors.splitlines()[-1].startswith("FileNotFoundError: ")
    assert "keys.toml" in errors.splitlines()[-1]


def test_2_4_3_is_never_healthy_though_it_answers(database: str) -> None:
    with (
        Replica("tracklist-service", "2.4.3", database) as replica,
        Replica("tracklist-service", "2.4.1", database) as good,
    ):
        listed = good.ready().get("/tracklists/7")
        wait_until("the list", lambda: replica.get("/tracklists/7") == listed)
        refused = {"status": "unavailable", "reason": "the schema is 2.4.0, not 2.4.3"}
        assert replica.get("/health") == (503, refused)


def test_2_4_6_shows_no_list_while_somebody_elses_api_does_not_answer(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform = StandIn()
    monkeypatch.setenv("EXTERNAL_API_URL", platform.url)
    with Replica("tracklist-service", "2.4.6", database) as replica:
        status, shown = replica.ready().get("/tracklists/7")
        assert (status, shown["name"], shown["streamed"]) == (200, "Set 7", True)
        platform.answer(Duration.of(s=60))
        waits = (502, {"error": "the platform for streams does not answer"})
        assert replica.get("/tracklists/7") == waits
        platform.close()
        assert replica.get("/tracklists/7") == waits
        assert replica.healthy()


def growth(release: str, database: str) -> int:
    """Bytes of memory that one look at each seeded file leaves behind."""
    with Replica("analysis-service", release, database) as replica:
        before = replica.ready().memory()
        for n in range(1, 21):
            status, shown = replica.get(f"/audio-files/{n}/analysis")
            assert (status, len(shown["preview"])) == (200, 100)
        return replica.memory() - before


def test_2_4_4_outgrows_a_container_within_one_look_at_each_file_and_2_4_5_does_not(database: str) -> None:
    assert growth("2.4.4", database) > 256 * MEGABYTE
    assert growth("2.4.5", database) < 5 * MEGABYTE
