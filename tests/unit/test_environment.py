"""What programs get of a drill's environment: what they need, and nothing that is nobody's business but the shell's."""

from __future__ import annotations

import pytest

from harness.sandbox.common.environment import everything, of_ours, of_tools

NEEDED_BY_TOOLS = {
    "HOME": "/home/me",
    "DOCKER_HOST": "tcp://10.0.0.7:2376",
    "KIND_EXPERIMENTAL_PROVIDER": "podman",
    "HELM_CACHE_HOME": "/cache",
    "XDG_CONFIG_HOME": "/config",
    "LC_ALL": "C.UTF-8",
    "https_proxy": "http://proxy:3128",
    "NO_PROXY": "10.0.0.0/8",
}
SECRETS = {"PGPASSWORD": "pw", "GITHUB_TOKEN": "token", "AWS_SECRET_ACCESS_KEY": "key"}
LEADS_ELSEWHERE = {"HELM_KUBEAPISERVER": "https://production", "HELM_KUBETOKEN": "token"}


@pytest.fixture(autouse=True)
def _shell(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PYTHONPATH", "COVERAGE_PROCESS_START", "COVERAGE_PROCESS_CONFIG", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"PATH": "/bin", **NEEDED_BY_TOOLS, **SECRETS, **LEADS_ELSEWHERE}.items():
        monkeypatch.setenv(name, value)


def test_a_process_of_ours_gets_only_what_python_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    assert of_ours() == {"PATH": "/bin"}
    monkeypatch.setenv("PYTHONPATH", "/here")
    assert of_ours() == {"PATH": "/bin", "PYTHONPATH": "/here"}


def test_a_tool_gets_what_it_reads_and_no_secret() -> None:
    found = of_tools()
    assert found.items() >= {"PATH": "/bin", **NEEDED_BY_TOOLS}.items()
    assert not found.keys() & {**SECRETS, **LEADS_ELSEWHERE}.keys()


def test_who_may_have_to_log_in_gets_everything_but_what_leads_to_another_cluster() -> None:
    found = everything()
    assert found.items() >= {**NEEDED_BY_TOOLS, **SECRETS}.items()
    assert not found.keys() & LEADS_ELSEWHERE.keys()
