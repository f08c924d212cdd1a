"""Certificates of the sandbox's own authority: who looks is told what is wrong with one, and with nothing else."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from harness.sandbox.embedded.looking import look
from harness.sandbox.embedded.tls_front import TlsFront
from harness.units import Duration

SOON = Duration.of(s=10)


def told(folder: Path, do: str, trusted: Path | None = None) -> str:
    """What a client says of a front that has been told to do something; of one that others trust, if they are named."""

    async def try_it() -> str:
        front = TlsFront(folder, behind=1)
        await front.open()
        if do:
            getattr(front, do)()
        try:
            return await asyncio.to_thread(look, front.port, trusted or front.trusted, SOON)
        finally:
            front.close()

    return asyncio.run(try_it())


@pytest.mark.parametrize(("do", "wrong"), [("", ""), ("expire", "certificate has expired"), ("renew", "")])
def test_who_looks_is_told_whether_it_has_expired(tmp_path: Path, do: str, wrong: str) -> None:
    assert told(tmp_path / "tls", do) == wrong


def test_who_trusts_somebody_else_is_told_something_else(tmp_path: Path) -> None:
    told(tmp_path / "other", "")
    assert told(tmp_path / "tls", "expire", tmp_path / "other" / "authority.pem") not in ("", "certificate has expired")


def test_what_is_secret_is_for_its_owner_alone(tmp_path: Path) -> None:
    told(tmp_path / "tls", "expire")
    assert (tmp_path / "tls").stat().st_mode & 0o777 == 0o700
    secret = [one for one in (tmp_path / "tls").iterdir() if b"PRIVATE KEY" in one.read_bytes()]
    assert {one.stat().st_mode & 0o777 for one in secret} == {0o600}
    assert len(secret) == 2


def test_the_address_leads_through_it_and_says_that_clients_must_look(tmp_path: Path) -> None:
    front = TlsFront(tmp_path / "tls", behind=5432)
    url = front.leads_to("postgresql://app:p%40ss@127.0.0.1:5432/shop")
    front.close()
    assert url.startswith(f"postgresql://app:p%40ss@127.0.0.1:{front_port(url)}/shop?sslmode=verify-full&sslrootcert=")
    assert front_port(url) != "5432"


def front_port(url: str) -> str:
    return url.partition("@127.0.0.1:")[2].partition("/")[0]
