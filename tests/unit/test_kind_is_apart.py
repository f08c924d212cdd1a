"""The kind sandbox takes most of a second to import, and only drills on it pay for that."""

import subprocess
import sys


def test_the_command_imports_no_client_of_docker_or_kubernetes() -> None:
    script = "import sys, harness.cli.main, harness.bdd.plugin, harness.drill.sandboxes; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True, timeout=60)
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert loaded & {"docker", "testcontainers", "kubernetes", "requests"} == set()
    kind = {name for name in done.stdout.split() if name.startswith("harness.sandbox.kind.")}
    assert kind <= {"harness.sandbox.kind.which"}, "only the cluster's name is known before one is used"
