"""What a script left behind, or changed without business: pure.

After a run that was killed only what lives or locks counts: nobody can tidy up after SIGKILL but the next run, and a
copy in a folder of a random name is not found by it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from harness.gate.case import Case
from harness.gate.cluster_state import cluster_residue
from harness.gate.findings import Finding, some
from harness.gate.seen import Files, FileSeen, Seen
from harness.gate.state import difference, no_safety_copy
from harness.units import counted

_TEMPORARY: Final = ("/tmp/", "/var/tmp/", "/dev/shm/", "its working folder/")  # noqa: S108 - names only
_BACKUPS: Final = "backups/"
_SAFETY: Final = (".dump", ".dump.sha256", ".sql.gz", ".tar.gz")
_ARCHIVES: Final = (".tar", ".tgz", ".tar.gz", ".tar.bz2", ".tar.xz", ".tar.zst", ".zip")
_LIST: Final = "toc.dat"  # of a dump that is a folder
_TEXT: Final = ".sql"  # among the backups; a migration is another thing
_LOCKS: Final = (*_TEMPORARY, "/run/", "/var/lock/", "/var/run/")
"""Of what is there before a rollback a copy may be laid beside those that are given."""
_HOME_MAY: Final = (".cache", ".kube/cache", ".npm", ".config", ".local", ".psql_history", ".node_repl_history")
"""What programs keep in a home folder by themselves."""


def residue(case: Case, seen: Seen, *, done: bool) -> Iterator[Finding]:
    """All of it."""
    yield from _living(seen)
    yield from _secrets(seen)
    yield from _business(seen, interrupted=case.trouble.interrupts)
    if seen.before.cluster is not None and seen.after.cluster is not None:
        interrupted, cut = case.trouble.interrupts, case.trouble.cuts_cluster
        yield from cluster_residue(seen.before.cluster, seen.after.cluster, interrupted=interrupted, cut=cut)
    if not case.trouble.cuts:  # who cannot get to the database cannot take anything back in it
        yield from _modes(seen)
    if not case.trouble.interrupts:
        yield from _files(seen)
        if not case.trouble.cuts:  # who cannot get to the database cannot drop one
            yield from _databases(seen, done=done)


def _living(seen: Seen) -> Iterator[Finding]:
    for run in seen.runs:
        if run.left and not run.killed:
            yield Finding("left-process", some(run.left))
        if run.sessions and not run.killed:
            yield Finding("left-session", counted(run.sessions, "session"))
    new = sorted(set(seen.after.prepared) - set(seen.before.prepared))
    if new:
        yield Finding("left-prepared", some(new))


def _secrets(seen: Seen) -> Iterator[Finding]:
    if any(run.printed for run in seen.runs):
        yield Finding("printed-secret", "it stands in its output")
    of_killed = {name for run in seen.runs if run.killed for name in run.written}
    written = [name for run in seen.runs if not run.killed for name in run.written if name not in of_killed]
    if written:
        yield Finding("left-credentials", some(written))


def _business(seen: Seen, *, interrupted: bool) -> Iterator[Finding]:
    before, after = seen.before, seen.after
    for name, one in before.others.items():
        if name not in after.others:
            yield Finding("changed-other", f"the database {name} is gone")
        elif after.others[name] != one:
            yield Finding("changed-other", f"the database {name}")
    if told := _changes(before.server, after.server):
        yield Finding("changed-other", f"of the server: {told}")
    if not seen.bystander_lives:
        yield Finding("ended-others", "")
    yield from _given(seen, interrupted=interrupted)
    yield from _service(seen)
    kept = {name: one for name, one in after.around.items() if name in before.around}
    if told := _changes(before.around, kept):
        yield Finding("changed-other", f"beside the folders that it was given: {told}")
    for name, files in before.beside_config.items():
        if after.beside_config.get(name) != files:
            yield Finding("changed-other", f"{name}, which lies beside the configuration")


def _service(seen: Seen) -> Iterator[Finding]:
    before, after = seen.before.service, seen.after.service
    if before is None or after is None:
        return
    if after.foreign:
        yield Finding("changed-other", some(after.foreign))
    if told := _changes(before.releases, after.releases):
        yield Finding("changed-given", f"of the service's releases: {told}")


def _given(seen: Seen, *, interrupted: bool) -> Iterator[Finding]:
    before, after = seen.before, seen.after
    added = {
        name
        for name in after.given.keys() - before.given.keys()
        if name.endswith(_SAFETY)
        or (name.startswith(_BACKUPS) and (interrupted or name.endswith(_TEXT)))  # half of a copy has another name
    }
    if told := _changes(before.given, {name: one for name, one in after.given.items() if name not in added}):
        yield Finding("changed-given", told)
    if after.half_backups and not interrupted:
        yield Finding("changed-given", f"among the backups lies half of one: {some(after.half_backups)}")


def _modes(seen: Seen) -> Iterator[Finding]:
    if seen.after.flags and (told := difference(seen.before.flags, seen.after.flags, how=True)):
        yield Finding("left-flag", told)


def _files(seen: Seen) -> Iterator[Finding]:
    before, after = seen.before, seen.after
    left = sorted(
        f"scratch/{name}"
        for name, one in after.scratch.items()
        if name not in before.scratch and not _may_stay(name, one, seen)
    )
    left += sorted(f"home/{name}" for name in after.home.keys() - before.home.keys() if not name.startswith(_HOME_MAY))
    left += sorted(
        f"{name}, beside the folders that it was given" for name in after.around.keys() - before.around.keys()
    )
    if after.service is not None:
        left += [f"{name}, beside the service's releases" for name in after.service.beside]
    for name, files in after.beside_config.items():
        copy = any(_same_config(files, config) for config in _configs(seen)) or _closed_archive(name, files, seen)
        if name not in before.beside_config and not copy:
            left.append(f"{name}, beside the configuration")
    if left:
        yield Finding("left-files", some(left))
    locks = {name for run in seen.runs for name in run.empty if "lock" in name and name.startswith(_LOCKS)}
    outside = sorted({name for run in seen.runs for name in run.outside} - locks)
    new = [name for name in outside if name.startswith(_TEMPORARY)]
    if new:
        yield Finding("left-files", some(new))
    if other := [name for name in outside if name not in new]:
        yield Finding("changed-other", some(other))


def _may_stay(name: str, file: FileSeen, seen: Seen) -> bool:
    """What is kept for a look afterwards, or by its nature: a safety copy, a log, the empty file of a lock.

    The scratch folder is open to nobody else.
    """
    given = {one.content for one in seen.before.given.values()}
    if file.content.startswith("backup "):
        return file.content not in given
    if file.content.startswith("empty ") and "lock" in name:
        return True
    old = {one.content for config in _configs(seen) for one in config.values()}
    listed = seen.after.scratch.get(f"{name.rpartition('/')[0]}/{_LIST}")
    of_dump = listed is not None and listed.content.startswith("backup ")
    return of_dump or name.endswith((".log", *_ARCHIVES)) or file.content in old


def _configs(seen: Seen) -> list[Files]:
    """What was there before each run: a second one keeps a copy of what the first made."""
    return [seen.before.config, *([seen.between.config] if seen.between else [])]


def _same_config(files: Files, config: Files) -> bool:
    """A safety copy: what was there before, no more readable than it was."""
    return files.keys() == config.keys() and all(
        one.content == config[name].content and not one.mode & ~config[name].mode & 0o077 for name, one in files.items()
    )


def _closed_archive(name: str, files: Files, seen: Seen) -> bool:
    """A safety copy in one file, which nobody else may read; what was given is none."""
    given = {one.content for one in seen.before.given.values()}
    return name.endswith(_ARCHIVES) and all(one.content not in given and not one.mode & 0o077 for one in files.values())


def _databases(seen: Seen, *, done: bool) -> Iterator[Finding]:
    new = sorted(seen.after.others.keys() - seen.before.others.keys())
    why = {name: no_safety_copy(name, seen) for name in new}
    left = [f"{name}: {reason}" if reason else name for name, reason in why.items() if reason or not done]
    if left:
        yield Finding("left-database", some(left))


def _changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    texts = [{name: str(one) for name, one in mapping.items()} for mapping in (before, after)]
    return difference(*texts)
