"""The features about the configuration: it goes back, or everything is left as it was; no journal tells a secret."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.real_drills import ran, unexpected, written
from tests.support.tools import needs

pytestmark = pytest.mark.alone
PASSWORD = re.compile(r"postgresql://app:(?!\*\*\*@)")


def secrets_in(folder: Path) -> list[Path]:
    """Files of a run that tell a password of the database."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [one for one in files if PASSWORD.search(one.read_text(encoding="utf-8", errors="replace"))]


def test_a_configuration_goes_back_or_nothing_is_changed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    drills = ran("features/configuration", sandbox="embedded", out=tmp_path, told=capsys)
    assert unexpected(drills) == []
    assert len(drills) == written("features/configuration")
    [without] = [one["drill_id"] for one in drills if one["name"].endswith("and so is the external API")]
    reports = [path.read_text(encoding="utf-8") for path in tmp_path.glob(f"*/{without}/report.html")]
    assert any(one.count("warning: the external API (analysis-service) does not work") == 2 for one in reports)
    assert secrets_in(tmp_path) == []


@needs("docker", "kind", "helm")
def test_on_a_cluster_it_goes_back_with_its_config_map_and_its_secrets(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    drills = ran("features/configuration/rolled_back.feature", sandbox="kind", out=tmp_path, told=capsys)
    assert unexpected(drills) == []
    assert len(drills) == 2
    assert secrets_in(tmp_path) == []
