"""Ed25519 keys of evidence: PEM files, private ones in PKCS #8 and readable by their owner alone."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)
from securesystemslib.signer import CryptoSigner, SSlibKey

from harness.errors import CannotCreate, InputError, NotFound
from harness.secrecy import learn

PUBLIC: Final = ".pub"
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A public key, and the file that it was read from."""

    name: str
    key: SSlibKey


def make_key(path: Path) -> str:
    """Makes a pair of keys: the private one at `path`, the public one beside it with `.pub`; returns the key's id.

    Where only the public one is missing (whoever made the pair was killed between the two), only that is made.

    Raises:
        CannotCreate: one of the files is there already (no key is ever written over), or cannot be written.
        InputError: what is there is no private key.
    """
    beside = path.with_name(path.name + PUBLIC)
    there = path.is_file() and not beside.exists()
    private = _private_in(path) if there else Ed25519PrivateKey.generate()
    signer = CryptoSigner(private)
    if not there:
        _new(path, signer.private_bytes, 0o600)
    try:
        _new(beside, private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo), 0o644)
    except CannotCreate:
        if not there:
            path.unlink()
        raise
    return str(signer.public_key.keyid)


def signer_of(pem: str, where: str) -> CryptoSigner:
    """The signer of a private key's text.

    Args:
        pem: the text.
        where: what it was read from, for messages; the text itself is in none.

    Raises:
        InputError: it is no Ed25519 key, or is locked with a pass phrase.
    """
    return CryptoSigner(_private(pem, where))


def _private(pem: str, where: str) -> Ed25519PrivateKey:
    learn(pem.strip(), *(line for line in pem.split("\n") if not line.startswith("-----")))
    try:
        key = load_pem_private_key(pem.encode(), None)
    except (ValueError, TypeError, UnsupportedAlgorithm):  # what they say may quote the text
        raise InputError(
            f"{where}: is not a private key in PEM (PKCS #8) without a pass phrase; make one with `drill key PATH`"
        ) from None
    if not isinstance(key, Ed25519PrivateKey):
        raise InputError(f"{where}: is a key of another kind; expected Ed25519, as `drill key PATH` makes it")
    return key


def signer_in(path: Path) -> CryptoSigner:
    """The signer of a private key's file.

    Raises:
        NotFound: there is no such file.
        InputError: others may read it, or it is no Ed25519 key.
    """
    return CryptoSigner(_private_in(path))


def _private_in(path: Path) -> Ed25519PrivateKey:
    try:
        if path.is_dir():
            raise InputError(f"{path}: is a folder; name the private key in it")
        if path.stat().st_mode & _OTHERS:
            raise InputError(f"{path}: a private key that others may read or change proves nothing; chmod 600 {path}")
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise NotFound(f"{path}: there is no such key; make one with `drill key {path}`") from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read as a key: {getattr(error, 'strerror', error)}") from error
    return _private(text, str(path))


def public_keys(paths: Sequence[Path]) -> tuple[PublicKey, ...]:
    """The public keys of files, and of all `*.pub` of folders (keyrings).

    Raises:
        NotFound: there is no such file, or a folder holds none.
        InputError: one is no public Ed25519 key.
    """
    found: list[PublicKey] = []
    for path in paths:
        files = sorted(path.glob(f"*{PUBLIC}")) if path.is_dir() else [path]
        if not files:
            raise NotFound(f"{path}: there is no *{PUBLIC} in this folder")
        found += [_public(file) for file in files]
    return tuple(found)


def _public(path: Path) -> PublicKey:
    try:
        key = load_pem_public_key(path.read_bytes())
    except FileNotFoundError:
        raise NotFound(f"{path}: there is no such key") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise InputError(f"{path}: is not a public key in PEM; expected the *{PUBLIC} that `drill key` made") from error
    if not isinstance(key, Ed25519PublicKey):
        raise InputError(f"{path}: is a key of another kind; expected Ed25519")
    return PublicKey(name=str(path), key=SSlibKey.from_crypto(key))


def _new(path: Path, content: bytes, mode: int) -> None:
    """Writes beside the file, then gives it its name, so that there is never half a key."""
    half = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:  # 0600
            half = Path(file.name)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        half.chmod(mode)
        os.link(half, path)
    except FileExistsError:
        raise CannotCreate(f"{path}: is there already, and no key is written over; choose another name") from None
    except OSError as error:
        raise CannotCreate(f"{path}: the key cannot be written: {error.strerror}") from error
    finally:
        if half is not None:
            half.unlink(missing_ok=True)
