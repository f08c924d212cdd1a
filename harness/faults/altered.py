"""Changes the text of a configuration as somebody does who makes a mistake. Pure."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote, unquote, urlsplit

from harness.errors import InputError, NotFound
from harness.system.bundle import ENVIRONMENT, Bundle, environment_file

SPARED: Final = "spared-"  # before the name of an archive that is damaged: its own content
_DATABASE: Final = ("postgresql", "postgres")


def without_key(bundle: Bundle, path: str, key: str) -> Bundle:
    """A configuration in which one key of one file is missing, and nothing else is different.

    Args:
        bundle: the configuration.
        path: a TOML or JSON file of it, or its environment.
        key: the key, with those of the tables around it before it: "database.pool_size".

    Raises:
        NotFound: there is no such file, or no such key in it.
        InputError: it cannot be taken out of such a file.
    """
    if path not in bundle.files:
        raise NotFound(f"there is no {path} in the configuration; there are {', '.join(sorted(bundle.files))}")
    if path == ENVIRONMENT:
        values = bundle.environment
        if key not in values:
            raise NotFound(f"{path} has no {key}")
        return bundle.with_file(path, environment_file({name: one for name, one in values.items() if name != key}))
    if not path.endswith((".toml", ".json")):
        raise InputError(f"{path}: a key can be removed from a TOML or JSON file, or from {ENVIRONMENT}")
    text = bundle.files[path].decode("utf-8", "replace")
    read = tomllib.loads if path.endswith(".toml") else json.loads
    try:
        wanted = _less(read(text), key.split("."))
        changed = _line_less(text, key) if read is tomllib.loads else json.dumps(wanted, indent=2) + "\n"
        if read(changed) == wanted:
            return bundle.with_file(path, changed.encode())
    except ValueError as error:
        raise InputError(f"{path}: {type(error).__name__}: its keys cannot be told") from None
    except KeyError:
        raise NotFound(f"{path} has no {key}") from None
    raise InputError(f"{path}: {key} does not stand on a line of its own, so it cannot be taken out")


def database_address(bundle: Bundle) -> tuple[str, str]:
    """The variable by which a configuration leads to a database, and the address in it.

    Raises:
        NotFound: there is none.
    """
    for name, value in bundle.environment.items():
        if urlsplit(value).scheme in _DATABASE and urlsplit(value).password:
            return name, value
    raise NotFound(f"{ENVIRONMENT} has no address of a database with a password")


def with_password(bundle: Bundle, password: str) -> Bundle:
    """A configuration that leads to its database with another password.

    Raises:
        NotFound: it leads to none.
    """
    name, url = database_address(bundle)
    parts = urlsplit(url)
    at = parts.netloc.rpartition("@")[2]
    changed = parts._replace(netloc=f"{quote(parts.username or '', safe='')}:{quote(password, safe='')}@{at}").geturl()
    return bundle.with_file(ENVIRONMENT, environment_file({**bundle.environment, name: changed}))


def credential(bundle: Bundle) -> tuple[str, str]:
    """The role and the password by which a configuration leads to its database.

    Raises:
        NotFound: it leads to none.
    """
    parts = urlsplit(database_address(bundle)[1])
    return unquote(parts.username or ""), unquote(parts.password or "")


def _less(value: Any, keys: list[str]) -> Any:
    """The same value without what the keys lead to. Raises KeyError where they lead nowhere."""
    first, *rest = keys
    if not isinstance(value, Mapping):
        raise KeyError(first)
    inner = value[first]
    return {name: _less(inner, rest) if name == first else one for name, one in value.items() if rest or name != first}


def _line_less(text: str, key: str) -> str:
    """A TOML text without the line of a key."""
    *tables, name = key.split(".")
    here, lines, wanted = "", [], ".".join(tables)
    for line in text.splitlines(keepends=True):
        if found := re.match(r"\s*\[([^\[\]]+)\]", line):
            here = found[1].strip()
        if here == wanted and re.match(rf"\s*{re.escape(name)}\s*=", line):
            continue
        lines.append(line)
    return "".join(lines)
