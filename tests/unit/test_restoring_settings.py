"""What a server that is restored is told, and what stands in for a backup of another version."""

import hashlib
import json
import subprocess
from pathlib import Path

from harness.sandbox.common.come_again import COME_AGAIN
from harness.sandbox.common.restoring import restore_command
from harness.sandbox.common.spoiling import of_other_version


def fetched(command: str, name: str, to: Path) -> str:
    """What a server that asks for a file of the log gets, as it asks; empty where it gets none."""
    target = to / "asked"
    target.unlink(missing_ok=True)
    asked = command.replace("%f", name).replace("%p", str(target))
    done = subprocess.run(["sh", "-c", asked], check=False, capture_output=True, timeout=10)
    assert done.stderr == b""
    assert (done.returncode == 0) is target.exists()
    return target.read_text() if target.exists() else ""


def test_the_archive_comes_first_then_what_was_streamed_last_and_a_part_only_where_there_is_no_whole(
    tmp_path: Path,
) -> None:
    archive, old, new = (tmp_path / name for name in ("an archive", "stream", "stream-2"))
    for folder in (archive, old, new):
        folder.mkdir()
    (archive / "1").write_text("archived")
    (old / "1").write_text("streamed")
    (old / "2").write_text("whole and old")
    (new / "2.partial").write_text("in part")
    (old / "3.partial").write_text("old")
    (new / "3.partial").write_text("new")
    command = restore_command(str(archive), [str(old), str(new)])
    assert [fetched(command, name, tmp_path) for name in ("1", "2", "3", "4")] == [
        "archived",
        "whole and old",
        "new",
        "",
    ]


def test_a_manifest_of_another_version_has_all_checksums_right() -> None:
    listed = '{ "PostgreSQL-Backup-Manifest-Version": 2,\n"Files": [\n'
    entry = '{ "Path": "PG_VERSION", "Size": 3, "Checksum-Algorithm": "CRC32C", "Checksum": "64440205" }\n],\n'
    changed = of_other_version(f'{listed}{entry}"Manifest-Checksum": "00"}}\n', b"123456789")
    assert '"Checksum": "839206e3"' in changed  # 0xE3069283, the check value of CRC-32C, as the manifest has its bytes
    before = changed.partition('"Manifest-Checksum"')[0]
    assert json.loads(changed)["Manifest-Checksum"] == hashlib.sha256(before.encode()).hexdigest()


def test_the_answer_of_who_turns_away_is_as_long_as_it_says() -> None:
    head, _, body = COME_AGAIN.partition("\r\n\r\n")
    assert f"Content-Length: {len(body)}" in head
    assert json.loads(body) == {"error": "the database is being rolled back"}
