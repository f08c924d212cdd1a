"""A kubeconfig's keys lie nowhere on the disk, whatever ends the process that has read it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from harness.errors import Unavailable
from harness.sandbox.kubernetes.kubeconfig import Kubeconfig
from harness.secrecy import masked

CERTIFICATE = "Y2VydGlmaWNhdGU="  # of "certificate"
KEY = "azN5LW9mLWEtdXNlcg=="
BY_A_PROGRAM = (
    "apiVersion: client.authentication.k8s.io/v1, command: 'true', interactiveMode: Never,"
    " env: [{name: CLOUD_SECRET, value: s3cr3t-of-a-program}, {name: REGION, value: north-1}]"
)
TEXT = """
apiVersion: v1
kind: Config
current-context: here
contexts: [{{name: here, context: {{cluster: one, user: me}}}}]
clusters: [{{name: one, cluster: {{server: "https://127.0.0.1:1", {cluster}}}}}]
users: [{{name: me, user: {{{user}}}}}]
"""


def written(folder: Path, cluster: str, user: str) -> Path:
    path = folder / "config"
    path.write_text(TEXT.format(cluster=cluster, user=user))
    return path


@pytest.fixture
def inline(tmp_path: Path) -> Path:
    """One that holds its certificates and its key itself."""
    user = f"client-certificate-data: {CERTIFICATE}, client-key-data: a2V5"
    return written(tmp_path, f"certificate-authority-data: {CERTIFICATE}", user)


def test_a_key_in_a_kubeconfig_is_read_from_memory(inline: Path) -> None:
    read = Kubeconfig(inline, None)
    assert Path(str(read.client.ssl_ca_cert)).read_text() == "certificate"
    assert Path(str(read.client.cert_file)).read_text() == "certificate"
    assert Path(str(read.client.key_file)).read_text() == "key"
    before = len(list(Path("/proc/self/fd").iterdir()))
    read.close()
    assert before - len(list(Path("/proc/self/fd").iterdir())) == 3


def test_a_killed_process_leaves_no_key(inline: Path, tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    code = (
        "import os, pathlib, signal, sys\n"
        "from harness.sandbox.kubernetes.api import Kube\n"
        "kept = Kube(pathlib.Path(sys.argv[1]), None, 'default')\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", code, inline], env={**os.environ, "TMPDIR": str(scratch)}, check=False)
    assert list(scratch.iterdir()) == []


def test_a_relative_path_means_the_folder_of_the_kubeconfig(tmp_path: Path) -> None:
    (tmp_path / "ca.crt").write_text("certificate")
    read = Kubeconfig(written(tmp_path, "certificate-authority: ca.crt", "token: t"), "here")
    assert read.client.ssl_ca_cert == str(tmp_path / "ca.crt")
    read.close()


def test_a_program_that_gives_a_token_is_found_beside_the_kubeconfig(tmp_path: Path) -> None:
    program = tmp_path / "give"
    answer = '{"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": {"token": "t"}}'
    program.write_text(f"#!/bin/sh\necho '{answer}'\n")
    program.chmod(0o700)
    user = "exec: {apiVersion: client.authentication.k8s.io/v1, command: ./give}"
    read = Kubeconfig(written(tmp_path, "insecure-skip-tls-verify: true", user), None)
    assert read.client.api_key["BearerToken"] == "Bearer t"
    read.close()


@pytest.mark.parametrize("text", ["", "[]", "clusters: 1", "{", "clusters: [{name: one}]", "\x00"])
def test_what_is_no_kubeconfig_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "config"
    path.write_text(text)
    with pytest.raises(Unavailable, match="cannot be used as a kubeconfig"):
        Kubeconfig(path, None)


def test_a_file_that_is_missing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="No such file"):
        Kubeconfig(tmp_path / "config", None)


@pytest.mark.parametrize(
    ("user", "secret", "logs_in"),
    [
        ("token: t0k3n-of-a-user", "t0k3n-of-a-user", False),
        ("username: me, password: w0rd-of-a-user", "w0rd-of-a-user", False),
        (f"client-certificate-data: {CERTIFICATE}, client-key-data: {KEY}", KEY, False),
        (f"exec: {{{BY_A_PROGRAM}}}", "s3cr3t-of-a-program", True),
    ],
)
def test_what_is_secret_in_a_kubeconfig_is_masked_once_it_was_read(
    tmp_path: Path, user: str, secret: str, *, logs_in: bool
) -> None:
    text = f"the cluster said {secret} of north-1"
    read = Kubeconfig(written(tmp_path, "insecure-skip-tls-verify: true", user), None)
    assert masked(text) == "the cluster said *** of north-1"
    assert read.logs_in is logs_in
    read.close()
