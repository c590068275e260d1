"""Magics: lines at the start of a cell that begin with `%`, or whole cells with `%%`.

They steer the session and look into it; they never reach the exported Dockerfile.
"""

from __future__ import annotations

from . import (
    exercises,
    files,
    lint,
    notebook,
    running,
    settings,
    shell,
    states,
    steps,
    terminal,
    transfer,
)
from .registry import Magic, MagicCall, MagicError, all_magics, find_magic

__all__ = [
    "Magic",
    "MagicCall",
    "MagicError",
    "all_magics",
    "exercises",
    "files",
    "find_magic",
    "lint",
    "notebook",
    "running",
    "settings",
    "shell",
    "states",
    "steps",
    "terminal",
    "transfer",
]
