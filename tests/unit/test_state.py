"""The state folder: what others could have laid down there is not believed, and not even looked at."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from harness.errors import CannotCreate
from harness.settings import Settings
from harness.state import has_traces, make_own, require_own
from tests.support.sandboxes import running_as_root


def test_a_state_folder_of_ones_own_is_taken_and_one_that_is_missing_is_made(tmp_path: Path) -> None:
    folder = tmp_path / "not" / "yet"
    require_own(folder)
    assert not folder.exists()
    before = os.umask(0)
    try:
        make_own(folder)
    finally:
        os.umask(before)
    assert folder.stat().st_mode & 0o777 == (0o711 if running_as_root() else 0o700)
    make_own(folder)
    assert Settings(state_dir=folder).state_dir == folder


@pytest.mark.parametrize("mode", [0o770, 0o702])
def test_one_in_which_others_may_write_is_refused_with_what_to_do(tmp_path: Path, mode: int) -> None:
    folder = tmp_path / "state"
    folder.mkdir()
    folder.chmod(mode)
    with pytest.raises(CannotCreate, match=f"others may write .* 0{mode:o}.*; expected 0700, .*chmod go-w {folder}"):
        Settings(state_dir=folder)


def test_a_link_or_a_file_is_no_state_folder(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path)
    (tmp_path / "file").touch()
    for name, what in (("link", "a link"), ("file", "a file")):
        with pytest.raises(CannotCreate, match=f"{name}: cannot be used as a state folder: it is {what}; expected a f"):
            Settings(state_dir=tmp_path / name)


def test_one_of_another_user_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, own = tmp_path / "state", os.geteuid()
    folder.mkdir()
    if running_as_root():
        os.chown(folder, 65534, 65534)
    else:  # only root can give a folder away; for who asks it makes no difference which of the two is another's
        monkeypatch.setattr(os, "geteuid", lambda: own + 1)
    for look in (require_own, make_own):
        with pytest.raises(CannotCreate, match=r"belongs to another user \(uid \d+\); expected one of your own"):
            look(folder)


@pytest.mark.parametrize(
    ("there", "traces"),
    [
        (".lock", False),
        (".kind/rollback-drill.kubeconfig", False),
        (".kind/drills/", False),
        ("stop", False),
        (".kind/drills/drill-0a1b2c3d/owner.json", True),
        (".drills/0a1b2c3d/order.json", True),
        (".run-20260101", True),
        ("0a1b2c3d/owner.json", True),
        ("something/", True),
    ],
)
def test_what_a_drill_may_have_left_is_seen_by_its_name(tmp_path: Path, there: str, traces: bool) -> None:  # noqa: FBT001 - of a table
    path = tmp_path / "state" / there
    path.parent.mkdir(parents=True, exist_ok=True)
    path.mkdir() if there.endswith("/") else path.touch()
    assert has_traces(tmp_path / "state") is traces
    assert not has_traces(tmp_path / "none")
