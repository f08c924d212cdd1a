"""How an image comes to a machine: left, pulled or built; with an engine of the test's own."""

from __future__ import annotations

import importlib.util
import re
import sys
import tomllib
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

REPOSITORY = Path(__file__).parents[2]


def _load() -> ModuleType:
    path = REPOSITORY / "fixtures/images/build.py"
    spec = importlib.util.spec_from_file_location("images_build", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


build: Any = _load()


class Engine:
    """Records what is asked of it."""

    def __init__(self, *, pulls: bool) -> None:
        self.pulls = pulls
        self.did: list[str] = []

    def pull(self, name: str) -> bool:
        self.did.append(f"pull {name}")
        return self.pulls

    def build(self, image: Any, fingerprint: str) -> None:
        self.did.append(f"build {image.name} {fingerprint}")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "Dockerfile").write_text("FROM base:1 AS first\nRUN x\n\nFROM other:2\nCOPY --from=first /x /x\n")
    return tmp_path


def provide(folder: Path, there: dict[str, Any], *, public: bool = False, pulls: bool = False) -> tuple[str, list[str]]:
    engine = Engine(pulls=pulls)
    image = build.Image("thing:1", folder, public=public)
    return build.provide(engine, image, there).split(" ")[0], engine.did


def test_an_image_that_was_pulled_stays(folder: Path) -> None:
    assert provide(folder, {"thing:1": build.Found("id", None)}, public=True) == ("there", [])


def test_an_image_that_was_built_from_the_same_folder_stays(folder: Path) -> None:
    print_now = build.Image("thing:1", folder).fingerprint({})
    assert provide(folder, {"thing:1": build.Found("id", print_now)}) == ("there", [])


def test_an_image_whose_folder_changed_is_built_again_and_not_pulled(folder: Path) -> None:
    there = {"thing:1": build.Found("id", build.Image("thing:1", folder).fingerprint({}))}
    (folder / "Dockerfile").write_text("FROM base:1\n")
    how, did = provide(folder, there, public=True, pulls=True)
    assert how == "built"
    assert [one.split(" ")[0] for one in did] == ["build"]


def test_what_does_not_go_into_an_image_does_not_have_it_built_again(folder: Path) -> None:
    (folder / "code").mkdir()
    image = build.Image("thing:1", folder, parts=("Dockerfile", "code"))
    before = image.fingerprint({})
    (folder / "README.md").write_text("for people")
    (folder / "code/__pycache__").mkdir()
    (folder / "code/__pycache__/x.pyc").write_text("")
    assert image.fingerprint({}) == before
    (folder / "code/x.py").write_text("")
    assert image.fingerprint({}) != before


def test_an_image_whose_base_changed_is_built_again(folder: Path) -> None:
    image = build.Image("thing:1", folder)
    bases = {"base:1": build.Found("a", None), "other:2": build.Found("b", None)}
    there = {**bases, "thing:1": build.Found("id", image.fingerprint(bases))}
    assert provide(folder, there)[0] == "there"
    assert provide(folder, {**there, "base:1": build.Found("c", None)})[0] == "built"


def test_a_public_image_is_pulled_where_that_works(folder: Path) -> None:
    assert provide(folder, {}, public=True, pulls=True) == ("pulled", ["pull thing:1"])


def test_a_public_image_that_cannot_be_pulled_is_built(folder: Path) -> None:
    how, did = provide(folder, {}, public=True)
    assert how == "built"
    assert [one.split(" ")[0] for one in did] == ["pull", "build"]


def test_an_image_of_this_project_is_never_looked_for_elsewhere(folder: Path) -> None:
    how, did = provide(folder, {}, pulls=True)
    assert how == "built"
    assert [one.split(" ")[0] for one in did] == ["build"]


def test_after_a_pull_that_failed_no_other_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def refuse(command: list[str], **_: Any) -> Any:
        asked.append(command[-1])
        return build.subprocess.CompletedProcess(command, 1, "", "no such host")

    monkeypatch.setattr(build, "_run", refuse)
    docker = build.Docker()
    assert [docker.pull("a:1"), docker.pull("b:1")] == [False, False]
    assert asked == ["a:1"]


def test_an_engine_that_does_not_answer_is_said_with_the_exit_code_for_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(build.shutil, "which", lambda _: "/usr/bin/docker")
    down = build.subprocess.CompletedProcess([], 1, "", "Cannot connect to the Docker daemon")
    monkeypatch.setattr(build, "_run", lambda *_, **__: down)
    assert build.main() == 69
    assert "Cannot connect to the Docker daemon" in capsys.readouterr().err


def test_a_machine_without_docker_is_told_where_to_read(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(build.shutil, "which", lambda _: None)
    assert build.main() == 69
    assert "docs/kind.md" in capsys.readouterr().err


def test_a_time_out_is_an_answer() -> None:
    done = build._run([sys.executable, "-c", "import time; time.sleep(60)"], within=0.01)
    assert (done.returncode, done.stderr) == (1, "no end after 0 s")


def test_images_get_pips_settings_and_the_environment_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in build.PIP_SETTINGS:
        monkeypatch.delenv(name, raising=False)
    listed = "global.cert='/etc/ca.crt'\nglobal.index-url='a'\nglobal.timeout='9'\ninstall.trusted-host='h'\n"
    monkeypatch.setattr(build, "_run", lambda *_, **__: build.subprocess.CompletedProcess([], 0, listed, ""))
    assert build.pip_settings() == {"PIP_CERT": "/etc/ca.crt", "PIP_INDEX_URL": "a", "PIP_TRUSTED_HOST": "h"}
    monkeypatch.setenv("PIP_INDEX_URL", "b")
    assert build.pip_settings()["PIP_INDEX_URL"] == "b"


def test_every_image_has_its_dockerfile_and_is_made_after_what_it_is_built_on() -> None:
    made = [build.BASE]
    for image in build.IMAGES:
        assert set(image.bases) <= set(made), image.name
        made.append(image.name)


def test_every_release_of_the_sample_system_has_an_image_but_the_one_that_drills_want_missing() -> None:
    names = {image.name for image in build.IMAGES}
    folders = (REPOSITORY / "fixtures/tracktion/releases").iterdir()
    assert {f"tracktion:{folder.name}" for folder in folders} - names == {"tracktion:2.4.5"}


@pytest.mark.parametrize("image", ["python", "drill"])
def test_what_runs_in_an_image_runs_on_the_same_packages_without(image: str) -> None:
    pinned = re.compile(r"^([a-z-]+)==(\S+)", re.MULTILINE)
    locked = dict(pinned.findall((REPOSITORY / "requirements.txt").read_text(encoding="utf-8")))
    found = dict(pinned.findall((REPOSITORY / f"fixtures/images/{image}/requirements.txt").read_text(encoding="utf-8")))
    assert found
    assert {name: version for name, version in found.items() if locked.get(name) != version} == {}


def test_an_image_is_made_of_its_parts_only(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    for name in ("code/x.py", "code/__pycache__/x.pyc", "other/secret"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    to = tmp_path_factory.mktemp("context")
    build.Image("thing:1", folder, parts=("Dockerfile", "code")).copied(to)
    assert sorted(str(path.relative_to(to)) for path in to.rglob("*") if path.is_file()) == ["Dockerfile", "code/x.py"]


def test_the_image_of_drill_has_all_that_its_package_is_made_of() -> None:
    [image] = (one for one in build.IMAGES if one.name == "rollback-drill/drill:1")
    wheel = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]["build"]
    target = wheel["targets"]["wheel"]
    assert {*target["packages"], *target["force-include"]} <= set(image.parts)


def test_the_image_of_drill_has_every_package_that_drill_needs() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needed = {re.split(r"[\[>=]", one)[0] for one in project["dependencies"]}
    locked = (REPOSITORY / "fixtures/images/drill/requirements.txt").read_text(encoding="utf-8")
    assert needed <= set(re.findall(r"^([a-z0-9-]+)==", locked, re.MULTILINE))
