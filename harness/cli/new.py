"""`drill new`: asks what happened, or takes it as options, and writes a feature that runs at once."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Final, TypeVar

import typer

from harness.cli.files import write_new
from harness.cli.incident import (
    CURES,
    DEEDS,
    OF_TABLES,
    SYMPTOMS,
    Done,
    Incident,
    Symptom,
    feature_text,
    usual_title,
)
from harness.cli.options import FEATURES, System
from harness.cli.output import results_to_stdout, tell
from harness.cli.systems import found_system
from harness.drill.names import known_release, known_service, known_table
from harness.errors import InputError, NotFound, UsageError
from harness.system.find import find_system
from harness.system.load import load_system
from harness.system.model import SystemModel
from harness.system.releases import schemas, versions
from harness.units import counted

C = TypeVar("C", bound=str)
_TRIES: Final = 3  # of an answer: who was not understood so often wants to read the help


def new(
    name: Annotated[str | None, typer.Argument(help="what the incident is called")] = None,
    *,
    service: Annotated[str | None, typer.Option(help="whom clients got bad answers from")] = None,
    symptom: Annotated[Symptom | None, typer.Option(help="what they saw")] = None,
    since: Annotated[str | None, typer.Option(help="the version that it began with", metavar="VERSION")] = None,
    before: Annotated[str | None, typer.Option(help="the one that worked; the one below it", metavar="VERSION")] = None,
    done: Annotated[Done | None, typer.Option(help="what was done about it")] = None,
    table: Annotated[str | None, typer.Option(help="the table that was dropped or emptied")] = None,
    system: System = None,
    to: Annotated[Path | None, typer.Option(help="the file to write; named after the incident in features/")] = None,
) -> int:
    """Write a feature that lets an incident happen again. What is not said as an option is asked for."""
    _refuse(name, to)
    path = found_system(system)
    model = load_system(path)
    service = known(service, model) or _ask("Which service?", dict.fromkeys(_felt(model), ""), "--service")
    symptom = symptom or Symptom(_ask("What was seen?", _symptoms(model), "--symptom"))
    table = _table(model, symptom, table)
    since = known_release(model, since) if since else _since(model, symptom)
    before = known_release(model, before) if before else _before(model, symptom, since)
    cures = CURES[symptom]
    done = done or Done(_ask("What was done?", {one: DEEDS[one] for one in cures}, "--done"))
    if done not in cures:
        raise UsageError(f"--done {done} is no way back from '{symptom}'; expected one of {', '.join(cures)}")
    incident = Incident(name or usual_title(service, symptom, since), service, symptom, since, before, done, table)
    target = to or FEATURES[0] / incident.file_name
    text = feature_text(incident, model)
    if _has_mistakes(target, text, path):
        return InputError.exit_code
    write_new({target: text}, "name another file with --to")
    with results_to_stdout():
        print(f"{target} is written; run it: {_run(target, path)}")
    return 0


def _refuse(name: str | None, to: Path | None) -> None:
    """Refuses a name that is none, or more than a line, and a file that nothing would run.

    Raises:
        UsageError: it says what was expected.
    """
    if name is not None and not (name.strip() and name.isprintable()):
        raise UsageError(f"an incident cannot be called {name!r}; expected a name of one line")
    if to is not None and to.suffix != ".feature":
        raise UsageError(f"--to {to}: only what ends with .feature is run; name the file so")


def _felt(model: SystemModel) -> tuple[str, ...]:
    """The services whose outage is one of the system; all where there is none."""
    return tuple(name for name, table in model.services.items() if table.critical) or tuple(model.services)


def _run(target: Path, system: Path) -> str:
    """The command that runs a feature of a system from here; it names the system only where it is not found."""
    found = find_system([target.parent, Path.cwd()])
    named = [] if found and found.resolve() == system.resolve() else ["--system", str(system)]
    return shlex.join(["drill", "run", str(target), *named])


def known(service: str | None, model: SystemModel) -> str | None:
    """A service that is named, once it is known to be there.

    Raises:
        NotFound: it is not.
    """
    if service is not None:
        known_service(model, service)
    return service


def _has_mistakes(target: Path, text: str, system: Path) -> bool:
    """Tells what drill.toml lacks, such as load; it shows in the feature, which is not written then."""
    from harness.bdd.lint.feature import FeatureText, lint_feature  # noqa: PLC0415 - pytest takes half a second
    from harness.bdd.vocabulary import own_steps  # noqa: PLC0415 - likewise

    found = lint_feature(FeatureText(target, str(target), own_steps(), system, str(system), text))
    for one in found:
        print(one, file=sys.stderr)
    if found:
        tell(f"{counted(len(found), 'finding')}: the feature could not pass, and is not written before that is mended")
    return bool(found)


def _symptoms(model: SystemModel) -> dict[str, str]:
    """What may have happened to this system."""
    data = model.database is not None
    migrated = model.database is not None and model.database.migrations is not None
    able = {
        **dict.fromkeys(Symptom, True),
        **dict.fromkeys((*OF_TABLES, Symptom.DATABASE_LOST), data),
        Symptom.MIGRATED: migrated,
    }
    return {one: SYMPTOMS[one] for one in Symptom if able[one]}


def _table(model: SystemModel, symptom: Symptom, named: str | None) -> str:
    if symptom not in _symptoms(model):
        what = "no migrations" if symptom is Symptom.MIGRATED else "no database"
        raise InputError(f"--symptom {symptom}: drill.toml describes {what} of {model.name}; [database] would")
    if symptom not in OF_TABLES:
        if named:
            raise UsageError(f"--table goes with {' and '.join(OF_TABLES)}, not with '{symptom}'")
        return ""
    tables = model.database.tables if model.database else None
    return known_table(model, named) if named else _ask("Which table?", dict.fromkeys(tables or (), ""), "--table")


def _since(model: SystemModel, symptom: Symptom) -> str:
    """Where only the data was hit, nobody needs to know the version."""
    if symptom in (*OF_TABLES, Symptom.DATABASE_LOST):
        return model.releases.current
    there = _versions(model, symptom)
    return _ask("Since which version?", dict.fromkeys(there, ""), "--since", usual=there[-1] if there else None)


def _versions(model: SystemModel, symptom: Symptom) -> list[str]:
    """The releases there are, in order; those whose version the schema may have, where it was migrated."""
    of_schema = schemas(model) if symptom is Symptom.MIGRATED else None
    return in_order([one for one in versions(model) if of_schema is None or one in of_schema])


def _before(model: SystemModel, symptom: Symptom, since: str) -> str:
    """The release that worked: the one below, where the release was at fault; else the one that was live."""
    if symptom in (*OF_TABLES, Symptom.DATABASE_LOST):
        return since
    ordered = _versions(model, symptom)
    below = ordered[: ordered.index(since)] if since in ordered else []
    if below:
        return model.releases.current if model.releases.current in below else below[-1]
    if symptom in (Symptom.DOWN, Symptom.SLOW):
        return since
    raise NotFound(f"there is no release below {since} to go back to; name the one that worked with --before")


def in_order(found: Sequence[str]) -> list[str]:
    """Versions by their numbers: 2.10 comes after 2.9."""
    return sorted(
        found, key=lambda one: [(not part.isdigit(), int(part) if part.isdigit() else part) for part in _parts(one)]
    )


def _parts(version: str) -> list[str]:
    return re.findall(r"\d+|[^\d.]+", version)


def _ask(question: str, answers: Mapping[str, str], option: str, usual: str | None = None) -> str:
    """Asks on the terminal for one of some answers, by number or name; the usual or first where nothing is typed.

    Raises:
        UsageError: there is nobody to ask, or nothing to choose, or no answer was understood.
    """
    names = [str(one) for one in answers]
    if len(names) == 1:
        return names[0]
    if not sys.stdin.isatty():
        choice = f"one of {', '.join(names)}" if names else "a name"
        raise UsageError(f"{question} Nobody can be asked here: say {option}, {choice}")
    usual = usual or next(iter(names), None)
    print(question, file=sys.stderr)
    for number, (one, meaning) in enumerate(answers.items(), 1):
        print(f"  {number}  {one}" + (f": {meaning}" if meaning else ""), file=sys.stderr)
    for _ in range(_TRIES):
        said = str(typer.prompt(option.removeprefix("--"), default=usual, err=True)).strip()
        if said.isdigit() and 0 < int(said) <= len(names):
            return names[int(said) - 1]
        if said in names or not names:
            return said
        print(f"expected a number from 1 to {len(names)}, or a name of the list", file=sys.stderr)
    raise UsageError(f"{question} No answer was understood; say {option}, one of {', '.join(names)}")
