"""This run of the machine: what was written in an earlier one may not have reached the disk."""

from __future__ import annotations

from functools import cache
from pathlib import Path

__all__ = ["boot_id"]


@cache
def boot_id() -> str:
    """What tells this run of the machine from others."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
