"""What is a secret, and that no text that is written down holds one."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness import secrecy
from harness.journal import records as r
from harness.journal.chain import read_journal
from harness.secrecy import learn, masked, masked_values, secrets_of
from harness.units import Instant
from tests.support.chains import write


@pytest.fixture(autouse=True)
def forgetful(monkeypatch: pytest.MonkeyPatch) -> None:
    """What one test learns no other one knows."""
    monkeypatch.setattr(secrecy, "_known", set())
    monkeypatch.setattr(secrecy, "_any", None)


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [
        ("PGPASSWORD", "hunter2", ["hunter2"]),
        ("GITHUB_TOKEN", "abcdef", ["abcdef"]),
        ("AWS_SECRET_ACCESS_KEY", "a/b+c=", ["a/b+c="]),
        ("SLACK_WEBHOOK_URL", "https://hooks.invalid/T/B/x", ["https://hooks.invalid/T/B/x"]),
        ("MY_API_KEY", "abcdef", ["abcdef"]),
        ("DATABASE_URL", "postgresql://me:p%40ss@db/x", ["p@ss", "p%40ss"]),
        ("TOKEN_FILE", "/run/secrets/token", []),
        ("PATH", "/usr/bin:/bin", []),
        ("HOME", "me", []),
        ("DATABASE_URL", "postgresql://me@db/x", []),
    ],
)
def test_a_variable_is_secret_by_its_name_or_by_a_password_in_its_address(
    name: str, value: str, found: list[str]
) -> None:
    assert list(secrets_of({name: value})) == found


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("cannot reach postgresql://app:s3cret@db:5432/x", "cannot reach postgresql://app:***@db:5432/x"),
        ("redis://:s3cret@cache/0 is away", "redis://:***@cache/0 is away"),
        ("host=db password=s3cret dbname=x", "host=db password=*** dbname=x"),
        ("host=db password='with blanks' dbname=x", "host=db password=*** dbname=x"),
        ("GET /drills?page=2&access_token=s3cret&n=1 gave 403", "GET /drills?page=2&access_token=***&n=1 gave 403"),
        ("API_KEY = s3cret", "API_KEY = ***"),
        ("password          =     's3cret'", "password          =     ***"),
        ('"password" = "s3cret"', '"password" = ***'),
        ('password = """s3cret\nof two lines"""', "password = ***"),
        ("password = '''s3cret\nof two lines'''", "password = ***"),
        ("routing_key = 's3cret'", "routing_key = ***"),
        ("see https://hooks.slack.com/services/T0/B0/s3cret.", "see https://hooks.slack.com/***"),
        ("the password is wrong", "the password is wrong"),
        ("http://127.0.0.1:8080/@me", "http://127.0.0.1:8080/@me"),
        ("12:30 at http://host:80", "12:30 at http://host:80"),
    ],
)
def test_what_looks_like_a_secret_is_masked(text: str, told: str) -> None:
    assert masked(text) == told


def test_what_is_known_is_masked_wherever_it_stands_and_the_longer_one_first() -> None:
    learn("k4n4ry", "k4n4ry-and-more", "short")
    assert masked("a k4n4ry, k4n4ry-and-more, k4n4ry-too, short") == "a ***, ***, ***-too, short"


def test_a_secret_is_found_as_it_stands_in_json() -> None:
    learn('with "quotes" and \\')
    assert masked(r'{"why": "with \"quotes\" and \\ is refused"}') == '{"why": "*** is refused"}'


def test_the_values_of_a_document_are_masked_and_not_its_keys() -> None:
    learn("k4n4ry")
    document = {"k4n4ry": ["k4n4ry", 1, None, {"x": "no k4n4ry"}]}
    assert masked_values(document) == {"k4n4ry": ["***", 1, None, {"x": "no ***"}]}


def test_no_record_of_a_journal_holds_a_secret_and_its_chain_fits(tmp_path: Path) -> None:
    learn("k4n4ry-ü")
    path = tmp_path / "journal.jsonl"
    text = write(path, [r.Stopped(at=Instant(1), by="error", reason="refused: k4n4ry-ü; password=other")])
    assert b"k4n4ry" not in text
    [record] = read_journal(path).records
    assert isinstance(record, r.Stopped)
    assert record.reason == "refused: ***; password=***"


@pytest.mark.parametrize(
    "part", ["a-", "://", "://a:", "password=", "password='", 'password="""', "password ", "token "]
)
def test_a_long_text_is_looked_through_once(part: str) -> None:
    """Each took minutes where the search began anew at every word."""
    assert masked(part * 50_000 + " password=s3cret").endswith("***") or part == "password='"
