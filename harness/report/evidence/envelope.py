"""A statement in its DSSE envelope, as text and back.

Invariant: a statement has one text, and an envelope has one text; what reads as the same and is written otherwise is
refused. So a change of any byte of evidence.json is found; one that adds a signature, by whoever holds it against the
keys that may have signed.

Source: DSSE v1.0, protocol.md and envelope.md; the in-toto envelope names the payload's type.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, ValidationError
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import FormatError, VerificationError
from securesystemslib.signer import CryptoSigner, Key

from harness.errors import InputError
from harness.report.evidence.statement import Statement

PAYLOAD_TYPE: Final = "application/vnd.in-toto+json"


class _Signature(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    keyid: str
    sig: str


class _Envelope(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    payload: str
    payloadType: str  # noqa: N815 - the name that DSSE gives it
    signatures: list[_Signature]


def sealed(statement: Statement, signer: CryptoSigner) -> str:
    """The text of evidence.json: the statement, signed."""
    envelope = Envelope(_text(statement.model_dump(mode="json", by_alias=True)).encode(), PAYLOAD_TYPE, {})
    envelope.sign(signer)
    return _text(envelope.to_dict())


def opened(text: str, path: Path) -> tuple[Envelope, Statement]:
    """Envelope and statement of an evidence.json; its signatures are not looked at yet.

    Args:
        text: the file's.
        path: the file, for messages.

    Raises:
        InputError: it is no evidence of ours, or was changed in a way that shows before any key is asked.
    """
    try:
        document = _Envelope.model_validate_json(text).model_dump()
        envelope = Envelope.from_dict(document)
        if _text(envelope.to_dict()) != text:
            raise InputError(f"{path}: is not written as drill writes it, so it was changed since")
        if envelope.payload_type != PAYLOAD_TYPE:
            raise InputError(f"{path}: holds {envelope.payload_type!r:.80}; expected {PAYLOAD_TYPE}")
        return envelope, Statement.model_validate_json(envelope.payload)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "it"
        raise InputError(f"{path}: is no evidence of a drill: {where}: {first['msg']}") from error
    except (FormatError, ValueError, KeyError) as error:
        raise InputError(f"{path}: is no DSSE envelope: {error}") from error


def signed_by(envelope: Envelope, key: Key) -> bool:
    """Whether a signature of this key is there, and right."""
    try:
        envelope.verify([key], 1)
    except VerificationError:
        return False
    return True


def changed_since(envelope: Envelope, key: Key) -> bool:
    """Whether a signature that names this key is there, and wrong: somebody changed what the key had signed."""
    return key.keyid in envelope.signatures and not signed_by(envelope, key)


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True, indent=2, ensure_ascii=True, allow_nan=False) + "\n"
