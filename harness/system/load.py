"""Reads drill.toml: a wrong file gives its name, the line, the field and what was expected."""

import re
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from harness.errors import ConfigurationError, NotFound
from harness.system.model import SystemModel

_KEY: Final = re.compile(r"""\s*((?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"|'[^']*'))*)\s*=""")
_HEADER: Final = re.compile(r"\s*\[\[?(.+?)\]\]?\s*(?:#.*)?")
_MEANINGS: Final = {
    "missing": "this field is required",
    "extra_forbidden": "this field is not known; is it misspelt or in the wrong table?",
}


def load_system(path: Path) -> SystemModel:
    """The system that a drill.toml describes, with its paths starting at the file's folder.

    Raises:
        NotFound: there is no such file.
        ConfigurationError: the file cannot be read, is not TOML, or does not describe a system; the message has
            one line for each mistake: file, line, field, what was expected.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise NotFound(
            f"{path}: there is no such file; a drill needs the description of its system (--system)"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: cannot be read: {error}") from error
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{path}: not TOML: {error}") from error
    try:
        return SystemModel.model_validate(document).at(path.parent)
    except ValidationError as error:
        mistakes = [_mistake(path, text, mistake["loc"], mistake["type"], mistake["msg"]) for mistake in error.errors()]
        raise ConfigurationError("\n".join(mistakes)) from error


def _mistake(path: Path, text: str, location: Sequence[int | str], kind: str, message: str) -> str:
    field = ".".join(str(part) for part in location if part != "[key]") or "(the whole file)"
    expected = _MEANINGS.get(kind, message.removeprefix("Value error, "))
    return f"{path}:{line_of(text, location)}: {field}: {expected}"


def line_of(text: str, location: Sequence[int | str]) -> int:
    """The line (from 1) where a field of a TOML text stands, or that of the nearest table around it.

    Arrays of tables count their elements as pydantic does, from 0.
    """
    wanted = [str(part) for part in location]
    best_line, best_depth = 1, 0
    table: list[str] = []
    seen: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if header := _HEADER.fullmatch(line):
            table = _parts(header.group(1))
            if line.lstrip().startswith("[["):
                index = seen.get(header.group(1), 0)
                seen[header.group(1)] = index + 1
                table = [*table, str(index)]
            here = table
        elif key := _KEY.match(line):
            here = [*table, *_parts(key.group(1))]
        else:
            continue
        depth = _common(wanted, here)
        if depth > best_depth and depth == min(len(here), len(wanted)):
            best_line, best_depth = number, depth
    return best_line


def _parts(dotted: str) -> list[str]:
    return [part.strip().strip("\"'") for part in re.findall(r"\"[^\"]*\"|'[^']*'|[^.]+", dotted)]


def _common(left: Sequence[str], right: Sequence[str]) -> int:
    count = 0
    for one, other in zip(left, right, strict=False):
        if one != other:
            break
        count += 1
    return count
