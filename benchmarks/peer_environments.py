"""Virtual environments of peers, which do not install together with us or each other."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / ".venv-peers"


def peer_python(name: str, *requirements: str) -> Path:
    """The interpreter of the environment `name`, made on the first call with these packages."""
    python = FOLDER / name / "bin" / "python"
    done = FOLDER / name / "requirements.txt"
    if not (done.exists() and done.read_text().split("\n") == list(requirements)):
        uv = Path(sys.executable).with_name("uv")
        subprocess.run(
            [uv, "venv", "-q", "--clear", "--python", sys.executable, FOLDER / name], check=True
        )
        subprocess.run([uv, "pip", "install", "-q", "--python", python, *requirements], check=True)
        done.write_text("\n".join(requirements))
    return python
