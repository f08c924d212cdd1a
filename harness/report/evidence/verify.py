"""Holds a folder against its evidence: who signed it, which files are as they were, whether the result still follows.

Needs no network and nothing of the system that was drilled. Changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal

from pydantic import Field

from harness.errors import DrillError, InputError, NotFound
from harness.journal.declaration import Value, Verdict
from harness.report.again import absent, journals, judged, require_one_run, require_own
from harness.report.evidence.digests import digests
from harness.report.evidence.envelope import changed_since, opened, signed_by
from harness.report.evidence.keys import PublicKey
from harness.report.evidence.sign import EVIDENCE
from harness.report.evidence.statement import DrillPredicate, RunPredicate, Statement, of_drill, of_run, this_version
from harness.report.previous import read_previous
from harness.report.shards import workers_of
from harness.report.summary import summary
from harness.report.write import drill_files, run_files
from harness.units import counted


class Verification(Value):
    """What came of it."""

    evidence: str = Field(description="the file")
    about: str = Field(description="the drill or the run that it speaks of")
    verdict: Verdict = Field(description="what it says of it; worth nothing where `signers` is empty")
    unexpected: str = Field(description="what of it did not end as expected, in words; empty where all did")
    signed_utc: str
    signers: tuple[str, ...] = Field(description="the keys given whose signatures are there and right")
    altered: tuple[str, ...] = Field(description="files that are not as they were")
    missing: tuple[str, ...]
    added: tuple[str, ...] = Field(description="files, and signatures of keys that were not given")
    judged_again: Literal["the same", "differs", "not done"] = Field(
        description="whether the journals still give what is signed, and the results and reports"
    )
    why: str = Field(description="what differs, or why it was not judged again; empty where it is the same")

    @property
    def changed(self) -> bool:
        """Whether anything is not as it was signed."""
        return bool(self.altered or self.missing or self.added) or self.judged_again == "differs"

    @property
    def exit_code(self) -> int:
        """0: signed by a key given, and as it was; 1: something was changed; 2: by no key given, so nobody can tell."""
        if self.changed:
            return 1
        return 0 if self.signers else 2


def evidence_in(path: Path) -> Path:
    """The evidence that a path names: the file itself, or the one in a folder.

    Raises:
        NotFound: there is none.
    """
    file = path / EVIDENCE if path.is_dir() else path
    if not file.is_file():
        raise NotFound(f"{file}: there is no evidence; a run is signed where a key is set, or by `drill sign {path}`")
    return file


def verify(path: Path, keys: Sequence[PublicKey]) -> Verification:
    """Holds the folder of an evidence file against it.

    Args:
        path: the evidence file, in the folder that it covers.
        keys: who may have signed it.

    Raises:
        NotFound: there is no such file.
        InputError: it cannot be read, is no evidence, or was changed so that it is none any more.
    """
    try:
        text = path.read_bytes().decode()
    except FileNotFoundError:
        raise NotFound(f"{path}: there is no such file") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: is no text in UTF-8, so it is no evidence") from error
    envelope, statement = opened(text, path)
    covered, there = statement.digests(), digests(path.parent, without=path.name)
    changes = _changes(covered, there)
    judged_again, why = _judge_again(path.parent, statement) if not any(changes) else ("not done", "files changed")
    predicate = statement.predicate
    signers = tuple(one.name for one in keys if signed_by(envelope, one.key))
    strangers = sorted(envelope.signatures.keys() - {one.key.keyid for one in keys}) if signers else []
    forged = any(changed_since(envelope, one.key) for one in keys)
    return Verification(
        evidence=str(path),
        about=predicate.name if isinstance(predicate, DrillPredicate) else f"run {predicate.run_id}",
        verdict=predicate.verdict,
        unexpected=_unexpected(predicate),
        signed_utc=predicate.signed_utc,
        signers=signers,
        altered=(*([path.name] if forged else []), *changes[0]),
        missing=changes[1],
        added=(*(f"{path.name}: a signature of the key {one}, which was not given" for one in strangers), *changes[2]),
        judged_again=judged_again,
        why=why,
    )


def _unexpected(predicate: DrillPredicate | RunPredicate) -> str:
    if isinstance(predicate, RunPredicate):
        drills = counted(predicate.as_expected + predicate.unexpected, "drill")
        return f"{predicate.unexpected} of {drills} did not end as expected" if predicate.unexpected else ""
    if predicate.as_expected:
        return ""
    if predicate.verdict is predicate.expected:
        return "for another reason than expected"
    return f"{predicate.expected} was expected"


def _changes(covered: Mapping[str, str], there: Mapping[str, str]) -> tuple[tuple[str, ...], ...]:
    altered = tuple(name for name in sorted(covered) if name in there and there[name] != covered[name])
    missing = tuple(name for name in sorted(covered) if name not in there)
    added = tuple(name for name in sorted(there) if name not in covered)
    return altered, missing, added


def _judge_again(folder: Path, statement: Statement) -> tuple[Literal["the same", "differs", "not done"], str]:
    """A signature says that nothing was changed since; this says that the results follow from what was observed."""
    if statement.predicate.judged_by != this_version():
        return "not done", f"it was judged by drill {statement.predicate.judged_by}; this is {this_version()}"
    try:
        differs = next(_differences(folder, statement.predicate), "")
    except (DrillError, OSError, UnicodeDecodeError) as error:
        differs = str(error)
    return ("differs", differs) if differs else ("the same", "")


def _differences(folder: Path, predicate: DrillPredicate | RunPredicate) -> Iterator[str]:
    """What is not as the journals say, one sentence each."""
    folders, results = journals(folder), []
    for one in folders:
        result, timeline = judged(one)
        results.append(result)
        if isinstance(predicate, RunPredicate):
            require_own(one, result)
        yield from _unlike(one, drill_files(result, timeline, one), "from the journal and the logs beside it")
    follows: DrillPredicate | RunPredicate
    if isinstance(predicate, DrillPredicate):
        follows = of_drill(results[0], predicate.signed_utc)
    else:
        require_one_run(folder, results)
        found = summary(results, absent(folder, folders), workers=workers_of(folder))
        yield from _unlike(folder, run_files(results, found, read_previous(folder)), "from the journals of the run")
        follows = of_run(found, predicate.signed_utc)
    if follows != predicate:
        yield "what is signed does not follow from the journals"


def _unlike(folder: Path, texts: Mapping[str, str], whence: str) -> Iterator[str]:
    for name, text in texts.items():
        if (folder / name).read_bytes() != text.encode():
            yield f"{folder / name} does not follow {whence}"
