"""A tag of a git repository as a configuration: exactly what was committed, whatever settings and filters there are."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from harness.errors import InputError
from harness.rollback.configuration import source as sources
from harness.rollback.configuration.actions import ConfigurationTag
from harness.system.bundle import Bundle
from harness.system.configuration_model import ConfigurationTable
from tests.integration.test_configuration_sources import git
from tests.support.sandboxes import echo

NONE = Bundle({})


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    (folder / "config").mkdir(parents=True)
    git(folder, "init", "--quiet")
    return folder


def read(repository: Path) -> dict[str, bytes]:
    """What a service is given of everything that is committed now."""
    git(repository, "add", ".")
    git(repository, "commit", "--quiet", "-m", "all")
    git(repository, "tag", "v1")
    table = ConfigurationTable(repository="repository", path="config")
    model = echo().model_copy(update={"configuration": table}).at(repository.parent)
    goal = ConfigurationTag("v1")
    source = sources.found(goal, model, None)  # type: ignore[arg-type]  # a tag asks nothing of a sandbox
    target = sources.read(source, model, None).of("echo", NONE)  # type: ignore[arg-type]
    assert target is not None
    return dict(target.files)


def test_no_filter_attribute_or_setting_changes_what_was_committed(repository: Path) -> None:
    files = {"a.toml": b"a = 1\n", "b.toml": b"b = 1\n", "c.toml": b"c = 1\n", "sub/d.toml": b"d = '$Id$'\n"}
    attributes = b"a.toml filter=evil\nb.toml export-ignore\n*.toml text\n"
    for path, content in {**files, ".gitattributes": attributes}.items():
        (repository / "config" / path).parent.mkdir(exist_ok=True)
        (repository / "config" / path).write_bytes(content)
    git(repository, "config", "core.autocrlf", "true")
    git(repository, "config", "filter.evil.smudge", f"touch {repository.parent}/ran; echo evil")
    assert read(repository) == {**files, ".gitattributes": attributes}
    assert not (repository.parent / "ran").exists()


def test_a_link_in_a_tag_is_never_followed(repository: Path) -> None:
    (repository / "config" / "a.toml").symlink_to("/etc/passwd")
    with pytest.raises(InputError, match=r"a\.toml is a link"):
        read(repository)


def test_what_is_too_large_is_not_even_read(repository: Path) -> None:
    with (repository / "config" / "a.toml").open("wb") as file:
        os.truncate(file.fileno(), 20 * 1024 * 1024)
    with pytest.raises(InputError, match="more than"):
        read(repository)
