"""The releases that a system has, by their folders, and what each is to run with: configuration and schema."""

from __future__ import annotations

import glob
import hashlib
import json
import os
import re
import tomllib
from pathlib import Path
from typing import Final

from harness.errors import ConfigurationError, NotFound
from harness.system.model import SystemModel, VersionField

_MIGRATION: Final = re.compile(r"(?P<low>.+?)_to_(?P<high>.+?)(?:_rollback)?\.sql")


def versions(model: SystemModel) -> tuple[str, ...]:
    """The versions whose release folder exists, sorted."""
    before, found, after = str(model.root / model.releases.path).partition("{version}")
    if not found:
        return (model.releases.current,)
    pattern = re.compile(re.escape(before) + "([^/]+)" + re.escape(after))
    paths = glob.glob(f"{glob.escape(before)}*{glob.escape(after)}")  # noqa: PTH207 - the path may be absolute
    matches = (pattern.fullmatch(path) for path in paths if Path(path).is_dir())
    return tuple(sorted(match.group(1) for match in matches if match))


def schemas(model: SystemModel) -> tuple[str, ...]:
    """The versions of the schema that a script of the migrations leads from or to, sorted; none without a folder."""
    named = model.database.migrations if model.database else None
    folder = model.root / named if named else None
    names = [one.name for one in folder.iterdir()] if folder is not None and folder.is_dir() else []
    found = (_MIGRATION.fullmatch(one) for one in names)
    return tuple(sorted({version for one in found if one for version in one.group("low", "high")}))


def is_folder(path: Path) -> bool:
    """True where there is a folder; false, too, where none can be: the name is too long for a file system."""
    return os.path.isdir(path)  # noqa: PTH112 - Path.is_dir raises for such a name


def config_of(model: SystemModel, version: str) -> Path | None:
    """The configuration folder of a release, once it is known that the release exists; None when releases have none.

    Raises:
        NotFound: there is no such release, or its configuration folder is missing.
    """
    known = versions(model)
    if version not in known:
        raise NotFound(f"there is no release {version!r} of {model.name}; there are {', '.join(known) or 'none'}")
    config = model.config_path(version)
    if config is not None and not is_folder(config):
        raise NotFound(f"{config}: the release {version} has no configuration folder; drill.toml says it lies there")
    return config


def digests(folder: Path) -> dict[str, str]:
    """The files of a folder, by their paths in it, each as the SHA-256 of its content.

    Raises:
        NotFound: a file cannot be read, or the folder is not there.
    """
    if not is_folder(folder):
        raise NotFound(f"{folder}: there is no such folder")
    try:
        files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
        return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
    except OSError as error:
        raise NotFound(f"{error.filename or folder}: cannot be read: {error.strerror}") from error


def schema_of(model: SystemModel, version: str) -> str:
    """The version of the schema that a release runs with, as a file of the release says.

    Raises:
        ConfigurationError: drill.toml does not say where that is written, or it is not written there.
        NotFound: there is no such file.
    """
    return _said(model, version, model.releases.schema_field, "schema")


def data_format_of(model: SystemModel, version: str) -> str:
    """The format in which a release writes data, as a file of the release says.

    Raises:
        ConfigurationError: drill.toml does not say where that is written, or it is not written there.
        NotFound: there is no such file.
    """
    return _said(model, version, model.releases.data_format, "data_format")


def _said(model: SystemModel, version: str, where: VersionField | None, key: str) -> str:
    """What a file of a release says under a key of [releases]."""
    if where is None:
        raise ConfigurationError(
            f"drill.toml does not say which {key.replace('_', ' ')} a release runs with; '{key}' of [releases] names a "
            "file of the release and the field in it"
        )
    path = model.root / where.file.format(version=version)
    try:
        text = path.read_text(encoding="utf-8")
        content = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except OSError as error:
        raise NotFound(f"{path}: cannot be read: {error.strerror}; drill.toml names it in [releases]") from error
    except ValueError as error:
        raise ConfigurationError(f"{path}: neither TOML nor JSON: {error}") from error
    found = content.get(where.field) if isinstance(content, dict) else None
    if not isinstance(found, str) or not found:
        raise ConfigurationError(
            f"{path}: {where.field}: expected the version of the release's {key.replace('_', ' ')} as text"
        )
    return found
