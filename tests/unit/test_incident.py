"""`drill new`: whatever happened, the feature that is written has no mistake."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.bdd.lint.feature import FeatureText, lint_feature
from harness.bdd.vocabulary import own_steps
from harness.cli.incident import CURES, DEEDS, OF_TABLES, SYMPTOMS, Done, Incident, Symptom, feature_text, usual_title
from harness.cli.new import in_order
from harness.system.load import load_system
from tests.support.commands import ECHO, TRACKTION

STEPS = own_steps()
OF_SERVICES = [(symptom, done) for symptom in (Symptom.ERRORS, Symptom.DOWN, Symptom.SLOW) for done in CURES[symptom]]
ALL = [(symptom, done) for symptom in Symptom for done in CURES[symptom]]


def written(folder: Path, system: Path, incident: Incident) -> FeatureText:
    path = folder / incident.file_name
    path.write_text(feature_text(incident, load_system(system)), encoding="utf-8")
    return FeatureText(path, path.name, STEPS, system, "drill.toml")


@pytest.mark.parametrize(("symptom", "done"), ALL)
def test_every_incident_of_the_sample_system_is_a_feature_without_a_mistake(
    tmp_path: Path, symptom: Symptom, done: Done
) -> None:
    since, before = ("2.6.0", "2.4.0") if symptom is Symptom.MIGRATED else ("2.5.0", "2.4.0")
    table = "tracklist_items" if symptom in OF_TABLES else ""
    incident = Incident("What happened", "analysis-service", symptom, since, before, done, table)
    assert lint_feature(written(tmp_path, TRACKTION, incident)) == ()


@pytest.mark.parametrize(("symptom", "done"), OF_SERVICES)
def test_a_system_without_a_database_has_features_too(tmp_path: Path, symptom: Symptom, done: Done) -> None:
    title = usual_title("echo", symptom, "2.0.0")
    incident = Incident(title, "echo", symptom, "2.0.0", "1.0.0", done)
    assert lint_feature(written(tmp_path, ECHO, incident)) == ()


def test_every_symptom_and_every_deed_has_words_and_a_use() -> None:
    assert set(SYMPTOMS) == set(Symptom) == set(CURES)
    assert set(DEEDS) == set(Done) == {done for cures in CURES.values() for done in cures}


@pytest.mark.parametrize(
    ("title", "name"),
    [("Checkout fails!", "checkout_fails.feature"), ("Äö", "incident.feature"), ("x" * 99, "x" * 60 + ".feature")],
)
def test_a_feature_is_named_after_its_incident(title: str, name: str) -> None:
    assert Incident(title, "web", Symptom.DOWN, "1", "1", Done.TRAFFIC).file_name == name


def test_versions_are_in_the_order_of_their_numbers() -> None:
    assert in_order(["2.10.0", "2.9.1", "2.9", "1.0-rc1", "v3"]) == ["1.0-rc1", "2.9", "2.9.1", "2.10.0", "v3"]
