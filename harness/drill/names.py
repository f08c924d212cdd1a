"""Names that a scenario says: they are looked up as soon as it says them, so that a slip costs no run."""

from __future__ import annotations

import re
from typing import Final

from harness.errors import NotFound
from harness.system.model import Service, SystemModel
from harness.system.releases import is_folder, versions

_PLAIN: Final = re.compile(r"\w[\w.+-]*")  # a version is a name, never a way to another folder


def known_service(model: SystemModel, name: str) -> Service:
    """The table of a service.

    Raises:
        NotFound: the system has no such service; says which it has.
    """
    table = model.services.get(name)
    if table is None:
        raise NotFound(f"the system {model.name} has no service {name!r}; it has {', '.join(model.services)}")
    return table


def known_release(model: SystemModel, version: str) -> str:
    """A version, if there is a release of it.

    Raises:
        NotFound: there is none; says which there are.
    """
    if not _PLAIN.fullmatch(version) or not is_folder(model.release_path(version)):
        raise NotFound(f"there is no release {version}; there are {', '.join(versions(model)) or 'none'}")
    return version
