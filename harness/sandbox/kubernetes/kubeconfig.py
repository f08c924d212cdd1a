"""Reads a kubeconfig so that its keys are written nowhere.

The client takes certificates and keys from files only. Where a kubeconfig holds them itself, the client would write
them to temporary files, which a killed process leaves behind; here they go into files in memory, which the kernel ends
with the process. What it holds of secrets is masked from then on.
"""

from __future__ import annotations

import base64
import os
from pathlib import Path
from typing import Any, Final

import yaml
from kubernetes import client, config
from kubernetes.config.config_exception import ConfigException

from harness.errors import Unavailable
from harness.secrecy import learn, secrets_of

_FILES: Final = {
    "clusters": ("cluster", ("certificate-authority",)),
    "users": ("user", ("client-certificate", "client-key", "tokenFile")),
}


_SECRET: Final = ("token", "password", "client-key-data")


class Kubeconfig:
    """A kubeconfig that was read, and the files in memory that its keys are in until `close`.

    `logs_in` is true where it names a program that logs in, which may read any variable of the environment.

    Raises:
        Unavailable: it cannot be used.
    """

    def __init__(self, path: Path, context: str | None) -> None:
        self.client = client.Configuration()
        self._files: list[int] = []
        self.logs_in = False
        try:
            found = yaml.safe_load(path.read_text(encoding="utf-8"))
            for kind, (table, names) in _FILES.items():
                for one in found.get(kind) or ():
                    self._learn(one[table])
                    self._lead_to_files(one[table], names, path.absolute().parent)
            config.load_kube_config_from_dict(found, context, client_configuration=self.client, persist_config=False)
        except (ConfigException, yaml.YAMLError, OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            # What the loader raises for a file that is YAML but no kubeconfig is not documented.
            self.close()
            raise Unavailable(f"{path}: cannot be used as a kubeconfig: {error}") from error

    def close(self) -> None:
        """Ends the files in memory: no connection can be opened any more."""
        while self._files:
            os.close(self._files.pop())

    def _learn(self, table: dict[str, Any]) -> None:
        """Notes what is secret in it, and whether it names a program."""
        learn(*(str(table[name]) for name in _SECRET if table.get(name)))
        program = table.get("exec") or {}
        learn(*secrets_of({one["name"]: str(one["value"]) for one in program.get("env") or ()}))
        self.logs_in = self.logs_in or bool(program or table.get("auth-provider"))

    def _lead_to_files(self, table: dict[str, Any], names: tuple[str, ...], folder: Path) -> None:
        """Replaces what is in the table by where it is, and relative paths, which mean the kubeconfig's folder."""
        for name in names:
            data = table.pop(f"{name}-data", None)
            if data:
                table[name] = self._in_memory(name, base64.standard_b64decode(data))
            elif table.get(name):
                table[name] = str(folder / table[name])
        program = table.get("exec") or {}
        if os.sep in program.get("command", ""):
            program["command"] = str(folder / program["command"])

    def _in_memory(self, name: str, content: bytes) -> str:
        file = os.memfd_create(name)
        self._files.append(file)
        os.write(file, content)
        return f"/proc/self/fd/{file}"
