"""What a release comes with: the digests of its configuration, and the schema that it runs with."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from harness.errors import ConfigurationError, NotFound
from harness.system.model import SystemModel
from harness.system.releases import digests, schema_of
from tests.support.commands import REPOSITORY


def model(root: Path, **releases: object) -> SystemModel:
    document = {
        "name": "shop",
        "services": {"web": {"command": ["web"], "probe": {"path": "/"}}},
        "releases": {"path": "releases/{version}", "current": "1.0", **releases},
    }
    return SystemModel.model_validate(document).at(root)


def test_every_file_of_a_folder_has_its_digest_by_its_path(tmp_path: Path) -> None:
    (tmp_path / "deep/er").mkdir(parents=True)
    (tmp_path / "a.toml").write_bytes(b"a = 1\r\n")
    (tmp_path / "deep/er/b").write_bytes(b"\xff")
    assert digests(tmp_path) == {
        "a.toml": hashlib.sha256(b"a = 1\r\n").hexdigest(),
        "deep/er/b": hashlib.sha256(b"\xff").hexdigest(),
    }


def test_a_folder_that_is_not_there_is_not_an_empty_one(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="there is no such folder"):
        digests(tmp_path / "nothing")


def test_a_release_says_which_schema_it_runs_with() -> None:
    where = {"file": "releases/{version}/release.toml", "field": "schema"}
    tracktion = model(REPOSITORY / "fixtures/tracktion", schema=where)
    assert [schema_of(tracktion, version) for version in ("2.4.0", "2.5.3", "2.6.0")] == ["2.4.0", "2.4.0", "2.6.0"]


@pytest.mark.parametrize(
    ("content", "error", "message"),
    [
        ('{"schema": "7"}', None, ""),
        ('{"other": "7"}', ConfigurationError, "schema: expected the version of the release's schema as text"),
        ('{"schema": 7}', ConfigurationError, "expected the version of the release's schema as text"),
        ('{"schema": ""}', ConfigurationError, "expected the version of the release's schema as text"),
        ('["schema"]', ConfigurationError, "expected the version of the release's schema as text"),
        ("{", ConfigurationError, "1.0.json: neither TOML nor JSON"),
        (None, NotFound, r"1.0.json: cannot be read: No such file or directory; drill.toml names it in \[releases\]"),
    ],
)
def test_a_schema_that_is_not_said_is_a_mistake_with_its_file(
    tmp_path: Path, content: str | None, error: type[Exception] | None, message: str
) -> None:
    shop = model(tmp_path, schema={"file": "{version}.json", "field": "schema"})
    if content is not None:
        (tmp_path / "1.0.json").write_text(content)
    if error is None:
        assert schema_of(shop, "1.0") == "7"
    else:
        with pytest.raises(error, match=message):
            schema_of(shop, "1.0")


def test_a_system_that_does_not_say_where_the_schema_is_written_is_told_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"does not say which schema a release runs with; 'schema' of"):
        schema_of(model(tmp_path), "1.0")
