"""Signs a run: each drill's folder, then that of the run, gets its evidence.json.

Invariant: what is signed was judged a moment before from its journal; nobody's changes to a result are signed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from securesystemslib.signer import CryptoSigner

from harness.errors import InputError
from harness.report.again import journals, judge_folders
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
    folders = journals(folder)
    results, not_judged = judge_folders(folders)
    if not_judged:
        raise InputError("; ".join(f"{one.reason} (nothing was signed)" for one in not_judged))
    written = [_sign(one, of_drill(result, signed_utc), signer) for one, result in zip(folders, results, strict=True)]
    if folders != (folder,):
        written.append(_sign(folder, of_run(write_run(results, folder), signed_utc), signer))
    return tuple(written)


def _sign(folder: Path, predicate: DrillPredicate | RunPredicate, signer: CryptoSigner) -> Path:
    path = folder / EVIDENCE
    write_whole(path, sealed(state(predicate, digests(folder, without=EVIDENCE)), signer))
    return path
