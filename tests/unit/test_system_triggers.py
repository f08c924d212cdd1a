"""[[triggers]] of drill.toml: every mistake in them with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import ConfigurationError
from harness.system.load import load_system
from harness.system.model import SystemModel
from harness.units import Duration

SYSTEM = """\
name = "shop"
releases = { path = "{version}", current = "1.0" }
services.web = { command = ["web"], probe = { path = "/" } }

[[checks]]
name = "the shop is open"
service = "web"
path = "/state"

"""
TRIGGER = """\
[[triggers]]
name = "the shop is closed"
kind = "business impact"
check = "the shop is open"
for = "5 min"
"""


def loaded(folder: Path, text: str) -> SystemModel:
    path = folder / "drill.toml"
    path.write_text(text, encoding="utf-8")
    return load_system(path)


def test_a_trigger_names_a_check_and_its_time(tmp_path: Path) -> None:
    [found] = loaded(tmp_path, SYSTEM + TRIGGER).triggers
    assert (found.check, found.hold, found.severity) == ("the shop is open", Duration.of(s=300), None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (TRIGGER.replace("the shop is open", "it rains"), "there is no check 'it rains'; there are 'the shop is open'"),
        (TRIGGER + TRIGGER, "there is a trigger 'the shop is closed' already"),
        (TRIGGER.replace('check = "the shop is open"', "orphans = true"), "orphans are rows of a [database]"),
        (TRIGGER.replace("business impact", "bad luck"), "'data corruption'"),
        (TRIGGER + 'file = "x"\n', "exactly one of 'check', 'file' and 'orphans = true'"),
    ],
)
def test_a_mistake_is_told_where_it_stands(tmp_path: Path, text: str, expected: str) -> None:
    with pytest.raises(ConfigurationError) as error:
        loaded(tmp_path, SYSTEM + text)
    assert expected in str(error.value)
    assert "drill.toml:" in str(error.value)
