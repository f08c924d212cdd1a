"""`drill init`: sets up a repository: a description of a system, a small system, a feature, and a job for CI."""

from __future__ import annotations

from pathlib import Path

from harness.cli.files import refuse_files_in_the_way, write_new
from harness.cli.incident import Done, Incident, Symptom, feature_text, usual_title
from harness.cli.options import FEATURES
from harness.cli.output import results_to_stdout
from harness.cli.starter import FILES, text_of
from harness.errors import UsageError
from harness.system.load import load_system

_SYSTEM = Path("drill.toml")
_JOB = ".github/workflows/drills.yml"


def init() -> int:
    """Set up a repository in this folder: drill.toml, a small system, a feature, a job for CI. It runs at once."""
    if _SYSTEM.exists():
        raise UsageError(
            f"{_SYSTEM} is there already, and left as it is; 'drill new' writes a feature about its system"
        )
    texts = {Path(target): text_of(name) for target, name in FILES.items()}
    refuse_files_in_the_way([*texts, FEATURES[0] / "one"])
    kept = [path for path in texts if path.exists()]
    write_new({path: text for path, text in texts.items() if path not in kept}, "")
    incident = Incident(
        usual_title("shop", Symptom.ERRORS, "1.1.0"), "shop", Symptom.ERRORS, "1.1.0", "1.0.0", Done.TRAFFIC
    )
    feature = FEATURES[0] / incident.file_name
    if feature.exists():
        kept.append(feature)
    else:
        write_new({feature: feature_text(incident, load_system(_SYSTEM))}, "")
    with results_to_stdout():
        for path in (*texts, feature):
            print(f"{'kept' if path in kept else 'made'}  {path}")
        print(f"Next: drill run. For {_JOB}, say in the repository's variable DRILL_PACKAGE where the package is.")
    return 0
