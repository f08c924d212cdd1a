"""What the gate reads in a script's text, and what is published of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from harness.gate.cases import NAMES
from harness.gate.contract import Contract
from harness.gate.findings import FINDINGS, Kind
from harness.gate.schema import schemas
from harness.gate.static import RULES, Rule, check
from harness.report.assets import assets

DOCUMENTED = Path(__file__).parents[2].joinpath("docs", "gate.md").read_text(encoding="utf-8")
OWN_LINE = ("goes-on", "no-confirmation")  # they are about the whole script, and told at its first line


def script(folder: Path, *lines: str) -> Path:
    path = folder / "rollback.sh"
    path.write_text("\n".join(("#!/bin/bash", *lines)) + "\n")
    return path


def found(path: Path) -> set[str]:
    return {one.id for one in check(path)}


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_finds_its_own_example(rule: str, tmp_path: Path) -> None:
    example = RULES[rule].example
    assert rule in found(script(tmp_path, *[line for line in example.splitlines() if not line.startswith("#!")]))


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule not in OWN_LINE])
def test_every_rule_is_silenced_by_a_reason(rule: str, tmp_path: Path) -> None:
    lines = [
        line
        for code in RULES[rule].example.splitlines()
        for line in (f"# gate: allow {rule} because it is tried elsewhere", code)
    ]
    assert rule not in found(script(tmp_path, *lines))


def test_a_rule_of_the_whole_script_is_silenced_below_its_first_line(tmp_path: Path) -> None:
    assert "no-confirmation" in found(script(tmp_path, "true"))
    assert "no-confirmation" not in found(script(tmp_path, "# gate: allow no-confirmation because only CI calls it"))


def test_silence_without_a_reason_is_none(tmp_path: Path) -> None:
    told = found(script(tmp_path, "# gate: allow swallowed", "false || true"))
    assert {"swallowed", "allow-without-reason"} <= told


def test_a_rule_that_is_not_there_cannot_be_silenced(tmp_path: Path) -> None:
    assert "allow-unknown" in found(script(tmp_path, "# gate: allow swalowed because of a typing error"))


def test_shellcheck_is_asked(tmp_path: Path) -> None:
    assert "SC2086" in found(script(tmp_path, "set -eu", "rm $1"))


def test_what_is_no_shell_script_has_no_text_to_look_at(tmp_path: Path) -> None:
    path = tmp_path / "rollback"
    path.write_bytes(b"\x7fELF\xff\xfe")
    assert check(path) == ()
    path.write_text("#!/usr/bin/env python3\n# psql -f x || true\n")
    assert check(path) == ()


@pytest.mark.parametrize("name", [*FINDINGS, *RULES, *NAMES])
def test_whatever_has_a_name_is_documented(name: str) -> None:
    assert f"`{name}`" in DOCUMENTED or f"`{name}-" in DOCUMENTED


@pytest.mark.parametrize("kind", FINDINGS.values())
def test_findings_are_documented_as_they_are_told(kind: Kind) -> None:
    assert kind.title in DOCUMENTED
    assert kind.advice in DOCUMENTED


@pytest.mark.parametrize("rule", RULES.values())
def test_rules_are_documented_as_they_are_told(rule: Rule) -> None:
    assert f"{rule.sentence} | {rule.advice} |" in DOCUMENTED


@pytest.mark.parametrize("variable", Contract.model_fields)
def test_every_variable_of_the_contract_is_documented(variable: str) -> None:
    assert f"`{variable.upper()}`" in DOCUMENTED


@pytest.mark.parametrize("name", schemas())
def test_the_published_schemas_are_those_of_the_models(name: str) -> None:
    text = schemas()[name]
    Draft202012Validator.check_schema(json.loads(text))
    published = (assets("schema") / name).read_text(encoding="utf-8")
    assert published == text, f"{name} is stale: run python -m harness.gate.schema"
