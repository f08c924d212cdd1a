"""What programs get of the environment of a drill: only what they need.

    modules of ours        where Python and its modules are
    experiments            besides, what these read, and the variables that they name
    helm, docker, kind     besides, what these read: a home, an engine's address, their own folders, proxies

What a drill's shell knows beyond that, passwords and tokens above all, is nothing to them. But where a kubeconfig names
a program that logs in (`exec`), nobody but that program knows what it reads: then they get everything.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Final

_OF_OURS: Final = ("PATH", "LANG", "PYTHONPATH", "COVERAGE_PROCESS_START", "COVERAGE_PROCESS_CONFIG")
"""COVERAGE_*: so that a test run can measure what runs there."""
_OF_TOOLS: Final = frozenset(
    {
        *(
            "PATH",
            "LANG",
            "LANGUAGE",
            "HOME",
            "USER",
            "LOGNAME",
            "TMPDIR",
            "SSL_CERT_FILE",
            "SSL_CERT_DIR",
            "SSH_AUTH_SOCK",
        ),
        *("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "all_proxy", "ALL_PROXY"),
    }
)
_FAMILIES: Final = ("LC_", "XDG_", "DOCKER_", "KIND_", "HELM_", "TESTCONTAINERS_")
_NEVER: Final = "HELM_KUBE"  # would lead helm to another cluster than the drill's, and may hold a token


def of_ours() -> dict[str, str]:
    """The environment of a process that runs a module of ours."""
    return {name: os.environ[name] for name in _OF_OURS if name in os.environ}


def of_tools() -> dict[str, str]:
    """The environment of helm, docker, kind, and of a process of ours that calls them."""
    return of_ours() | {name: value for name, value in os.environ.items() if _is_for_tools(name)}


def named(names: Iterable[str]) -> dict[str, str]:
    """These variables, as far as they are set: what somebody has named who starts a program."""
    return {name: os.environ[name] for name in names if name in os.environ}


def everything() -> dict[str, str]:
    """The environment of what may have to log in by a program that a kubeconfig names."""
    return {name: value for name, value in os.environ.items() if not name.startswith(_NEVER)}


def _is_for_tools(name: str) -> bool:
    return not name.startswith(_NEVER) and (name in _OF_TOOLS or name.startswith(_FAMILIES))
