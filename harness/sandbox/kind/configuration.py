"""What `kind create cluster` is told of the cluster to make. Pure.

Each node has a mount that does nothing but tell who made it. Docker shows it of a container that does not run, too,
and it is there from the first moment; a label of a node is known only to a cluster that answers.
"""

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
"""
_CONTROL_PLANE: Final = "- role: control-plane\n"
MARK: Final = "/etc/rollback-drill"  # where the mount is, in a node
_MARKED: Final = f"""\
  extraMounts:
  - hostPath: /dev/null
    containerPath: {MARK}
    readOnly: true
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
    workers = nodes - 1
    control_plane = _CONTROL_PLANE + _MARKED + (_TAKES_PODS if workers else "")
    return _COMMON + control_plane + (_WORKER + _MARKED) * workers
