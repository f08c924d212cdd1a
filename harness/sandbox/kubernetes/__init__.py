"""What the sandboxes on Kubernetes share: the ports of a live system, on the API of one namespace and Helm.

    system.py                  the system: its ports together, and installing it
    workloads.py, pods.py      the services: Helm releases, and what their pods say
    router.py, network.py      the way of clients to them: Services, and proxies that hold answers back
    beat.py, expiry.py         the end of a namespace whose drill's machine is lost
    helpers.py                 what the pods beside a system have in common
    chart.py                   whether the system's chart can be installed
    helm.py, tools.py          the command-line tools
    api.py, kubeconfig.py      the Kubernetes API, and the file that leads to it
    names.py                   labels and names
    limits.py                  every number, with its reason

It may import the ports and the model (`harness.system`) and the floor; no other part of the harness.
"""
