"""The service of a gate's world: started by its link, asked for by `systemctl`, seen by its clients."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.gate import goods, unit
from harness.gate.service import CURRENT, RELEASES, UNIT, Service, lay_releases
from harness.gate.variation import Release


def served(folder: Path, target: Release) -> Service:
    lay_releases(folder, (goods.TARGET, goods.CURRENT), target)
    return Service(folder)


@pytest.fixture
def service(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Service]:
    made = served(tmp_path, getattr(request, "param", Release.GOOD))
    made.start()
    yield made
    made.stop()


def systemctl(service: Service, *words: str) -> tuple[int, str]:
    command = [sys.executable, "-I", "-S", unit.__file__, str(service.control), *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    return done.returncode, (done.stdout or done.stderr).strip()


def switch(service: Service) -> None:
    link = service.folder / CURRENT
    link.unlink()
    link.symlink_to(f"{RELEASES}/{goods.TARGET}")


def test_a_release_is_live_once_the_link_leads_to_it_and_the_service_was_restarted(service: Service) -> None:
    switch(service)
    assert (service.look().leads_to, service.look().version) == (goods.TARGET, goods.CURRENT)
    assert systemctl(service, "--quiet", "restart", f"{UNIT}.service") == (0, "")
    assert (service.look().leads_to, service.look().version) == (goods.TARGET, goods.TARGET)
    service.wait_until_served()
    assert service.probes[-1].good_target


def test_it_stops_and_starts(service: Service) -> None:
    assert systemctl(service, "is-active", UNIT) == (0, "active")
    assert systemctl(service, "stop", UNIT) == (0, "")
    assert service.look().version == ""
    assert systemctl(service, "is-active", UNIT) == (3, "inactive")
    assert systemctl(service, "start", UNIT) == (0, "")
    assert service.look().version == goods.CURRENT


@pytest.mark.parametrize("service", [Release.BROKEN], indirect=True)
def test_a_release_that_does_not_start_is_told(service: Service) -> None:
    switch(service)
    assert systemctl(service, "restart", UNIT) == (1, f"Failed to restart {UNIT}.service: it is not healthy.")
    assert service.look().version == ""
    assert systemctl(service, "is-active", UNIT)[0] == 3


def test_other_services_are_none_of_its_business(service: Service) -> None:
    code, text = systemctl(service, "restart", "billing")
    assert (code, "not found" in text) == (5, True)
    assert service.look().foreign == ("systemctl restart billing",)
    assert service.look().version == goods.CURRENT


def test_a_release_that_is_missing_is_not_laid(tmp_path: Path) -> None:
    lay_releases(tmp_path, (goods.TARGET, goods.CURRENT), Release.MISSING)
    assert [path.name for path in (tmp_path / RELEASES).iterdir()] == [goods.CURRENT]
