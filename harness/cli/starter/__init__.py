"""What `drill init` writes: a small system of one service in three releases, its description, and a job for CI.

The files lie here as they are written, under names that Python can import.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

FILES: Final = {
    "drill.toml": "drill.toml",
    "serve.py": "serve.py",
    "releases/1.0.0/shop.py": "shop_1_0_0.py",
    "releases/1.0.1/shop.py": "shop_1_0_1.py",
    "releases/1.1.0/shop.py": "shop_1_1_0.py",
    ".github/workflows/drills.yml": "drills.yml",
    ".gitignore": "gitignore",
}
"""Where each file is written, and its name here."""


def text_of(name: str) -> str:
    """The text of a file that lies here."""
    return (Path(__file__).parent / name).read_text(encoding="utf-8")
