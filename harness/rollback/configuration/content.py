"""Whether a configuration could be run with: objects are there, files can be parsed, addresses are good. Pure.

What is found is told by file and key; what stands there may be secret, and is never told.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

import yaml

from harness.errors import InputError, NotFound
from harness.system.bundle import ENVIRONMENT, Bundle, variables
from harness.system.configuration_model import Connection
from harness.system.pointer import find

_HOSTLESS: Final = frozenset({"file", "unix", "sqlite", "jdbc", "urn", "data", "mailto", "tel"})
_NAMED_URL: Final = re.compile(r"(?:^|[^a-zA-Z])(?:url|uri|URL|URI)$|[a-z](?:Url|Uri|URL|URI)$")
_MOST: Final = 100_000  # values in a file: aliases of YAML make billions of them out of a few lines
_DEEPEST: Final = 100


def problems(bundle: Bundle, objects: Sequence[str]) -> list[str]:
    """All that is wrong with a configuration, a sentence each; empty when nothing is.

    Args:
        bundle: the configuration of one service.
        objects: the files that must be there.
    """
    told = [f"{path} is missing" for path in objects if path not in bundle.files]
    for path in sorted(bundle.files):
        try:
            parsed = parse(path, bundle.files[path])
        except InputError as error:
            told.append(str(error))
            continue
        told += [f"{path}: {where or 'it'} is no good address: {why}" for where, why in _bad_addresses(parsed, "")]
    return told


def parse(path: str, content: bytes) -> Any:
    """What a file says; None for one of no kind that is known.

    Raises:
        InputError: it cannot be parsed; says where, and nothing of what stands there.
    """
    parsed = _parsed(path, content)
    _require_bounded(path, parsed)
    return parsed


def _require_bounded(path: str, parsed: Any) -> None:
    waiting, seen = [(parsed, 0)], 0
    while waiting:
        value, depth = waiting.pop()
        seen += 1
        if seen > _MOST or depth > _DEEPEST:
            raise InputError(f"{path} holds more than {_MOST} values, or some deeper than {_DEEPEST}")
        inner = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
        waiting += [(one, depth + 1) for one in inner]


def _parsed(path: str, content: bytes) -> Any:
    kind = path.rpartition(".")[2].lower()
    if path == ENVIRONMENT or kind == "env":
        return _variables(path, content)
    if kind not in ("toml", "json", "yaml", "yml"):
        return None
    try:
        text = content.decode("utf-8")
        if kind == "toml":
            return tomllib.loads(text)
        if kind == "json":
            return json.loads(text)
        return list(yaml.safe_load_all(text))
    except UnicodeDecodeError:
        raise InputError(f"{path} is not text in UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{path} is no TOML: {error}") from None
    except json.JSONDecodeError as error:
        raise InputError(f"{path} is no JSON: {error.msg} at line {error.lineno} column {error.colno}") from None
    except yaml.MarkedYAMLError as error:
        at = error.problem_mark
        where = f" at line {at.line + 1} column {at.column + 1}" if at else ""
        raise InputError(f"{path} is no YAML: {error.problem or 'it cannot be read'}{where}") from None
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise InputError(f"{path} cannot be parsed: {type(error).__name__}") from None


def address(bundle: Bundle, connection: Connection) -> str:
    """The address that a configuration has for a connection.

    Raises:
        NotFound: it has none; says where it was looked for.
    """
    where = f"{connection.file}{connection.key}"
    if connection.file not in bundle.files:
        raise NotFound(f"there is no {connection.file}")
    try:
        found = parse(connection.file, bundle.files[connection.file])
        for document in found if isinstance(found, list) else [found]:
            value = find(document, connection.key)
            if isinstance(value, str) and "://" in value:
                return value
    except InputError as error:
        raise NotFound(str(error)) from None
    except NotFound:
        raise NotFound(f"there is nothing at {where}") from None
    raise NotFound(f"what stands at {where} is no address")


def _variables(path: str, content: bytes) -> Mapping[str, str]:
    try:
        return variables(content)
    except InputError as error:
        raise InputError(str(error).replace(ENVIRONMENT, path, 1)) from None


def _bad_addresses(value: Any, where: str) -> Iterator[tuple[str, str]]:
    """Where addresses stand that are none, with what is wrong with each."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _bad_addresses(inner, f"{where}/{key}")
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _bad_addresses(inner, f"{where}/{index}")
    elif isinstance(value, str):
        named = bool(_NAMED_URL.search(where.rpartition("/")[2])) and not value.startswith("/")
        if why := _wrong_address(value, expected=named):
            yield where, why


def _wrong_address(text: str, *, expected: bool) -> str:
    """What is wrong with an address; empty where nothing is, or where it is none and need not be one."""
    scheme, separator, _ = text.partition("://")
    if text.partition(":")[0].lower().split("+")[0] in _HOSTLESS:
        return ""
    blank = any(letter.isspace() for letter in text)
    if not expected and (not separator or blank or not scheme.replace("+", "").replace("-", "").isalnum()):
        return ""  # a text, or a sentence that speaks of one
    if not separator or blank:
        return "there is a blank in it" if separator else "it has no scheme://" if text else ""
    try:
        parts = urlsplit(text)
        several = "," in parts.netloc  # hosts, as clients of databases take them
        port = None if several else parts.port
    except ValueError:
        return "its host or its port cannot be read"
    of_libpq = (
        scheme.startswith("postgres") and not parts.netloc and parts.path.strip("/")
    )  # its host may be the machine's own
    no_host = not (parts.hostname or parts.query or of_libpq)
    return "it has no host" if no_host else "its port is 0" if port == 0 else ""
