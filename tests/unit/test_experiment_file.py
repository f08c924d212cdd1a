"""What an experiment's file says: what is refused before a drill begins, and the way back that is made of it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from harness.errors import ConfigurationError, InputError, NotFound
from harness.faults.experiment import Experiment
from harness.faults.experiments.file import ExperimentFile
from harness.system.load import load_system
from tests.support.sandboxes import ECHO

STOP = {"type": "action", "name": "stop", "provider": {"type": "process", "path": "true"}}
START = {"type": "action", "name": "start", "provider": {"type": "http", "url": "http://localhost/start"}}
WHOLE: dict[str, Any] = {"title": "t", "description": "d", "method": [STOP], "rollbacks": [START]}


def written(folder: Path, content: object, name: str = "chaos.json") -> ExperimentFile:
    (folder / name).write_text(content if isinstance(content, str) else json.dumps(content))
    return ExperimentFile.read(folder, name)


def test_an_experiment_is_known_by_the_digest_of_its_file(tmp_path: Path) -> None:
    found = written(tmp_path, WHOLE)
    assert found.document == WHOLE
    assert found.digest == hashlib.sha256((tmp_path / "chaos.json").read_bytes()).hexdigest()


def test_yaml_says_the_same_as_json(tmp_path: Path) -> None:
    text = "title: t\ndescription: d\nmethod:\n- {type: action, name: a, provider: {type: process, path: 'true'}}\n"
    assert written(tmp_path, text, "chaos.yaml").document["method"][0]["name"] == "a"


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ("{", "is not JSON"),
        ("[]", "is no experiment"),
        ({**WHOLE, "title": ""}, "has no 'title'"),
        ({**WHOLE, "method": []}, "has no method, so it would change nothing"),
        ({**WHOLE, "method": {}}, "'method' is no list"),
        ({**WHOLE, "rollbacks": ["x"]}, "'rollbacks' is no list of activities"),
        ({**WHOLE, "secrets": []}, "'secrets' is no table"),
        ({**WHOLE, "method": [{"type": "action", "name": "a"}]}, "method, activity 1: expected a 'provider'"),
        ({**WHOLE, "rollbacks": [START, {**STOP, "type": "x"}]}, "rollbacks, activity 2: expected a 'name', and"),
        ({**WHOLE, "rollbacks": [{"ref": "x"}]}, "refers to 'x', and there is no such activity"),
        ({**WHOLE, "configuration": {"pid": {**STOP, "type": "probe"}}}, "'pid' is found by a probe"),
        ({**WHOLE, "secrets": {"cloud": {"api_token": "s3cr3t-t0ken"}}}, "the secret 'api_token' stands in the file"),
    ],
)
def test_what_cannot_be_run_and_taken_back_is_refused(tmp_path: Path, said: object, wrong: str) -> None:
    with pytest.raises(InputError, match=r"chaos\.json: ") as refused:
        written(tmp_path, said)
    assert wrong in str(refused.value)
    assert "s3cr3t" not in str(refused.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"none\.json: there is no such experiment"):
        ExperimentFile.read(tmp_path, "none.json")


def test_the_way_back_has_no_method_and_holds_what_it_refers_to(tmp_path: Path) -> None:
    probe = {"type": "probe", "name": "look", "provider": {"type": "process", "path": "true"}}
    state = {"title": "s", "probes": [{**probe, "tolerance": 0}]}
    said = {**WHOLE, "steady-state-hypothesis": state, "method": [STOP, probe], "rollbacks": [START, {"ref": "stop"}]}
    back = written(tmp_path, {**said, "configuration": {"a": 1}}).only_rollbacks
    assert back == {
        "title": "t",
        "description": "d",
        "configuration": {"a": 1},
        "method": [],
        "rollbacks": [START, STOP],
    }


def test_the_variables_that_it_names_are_known_and_which_of_them_are_secret(tmp_path: Path) -> None:
    said = {
        **WHOLE,
        "configuration": {"host": {"type": "env", "key": "HOST"}, "port": 1},
        "secrets": {"cloud": {"token": {"type": "env", "key": "TOKEN"}, "context": "staging"}},
    }
    found = written(tmp_path, said)
    assert (found.names, found.secrets) == (("HOST",), ("TOKEN",))


def test_only_what_drill_toml_lists_is_run() -> None:
    model = load_system(ECHO)
    assert Experiment.of(model, "experiments/pause.json").service == "echo"
    with pytest.raises(InputError, match=r"does not allow the experiment x\.json.*add \[\[chaostoolkit\.experiments"):
        Experiment.of(model, "x.json")


@pytest.mark.parametrize(
    ("lines", "wrong"),
    [
        ('file = "a.txt"', "expected a .json or .yaml file below"),
        ('file = "a.json"\nservice = "none"', "there is no service 'none'"),
        ('file = "a.json"\nslower = 3.0', "what becomes slower is a service"),
        ('file = "a.json"\nservice = "echo"\nslower = 1.0', "1 times slower is not slower"),
        ('file = "experiments/pause.json"', "experiments/pause.json is listed already"),
    ],
)
def test_a_wrong_entry_is_answered_with_its_line(tmp_path: Path, lines: str, wrong: str) -> None:
    path = tmp_path / "drill.toml"
    path.write_text(f"{ECHO.read_text()}\n[[chaostoolkit.experiments]]\n{lines}\n")
    with pytest.raises(ConfigurationError, match=rf"drill\.toml:\d+: chaostoolkit\.experiments.*{wrong}"):
        load_system(path)
