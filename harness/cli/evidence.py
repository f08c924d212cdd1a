"""`drill key`, `drill sign`, `drill verify`: evidence that stands without trust in whoever made it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from securesystemslib.signer import CryptoSigner

from harness.cli.options import Json
from harness.cli.output import results_to_stdout
from harness.clock import utc_second
from harness.errors import UsageError
from harness.report.evidence.keys import PUBLIC, make_key, public_keys, signer_in, signer_of
from harness.report.evidence.sign import sign_run
from harness.report.evidence.verify import Verification, evidence_in
from harness.report.evidence.verify import verify as held_against
from harness.report.words import clean
from harness.settings import Settings


def key(path: Annotated[Path, typer.Argument(help="where the private key goes; the public one gets '.pub'")]) -> int:
    """Make a key that signs runs, and the public key that others verify them with.

    Where the private key is there and the public one is not, only that is made.
    """
    made = make_key(path)
    with results_to_stdout():
        print(f"{path}: the private key {made[:16]}…; keep it secret, and name it in DRILL_SIGNING_KEY_FILE")
        print(f"{path}{PUBLIC}: the public key; give it to whoever verifies")
    return 0


def sign(
    run: Annotated[Path, typer.Argument(help="a run's folder, or one drill's")],
    *,
    key: Annotated[Path | None, typer.Option("--key", help="the private key; else that of the environment")] = None,
) -> int:
    """Judge a run again from its journals, and sign all that is in its folder."""
    signer = signer_in(key) if key else signer_of_environment(Settings())
    if signer is None:
        raise UsageError("name a private key with --key, or in DRILL_SIGNING_KEY_FILE or DRILL_SIGNING_KEY")
    written = sign_run(run, signer, utc_second())
    with results_to_stdout():
        print("\n".join(map(str, written)))
    return 0


def verify(
    evidence: Annotated[Path, typer.Argument(help="an evidence.json, or the folder that has it")],
    *,
    key: Annotated[list[Path], typer.Option("--key", help="a public key, or a folder of *.pub; may be repeated")],
    json: Json = False,
) -> int:
    """Verify evidence offline. Exit 0: signed by a key given, nothing changed; 1: changed; 2: by none of them."""
    found = held_against(evidence_in(evidence), public_keys(key))
    with results_to_stdout():
        print(found.model_dump_json(indent=2, ensure_ascii=True) if json else "\n".join(_lines(found)))
    return found.exit_code


def signer_of_environment(settings: Settings) -> CryptoSigner | None:
    """The signer that the environment names; None where it names none.

    Raises:
        NotFound: there is no such file.
        InputError: it is no private key.
    """
    if settings.signing_key:
        return signer_of(settings.signing_key, "DRILL_SIGNING_KEY")
    return signer_in(settings.signing_key_file) if settings.signing_key_file else None


def _lines(found: Verification) -> list[str]:
    signers = ", ".join(found.signers) or "none of the keys given, so nobody can tell who signed it"
    changes = [
        *(f"altered: {name}" for name in found.altered),
        *(f"missing: {name}" for name in found.missing),
        *(f"added:   {name}" for name in found.added),
    ]
    judged = f"judged again: {found.judged_again}" + (f" ({found.why})" if found.why else "")
    told = [
        f"{found.evidence}: {'not as it was signed: ' if changes else ''}{found.about}: {found.verdict}"
        + (f" ({found.unexpected})" if found.unexpected else "")
        + ("" if found.signers else ", as it says of itself"),
        f"signed by {signers}, {found.signed_utc}",
        *(changes or ["every file is as it was signed"]),
        judged,
    ]
    return [clean(line) for line in told]
