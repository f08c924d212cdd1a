import importlib.util
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

TRACKTION = Path(__file__).resolve().parents[2] / "fixtures" / "tracktion"
SERVICES = ("file-watcher", "analysis-service", "tracklist-service", "notification-service")
VERSIONS = sorted(folder.name for folder in (TRACKTION / "releases").iterdir())
SEEDED = re.compile(r"\('(\d+)', '\S+', \d+, '([0-9a-f]{64})'")
ANALYSED = re.compile(r"\('(\d+)', (\d+\.\d\d), '([^']+)', (\d+)")


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """serve.py as a module, whose additions to the import path go away with the test."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    spec = importlib.util.spec_from_file_location("tracktion_serve", TRACKTION / "serve.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "tracktion_serve", module)  # dataclasses look their module up
    spec.loader.exec_module(module)
    yield module
    for name in [name for name in sys.modules if name.startswith("tracktion_2")]:
        del sys.modules[name]


def load(serve: ModuleType, release: str, service: str, file: Path) -> Any:
    found = serve.read_release(release)
    return found.module("config").load(file, found.module(service.replace("-", "_")).Config)


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("version", VERSIONS)
def test_every_release_accepts_its_own_configuration(serve: ModuleType, version: str, service: str) -> None:
    assert load(serve, version, service, TRACKTION / "config" / version / f"{service}.toml").database


def test_a_release_reaches_back_to_the_first_one(serve: ModuleType) -> None:
    chain = ("2.6.0", "2.5.3", "2.5.2", "2.5.1", "2.5.0", "2.4.1", "2.4.0")
    assert serve.read_release("2.6.0").chain == chain


def test_a_module_comes_from_the_newest_release_that_has_it(serve: ModuleType) -> None:
    release = serve.read_release("2.5.3")
    packages = [release.module(service.replace("-", "_")).__package__ for service in SERVICES]
    assert packages == ["tracktion_2_4_1", "tracktion_2_5_2", "tracktion_2_5_3", "tracktion_2_5_3"]
    with pytest.raises(ModuleNotFoundError, match="no module player"):
        release.module("player")


def test_maintenance_releases_leave_out_what_was_wrong_with_the_one_before(serve: ModuleType) -> None:
    chains = {version: serve.read_release(version).chain for version in VERSIONS if "2.4.1" < version < "2.5"}
    assert chains == {
        "2.4.2": ("2.4.2", "2.4.1", "2.4.0"),
        "2.4.3": ("2.4.3", "2.4.1", "2.4.0"),
        "2.4.4": ("2.4.4", "2.4.1", "2.4.0"),
        "2.4.5": ("2.4.5", "2.4.4", "2.4.1", "2.4.0"),
        "2.4.6": ("2.4.6", "2.4.1", "2.4.0"),
    }


def test_only_the_image_of_2_4_5_was_never_built() -> None:
    spec = importlib.util.spec_from_file_location("images_build", TRACKTION.parent / "images" / "build.py")
    assert spec is not None
    assert spec.loader is not None
    build = importlib.util.module_from_spec(spec)
    sys.modules["images_build"] = build  # dataclasses look their module up
    try:
        spec.loader.exec_module(build)
    finally:
        del sys.modules["images_build"]
    built = {image.arguments["VERSION"] for image in build.releases(TRACKTION, "tracktion")}
    assert set(VERSIONS) - built == {"2.4.5"}


def test_2_4_2_misses_the_file_that_it_reads_at_its_start(serve: ModuleType) -> None:
    service = serve.read_release("2.4.2").module("analysis_service")
    config = load(serve, "2.4.2", "analysis-service", TRACKTION / "config" / "2.4.2" / "analysis-service.toml")
    with pytest.raises(FileNotFoundError, match=r"keys\.toml"):
        service.Service(config, None)


def test_2_4_4_keeps_more_for_the_seeded_files_than_a_container_has_and_2_4_5_shows_the_same(
    serve: ModuleType,
) -> None:
    serve.read_release("2.4.5")
    kept, made = (importlib.import_module(f"tracktion_{version}.loudness") for version in ("2_4_4", "2_4_5"))
    curve = kept.loudness("1", 120.0, 80)
    assert 20 * len(curve) * curve.itemsize > 256 << 20
    assert kept.loudness.cache_info().maxsize >= 20
    assert (max(curve), len(made.preview(120.0, 80)), max(made.preview(120.0, 80))) == (80, kept.POINTS, 80)
    kept.loudness.cache_clear()


@pytest.mark.parametrize("version", ["1.0.0", "", "..", "../2.4.0"])
def test_a_release_that_is_not_there_is_named(serve: ModuleType, version: str) -> None:
    with pytest.raises(serve.UnknownReleaseError, match="no release"):
        serve.read_release(version)


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        ("settle_ms = 45", "watcher: expected a table|watcher: missing|settle_ms: unknown key"),
        ("[watcher]\nsettle_ms = true", "watcher.settle_ms: expected a number from 0 to 10000, found True"),
        ("[watcher]\nsettle_ms = -1", "watcher.settle_ms: expected a number from 0 to 10000, found -1"),
        ("[watcher]\n", "watcher.settle_ms: missing"),
        ("[watcher]\nsettle_ms = 1\nquiet_ms = 1", "watcher.quiet_ms: unknown key; expected settle_ms"),
        ("[watcher", "not TOML"),
    ],
)
def test_a_wrong_configuration_says_which_key(serve: ModuleType, tmp_path: Path, wrong: str, complaint: str) -> None:
    database = "[database]\npool_size = 1\npool_wait_ms = 1\nstatement_timeout_ms = 1\n"
    file = tmp_path / "file-watcher.toml"
    file.write_text(f"{wrong}\n{database}" if wrong.startswith("settle") else f"{database}{wrong}\n")
    error = serve.read_release("2.4.0").module("config").ConfigError
    with pytest.raises(error, match=complaint) as caught:
        load(serve, "2.4.0", "file-watcher", file)
    assert str(caught.value).startswith(str(file))


def test_the_seed_holds_what_the_analyser_makes_of_its_checksums(serve: ModuleType) -> None:
    serve.read_release("2.4.0")
    analyse = importlib.import_module("tracktion_2_4_0.analyser").analyse
    seed = (TRACKTION / "schema" / "seed.sql").read_text()
    checksums = dict(SEEDED.findall(seed))
    analyses = {n: (float(bpm), key, int(energy)) for n, bpm, key, energy in ANALYSED.findall(seed)}
    assert list(checksums) == list(analyses) == [str(n) for n in range(1, 21)]
    for n, checksum in checksums.items():
        found = analyse(checksum, (60, 180))
        assert (found.bpm, found.key, found.energy) == analyses[n]


def test_the_wheel_of_2_5_0_misses_half_of_the_minor_keys_and_that_of_2_5_1_none(serve: ModuleType) -> None:
    serve.read_release("2.5.1")
    pitches = importlib.import_module("tracktion_2_4_0.analyser").PITCHES
    keys = {f"{pitch} {mode}" for pitch in pitches for mode in ("major", "minor")}
    broken, whole = (importlib.import_module(f"tracktion_{version}.camelot").CAMELOT for version in ("2_5_0", "2_5_1"))
    assert keys - set(broken) == {f"{pitch} minor" for pitch in ("D", "G", "C", "F", "A#", "D#")}
    assert set(whole) == keys
    assert sorted(whole.values()) == sorted(f"{n}{letter}" for n in range(1, 13) for letter in "AB")


def test_the_2_5_0_defect_hits_two_analyses_of_five(serve: ModuleType) -> None:
    serve.read_release("2.5.0")
    analyse = importlib.import_module("tracktion_2_4_0.analyser").analyse
    wheel = importlib.import_module("tracktion_2_5_0.camelot").CAMELOT
    failed = sum(analyse(f"file {n}", (60, 180)).key not in wheel for n in range(10_000))
    assert 3850 < failed < 4150


def test_the_changelog_tells_of_every_release_on_its_date() -> None:
    changelog = (TRACKTION / "CHANGELOG.md").read_text()
    for version in VERSIONS:
        described = tomllib.loads((TRACKTION / "releases" / version / "release.toml").read_text())
        assert described["version"] == version
        assert f"## [{version}] - {described['date']}" in changelog
