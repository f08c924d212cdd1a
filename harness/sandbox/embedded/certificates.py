"""A certificate authority of the sandbox's own, for one endpoint on this machine. Kept in a folder of the sandbox."""

from __future__ import annotations

import ipaddress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from harness.clock import utc_now

_LIFE: Final = timedelta(days=30)  # of a certificate; one that has run out did so a while ago, whatever a clock says
_LONG_AGO: Final = timedelta(days=90)  # since when the authority has been there: before any certificate of its own


class Authority:
    """Who signs, in a folder that is made for it; whoever trusts it reads `file`."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700)
        self._folder, self._key = folder, ec.generate_private_key(ec.SECP256R1())
        name = _name("the sandbox's own authority")
        begun = utc_now() - _LONG_AGO
        self._certificate = (
            _builder(name, name, self._key, begun, utc_now() + _LIFE)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .sign(self._key, hashes.SHA256())
        )
        self.file.write_bytes(self._certificate.public_bytes(serialization.Encoding.PEM))

    @property
    def file(self) -> Path:
        """Its certificate."""
        return self._folder / "authority.pem"

    def issue(self, host: str, *, expired: bool = False) -> Path:
        """A file with a certificate for an address of this machine, and its key; one that has run out, if asked for."""
        key = ec.generate_private_key(ec.SECP256R1())
        until = utc_now() + (-_LIFE if expired else _LIFE)
        issuer = self._certificate.subject
        certificate = (
            _builder(_name(host), issuer, key, until - 2 * _LIFE, until)
            .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(host))]), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        file = self._folder / ("expired.pem" if expired else "valid.pem")
        file.touch(mode=0o600)
        file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            + certificate.public_bytes(serialization.Encoding.PEM)
        )
        return file


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, begun: datetime, until: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begun)
        .not_valid_after(until)
    )
