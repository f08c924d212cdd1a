"""The password that a connection is made with: by the passfile that the string names, whatever else is set."""

from __future__ import annotations

from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict

from harness.sandbox.common.dsn import learn_passwords, with_password
from harness.secrecy import masked


def password(dsn: str) -> object:
    return conninfo_to_dict(with_password(dsn)).get("password")


@pytest.fixture
def passfile(tmp_path: Path) -> Path:
    path = tmp_path / "pgpass"
    path.write_text(
        "# a comment\nhere:5432:shop:app:first-password\n*:*:*:app:any-password\nhere:1:a\\:b:c:with\\:colon\n", "utf-8"
    )
    return path


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ("host=here port=5432 dbname=shop user=app", "first-password"),
        ("host=there port=5432 dbname=shop user=app", "any-password"),
        ("host=here port=1 dbname=a:b user=c", "with:colon"),
        ("host=here port=5432 dbname=shop user=other", None),
        ("host=here port=5432 dbname=shop user=app password=own", "own"),
    ],
)
def test_the_first_line_of_the_passfile_that_fits_tells_the_password(
    passfile: Path, monkeypatch: pytest.MonkeyPatch, where: str, found: str | None
) -> None:
    monkeypatch.setenv("PGPASSWORD", "of-somebody-else")
    assert password(f"{where} passfile={passfile}") == found


def test_where_there_is_no_passfile_nothing_is_added(tmp_path: Path) -> None:
    for dsn in ("host=here user=app", f"host=here user=app passfile={tmp_path / 'none'}"):
        assert with_password(dsn) == dsn


def test_what_stands_in_the_passfile_is_masked_from_then_on(passfile: Path) -> None:
    learn_passwords(f"host=here passfile={passfile}")
    assert masked("first-password, any-password and with:colon") == "***, *** and ***"
