"""What `kind create cluster` is told of the cluster to make. Pure."""

from __future__ import annotations

from typing import Final

# minSyncPeriod: kube-proxy follows a changed Service within 50 ms instead of a second, so that a switch is quick.
_COMMON: Final = """\
kind: Cluster
apiVersion: kind.x-k8s.io/v1alpha4
containerdConfigPatches:
- |-
  [plugins."io.containerd.grpc.v1.cri".registry]
    config_path = "/etc/containerd/certs.d"
kubeadmConfigPatches:
- |
  kind: KubeProxyConfiguration
  iptables:
    minSyncPeriod: 50ms
nodes:
- role: control-plane
"""
# Pods run on the control plane, too. Where that is alone kind sees to it itself, and fails if it is done already.
_TAKES_PODS: Final = """\
  kubeadmConfigPatches:
  - |
    kind: InitConfiguration
    nodeRegistration:
      taints: []
"""
_WORKER: Final = "- role: worker\n"


def configuration(nodes: int) -> str:
    """The configuration of a cluster of so many nodes, one of them the control plane; pods run on all of them."""
    return _COMMON + (_TAKES_PODS + _WORKER * (nodes - 1) if nodes > 1 else "")
