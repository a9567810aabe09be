"""Peers that must not be among the project's dependencies, in an environment of their own.

edi-835-parser needs pandas. The versions are pinned in ``peers.txt``; the environment is made under
``build/`` once, and again when the pins change.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

MODULES = ("edi_835_parser", "openx12")

_PINS = Path(__file__).with_name("peers.txt")
_ENVIRONMENT = Path(__file__).parents[2] / "build" / "x12-peers"
_INTERPRETER = _ENVIRONMENT / "bin" / "python"
_SECONDS_MAX = 300


def interpreter() -> Path | None:
    """Give the interpreter that has the peers; None, said in one line, where they cannot be had."""
    made_of = _ENVIRONMENT / "made-of.txt"
    if made_of.exists() and made_of.read_text() == _PINS.read_text():
        return _INTERPRETER
    try:
        _make()
    except (OSError, subprocess.SubprocessError) as error:
        said = getattr(error, "stderr", None) or str(error)
        print(f"{', '.join(MODULES)} left out, not installed: {said.strip().splitlines()[-1]}")
        return None
    shutil.copy(_PINS, made_of)
    return _INTERPRETER


def _make() -> None:
    uv = str(Path(sys.executable).with_name("uv"))
    for command in (
        [uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(_ENVIRONMENT)],
        [uv, "pip", "install", "--quiet", "--python", str(_INTERPRETER), "-r", str(_PINS)],
    ):
        subprocess.run(  # noqa: S603
            command, capture_output=True, text=True, check=True, timeout=_SECONDS_MAX
        )
