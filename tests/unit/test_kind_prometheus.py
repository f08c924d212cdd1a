"""How Prometheus enters the cluster's API: what kind's kubeconfig says, and nothing that shows its key."""

import base64
from pathlib import Path

import pytest
import yaml

from harness.errors import Unavailable
from harness.sandbox.kind.prometheus import ApiAccess, configuration


def kubeconfig(folder: Path, **user: str) -> Path:
    path = folder / "kubeconfig"
    data = {name: base64.b64encode(text.encode()).decode() for name, text in user.items()}
    cluster = {"certificate-authority-data": base64.b64encode(b"ca").decode(), "server": "https://127.0.0.1:1"}
    path.write_text(yaml.safe_dump({"clusters": [{"cluster": cluster}], "users": [{"user": data}]}))
    return path


def test_what_kind_wrote_is_read_but_for_the_host(tmp_path: Path) -> None:
    path = kubeconfig(tmp_path, **{"client-certificate-data": "certificate", "client-key-data": "hush"})
    access = ApiAccess.read(path, "node-1")
    assert (access.host, access.ca, access.certificate, access.key) == ("node-1", b"ca", b"certificate", b"hush")
    assert "hush" not in repr(access)


@pytest.mark.parametrize("text", [None, "", "clusters: [", "clusters: []", "clusters: [{cluster: {}}]", "just text"])
def test_what_is_no_kubeconfig_of_kinds_is_told(tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "kubeconfig"
    if text is not None:
        path.write_text(text)
    with pytest.raises(Unavailable, match=rf"{path}: not a kubeconfig"):
        ApiAccess.read(path, "node-1")


def test_a_certificate_that_is_no_base64_is_told(tmp_path: Path) -> None:
    path = kubeconfig(tmp_path, **{"client-certificate-data": "certificate", "client-key-data": "hush"})
    path.write_text(path.read_text().replace("client-key-data: ", "client-key-data: '%' #"))
    with pytest.raises(Unavailable, match="not a kubeconfig"):
        ApiAccess.read(path, "node-1")


def test_pods_are_read_once_a_second_and_only_through_the_api() -> None:
    config = configuration("node-1", "pushgateway:9091")
    assert config["global"] == {"scrape_interval": "1s", "scrape_timeout": "900ms"}
    [pods, _] = config["scrape_configs"]
    assert {"target_label": "__address__", "replacement": "node-1:6443"} in pods["relabel_configs"]
    assert pods["kubernetes_sd_configs"][0]["api_server"] == "https://node-1:6443"
