"""The part of a gate's world that is in a cluster: a namespace with a service, its releases and its clients."""
