"""What faults change in a configuration: what was meant, and nothing else."""

import tomllib

import pytest

from harness.errors import InputError, NotFound
from harness.faults.altered import credential, with_password, without_key
from harness.system.bundle import ENVIRONMENT, Bundle, differing

TOML = b"""top = 1
[database] # how to talk
pool_size = 4 # connections
wait = 1

[other]
pool_size = 5
"""
BUNDLE = Bundle(
    {
        "web.toml": TOML,
        "web.json": b'{"a": {"b": 1, "c": 2}}',
        ENVIRONMENT: b"A=1\nDATABASE_URL=postgresql://app:p%40ss@h:1/db?x=y\n",
        "lists.toml": b"a = [\n  1,\n]\n",
        "notes.txt": b"a = 1\n",
    }
)


@pytest.mark.parametrize(
    ("path", "key", "left"),
    [
        ("web.toml", "database.pool_size", {"top": 1, "database": {"wait": 1}, "other": {"pool_size": 5}}),
        ("web.toml", "top", {"database": {"pool_size": 4, "wait": 1}, "other": {"pool_size": 5}}),
    ],
)
def test_one_key_is_taken_out_of_one_file(path: str, key: str, left: object) -> None:
    changed = without_key(BUNDLE, path, key)
    assert differing(changed, BUNDLE) == (f"{path} differs",)
    assert tomllib.loads(changed.files[path].decode()) == left


def test_a_key_is_taken_out_of_json_and_of_the_environment() -> None:
    assert b'"b"' not in without_key(BUNDLE, "web.json", "a.b").files["web.json"]
    assert without_key(BUNDLE, ENVIRONMENT, "A").environment.keys() == {"DATABASE_URL"}


@pytest.mark.parametrize(
    ("path", "key", "error"),
    [
        ("no.toml", "a", NotFound),
        ("web.toml", "database.none", NotFound),
        ("web.toml", "top.deeper", NotFound),
        (ENVIRONMENT, "B", NotFound),
        ("notes.txt", "a", InputError),
        ("lists.toml", "a", InputError),
    ],
)
def test_what_is_not_there_or_cannot_be_taken_out_is_an_error(path: str, key: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        without_key(BUNDLE, path, key)


def test_another_password_changes_the_password_alone() -> None:
    assert credential(BUNDLE) == ("app", "p@ss")
    changed = with_password(BUNDLE, "n/w:")
    assert credential(changed) == ("app", "n/w:")
    assert differing(changed, BUNDLE) == (f"{ENVIRONMENT} differs",)
    assert changed.environment["DATABASE_URL"].endswith("@h:1/db?x=y")
    with pytest.raises(NotFound, match="no address of a database with a password"):
        credential(Bundle({}))
