"""Signs a run: each drill's folder, then that of the run, gets its evidence.json.

Invariant: what is signed was judged a moment before from its journal; nobody's changes to a result are signed. Drills
that were planned and never came to a journal are signed as such.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from securesystemslib.signer import CryptoSigner

from harness.errors import InputError
from harness.report.again import judge_run
from harness.report.evidence.digests import digests
from harness.report.evidence.envelope import sealed
from harness.report.evidence.statement import DrillPredicate, RunPredicate, of_drill, of_run, state
from harness.report.write import write_run, write_whole

EVIDENCE: Final = "evidence.json"


def sign_run(folder: Path, signer: CryptoSigner, signed_utc: str) -> tuple[Path, ...]:
    """Judges the drills of a run, or one drill, again and signs all that is in their folders.

    Args:
        folder: a run's, or one drill's.
        signer: whose signature it gets; one that is there is replaced.
        signed_utc: the present moment, RFC 3339.

    Returns:
        The evidence files, the run's last.

    Raises:
        NotFound: there is no journal.
        InputError: a journal was altered; then nothing is signed.
        CannotCreate: a file cannot be written.
    """
    run = judge_run(folder)
    if run.altered:
        raise InputError("; ".join(f"{one.reason} (nothing was signed)" for one in run.altered))
    written = [_sign(one, of_drill(result, signed_utc), signer) for one, result in run.judged]
    if run.folders != (folder,):
        written.append(_sign(folder, of_run(write_run(run.results, folder, run.absent), signed_utc), signer))
    return tuple(written)


def _sign(folder: Path, predicate: DrillPredicate | RunPredicate, signer: CryptoSigner) -> Path:
    path = folder / EVIDENCE
    write_whole(path, sealed(state(predicate, digests(folder, without=EVIDENCE)), signer))
    return path
