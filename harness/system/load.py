"""Reads drill.toml: a wrong file gives its name, the line, the field and what was expected."""

import re
import tomllib
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Final, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from harness.errors import ConfigurationError, NotFound
from harness.secrecy import learn, secrets_of
from harness.system.chaos_model import EXPERIMENT_PATTERN
from harness.system.check_model import CAPTURE_PATTERN, CHECK_PATTERN, TABLE_PATTERN
from harness.system.metrics_model import METRIC_PATTERN
from harness.system.model import FILE_PATTERN, TAG_PATTERN, SystemModel
from harness.system.notify_model import Way
from harness.system.rollback_model import REDIS_PATTERN
from harness.system.table import NAME_PATTERN, PATH_PATTERN

Model = TypeVar("Model", bound=BaseModel)

_KEY: Final = re.compile(r"""\s*((?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"|'[^']*'))*)\s*=""")
_HEADER: Final = re.compile(r"\s*\[\[?(.+?)\]\]?\s*(?:#.*)?")
_AT_LINE: Final = re.compile(r"\(at line (\d+), ")
_MEANINGS: Final = {
    "missing": "this field is required",
    "extra_forbidden": "this field is not known",
    f"string_pattern_mismatch{NAME_PATTERN}": "expected a name of lower case letters, digits and '-', letter first",
    f"string_pattern_mismatch{METRIC_PATTERN}": "expected a name of letters, digits and '_', no digit first",
    f"string_pattern_mismatch{CHECK_PATTERN}": 'expected a name without a "\'", in which steps quote it',
    f"string_pattern_mismatch{CAPTURE_PATTERN}": "expected a name of lower case letters, digits and '_'",
    f"string_pattern_mismatch{TABLE_PATTERN}": "expected a table, such as 'orders' or 'shop.orders'",
    f"string_pattern_mismatch{FILE_PATTERN}": "expected a file that ends in .toml or .json",
    f"string_pattern_mismatch{TAG_PATTERN}": "expected a tag of letters, digits, '_', '.' and '-', without the @",
    f"string_pattern_mismatch{EXPERIMENT_PATTERN}": "expected a .json or .yaml file below the folder of drill.toml",
    f"string_pattern_mismatch{REDIS_PATTERN}": "expected an address that begins with redis://, rediss:// or unix://",
    f"string_pattern_mismatch{PATH_PATTERN}": "expected a path that starts with '/'",
}


def load_system(path: Path) -> SystemModel:
    """The system that a drill.toml describes, with its paths starting at the file's folder.

    Raises:
        NotFound: there is no such file.
        ConfigurationError: the file cannot be read, is not TOML, or does not describe a system; the message has
            one line for each mistake: file, line, field, what was expected.
    """
    text = _read(path, "a drill needs the description of its system (--system)")
    model = _parsed(path, text, SystemModel).at(path.parent, path.name, text)
    learn_secrets(model)
    return model


def load_file(path: Path, kind: type[Model], needed: str) -> Model:
    """What a TOML file describes.

    Args:
        path: the file.
        kind: what it should describe.
        needed: what it is needed for, for the message where it is not there.

    Raises:
        NotFound: there is no such file.
        ConfigurationError: the file cannot be read, is not TOML, or does not describe that; the message has one line
            for each mistake: file, line, field, what was expected.
    """
    return _parsed(path, _read(path, needed), kind)


def _read(path: Path, needed: str) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise NotFound(f"{path}: there is no such file; {needed}") from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise ConfigurationError(f"{path}:{line}: not TOML: expected text in UTF-8") from error
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read: {error.strerror}") from error


def _parsed(path: Path, text: str, kind: type[Model]) -> Model:
    try:
        document = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # ValueError itself: a number of more digits than Python reads
        line = _toml_line(str(error), text)
        raise ConfigurationError(f"{path}:{line}: not TOML: {error}") from error
    try:
        return kind.model_validate(document)
    except ValidationError as error:
        mistakes = [_mistake(path, text, mistake, kind) for mistake in error.errors()]
        raise ConfigurationError("\n".join(mistakes)) from error


def learn_secrets(model: SystemModel) -> None:
    """What is secret in the environments of its services is masked from now on, and where its receivers listen.

    Whoever knows the address of a webhook can write to it.
    """
    for service in model.services.values():
        learn(*secrets_of(service.env))
    learn(*(one.url for one in model.notify if one.url and one.way is not Way.PAGERDUTY))


def _toml_line(message: str, text: str) -> int:
    found = _AT_LINE.search(message)
    return int(found.group(1)) if found else text.rstrip().count("\n") + 1


def _mistake(path: Path, text: str, mistake: ErrorDetails, kind: type[BaseModel]) -> str:
    # What stands in brackets is a remark of the validation, such as which kind of table it took this one for.
    location = [part for part in mistake["loc"] if not str(part).startswith("[")]
    field = ".".join(map(str, location)) or "(the whole file)"
    pattern = mistake.get("ctx", {}).get("pattern", "")
    expected = _MEANINGS.get(f"{mistake['type']}{pattern}", mistake["msg"].removeprefix("Value error, "))
    if mistake["type"] == "extra_forbidden":
        expected += f"; {_instead(str(location[-1]), _fields(kind, location[:-1]))}"
    return f"{path}:{line_of(text, location)}: {field}: {expected}"


def _instead(name: str, known: Sequence[str]) -> str:
    """What to write instead of a field that is not known."""
    near = get_close_matches(name, known, n=1)
    if near:
        return f"write '{near[0]}'"
    return f"is it in the wrong table? in this one there may be {', '.join(known)}"


def _fields(kind: type[BaseModel], location: Sequence[int | str]) -> list[str]:
    """The fields that there may be in a table of a file, by the keys and indexes that lead to it."""
    at = {kind}
    for part in location:
        fields = [one.model_fields[str(part)] for one in at if str(part) in one.model_fields]
        # the name of a service, or a number of a list: the table that they are of is known already
        at = {inner for field in fields for inner in _models(field.annotation)} or at
    return sorted({field.alias or name for one in at for name, field in one.model_fields.items()})


def _models(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models(part)


def line_in(path: Path, location: Sequence[int | str]) -> int:
    """The line of a field of a file that was read as a system; 1 where the file is there no more."""
    try:
        return line_of(path.read_text(encoding="utf-8"), location)
    except (OSError, ValueError):
        return 1


def line_of(text: str, location: Sequence[int | str]) -> int:
    """The line (from 1) where a field of a TOML text stands, or that of the nearest table around it.

    Arrays of tables count their elements as pydantic does, from 0.

    Args:
        text: valid TOML.
        location: the keys and indexes that lead to the field.
    """
    wanted = [str(part) for part in location]
    best_line, best_depth = 1, 0
    table: list[str] = []
    last_index: dict[tuple[str, ...], int] = {}
    for number, line in _statements(text):
        if header := _HEADER.fullmatch(line):
            table = _table(_parts(header.group(1)), last_index, new_element=line.lstrip().startswith("[["))
            here = table
        elif key := _KEY.match(line):
            here = [*table, *_parts(key.group(1))]
        else:
            continue
        depth = _common(wanted, here)
        if depth > best_depth and depth == min(len(here), len(wanted)):
            best_line, best_depth = number, depth
    return best_line


def _table(parts: list[str], last_index: dict[tuple[str, ...], int], *, new_element: bool) -> list[str]:
    """The full path of a header: an array of tables that it leads through stands for its last element."""
    path: list[str] = []
    for at, part in enumerate(parts, 1):
        path.append(part)
        if new_element and at == len(parts):
            last_index[tuple(path)] = last_index.get(tuple(path), -1) + 1
        if tuple(path) in last_index:
            path.append(str(last_index[tuple(path)]))
    return path


def _statements(text: str) -> Iterator[tuple[int, str]]:
    """The lines on which a statement begins: those inside of a multi-line string or array are left out.

    A line that does not make TOML with those gathered before it is the middle of a statement.
    """
    begin, gathered = 0, ""
    for number, line in enumerate(text.split("\n"), 1):
        if not gathered:
            begin = number
        gathered += line + "\n"
        try:
            tomllib.loads(gathered)
        except tomllib.TOMLDecodeError:
            continue
        yield begin, gathered.split("\n", 1)[0].rstrip("\r")
        gathered = ""


def _parts(dotted: str) -> list[str]:
    return [part.strip().strip("\"'") for part in re.findall(r"\"[^\"]*\"|'[^']*'|[^.]+", dotted) if part.strip()]


def _common(left: Sequence[str], right: Sequence[str]) -> int:
    count = 0
    for one, other in zip(left, right, strict=False):
        if one != other:
            break
        count += 1
    return count
