"""An experiment of Chaos Toolkit as its file says: read and checked before anything is begun. Pure, but for the read.

Documents are JSON values as Chaos Toolkit has them; what is not looked at here passes through untouched.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from harness.errors import InputError, NotFound
from harness.secrecy import secrets_of

_KINDS: Final = ("action", "probe")
_PROVIDERS: Final = ("python", "process", "http")


@dataclass(frozen=True, slots=True)
class ExperimentFile:
    """One experiment: by which name, its document as JSON text, and the SHA-256 of its file."""

    name: str
    text: str
    digest: str

    @classmethod
    def read(cls, root: Path, name: str) -> ExperimentFile:
        """Reads an experiment.

        Args:
            root: the folder that its name starts at.
            name: of its file.

        Raises:
            NotFound: there is no such file.
            InputError: it is no experiment that a drill can run, and take back; says what is wrong.
        """
        path = root / name
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            raise NotFound(f"{path}: there is no such experiment") from None
        except OSError as error:
            raise InputError(f"{path}: cannot be read: {error.strerror}") from error
        try:
            document = json.loads(content) if path.suffix == ".json" else yaml.safe_load(content)
            text = json.dumps(document)
        except (ValueError, RecursionError, yaml.YAMLError, TypeError) as error:
            raise InputError(f"{path}: is not {path.suffix[1:].upper()}: {error}") from error
        wrong = next(_mistakes(document), None)
        if wrong:
            raise InputError(f"{path}: {wrong}")
        return cls(name, text, hashlib.sha256(content).hexdigest())

    @property
    def document(self) -> dict[str, Any]:
        """What it says."""
        found: dict[str, Any] = json.loads(self.text)
        return found

    @property
    def only_rollbacks(self) -> dict[str, Any]:
        """The same experiment without a method and a steady state; what it refers to stands in its place."""
        document = self.document
        named = {one["name"]: one for one in _activities(document) if "name" in one}
        rollbacks = [named[one["ref"]] if "ref" in one else one for one in document.get("rollbacks", [])]
        left_out = ("steady-state-hypothesis", "method", "rollbacks")
        rest = {key: value for key, value in document.items() if key not in left_out}
        return {**rest, "method": [], "rollbacks": rollbacks}

    @property
    def has_rollbacks(self) -> bool:
        """Whether it says what takes it back."""
        return bool(self.document.get("rollbacks"))

    @property
    def names(self) -> tuple[str, ...]:
        """The variables of the environment that its configuration names."""
        return tuple(dict.fromkeys(_variables(self.document.get("configuration"))))

    @property
    def secrets(self) -> tuple[str, ...]:
        """Those that its secrets name."""
        return tuple(dict.fromkeys(_variables(self.document.get("secrets"))))


def _mistakes(document: Any) -> Iterator[str]:
    if not isinstance(document, dict):
        yield "is no experiment: expected 'title', 'description' and 'method'"
        return
    wrong = list(_wrong_parts(document))
    yield from wrong
    if wrong:
        return
    names = {one.get("name") for one in _activities(document)}
    for part in ("method", "rollbacks"):
        for number, one in enumerate(document.get(part, []), 1):
            if told := _wrong_activity(one, names):
                yield f"{part}, activity {number}: {told}"
    yield from _wrong_values(document)


def _wrong_parts(document: dict[str, Any]) -> Iterator[str]:
    for key in ("title", "description"):
        if not isinstance(document.get(key), str) or not document[key]:
            yield f"the experiment has no {key!r}, which Chaos Toolkit requires"
    for part in ("method", "rollbacks"):
        found = document.get(part, [])
        if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
            yield f"{part!r} is no list of activities"
    for part in ("configuration", "secrets"):
        if not isinstance(document.get(part, {}), dict):
            yield f"{part!r} is no table"
    if not document.get("method"):
        yield "the experiment has no method, so it would change nothing"


def _wrong_activity(one: dict[str, Any], names: set[Any]) -> str:
    if "ref" in one:
        return "" if one["ref"] in names else f"refers to {one['ref']!r}, and there is no such activity"
    provider = one.get("provider")
    if not isinstance(one.get("name"), str) or one.get("type") not in _KINDS:
        return f"expected a 'name', and a 'type' of {' or '.join(_KINDS)}"
    if not isinstance(provider, dict) or provider.get("type") not in _PROVIDERS:
        return f"expected a 'provider' with a 'type' of {', '.join(_PROVIDERS)}"
    return ""


def _wrong_values(document: dict[str, Any]) -> Iterator[str]:
    found_out = [
        name
        for name, value in document.get("configuration", {}).items()
        if isinstance(value, dict) and value.get("type") == "probe"
    ]
    if found_out and document.get("rollbacks"):
        yield (
            f"the configuration {found_out[0]!r} is found by a probe; its rollbacks are run apart, also by another "
            "process, and could find another value then. Use one of the variables that drills give, or of your own"
        )
    for name, value in _texts(document.get("secrets", {})):
        if list(secrets_of({name: value})):
            yield (
                f"the secret {name!r} stands in the file; expected a reference, such as "
                f'{{"type": "env", "key": "{name.upper()}"}}'
            )


def _activities(document: dict[str, Any]) -> list[dict[str, Any]]:
    hypothesis = document.get("steady-state-hypothesis")
    probes = hypothesis.get("probes", []) if isinstance(hypothesis, dict) else []
    found = [*probes, *document.get("method", []), *document.get("rollbacks", [])]
    return [one for one in found if isinstance(one, dict)]


def _texts(table: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The texts of a table of secrets, by their names; what is a reference is none."""
    for name, value in table.items():
        if isinstance(value, dict) and "type" not in value:
            yield from _texts(value)
        elif isinstance(value, str):
            yield name, value


def _variables(value: Any) -> Iterator[str]:
    if not isinstance(value, dict):
        return
    if value.get("type") == "env" and isinstance(value.get("key"), str):
        yield value["key"]
        return
    for one in value.values():
        yield from _variables(one)
