"""How much memory and how many processes a command may have: what the environment says."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any

from dockernb.engines.embedded.guest import MOST_PROCESSES_OF_ROOT, Limits, Rung
from dockernb.errors import EngineNotAvailableError

__all__ = ["MEMORY", "PIDS", "limits_from_environment", "limits_in_words"]

MEMORY, PIDS = "DOCKERNB_MEMORY", "DOCKERNB_PIDS"

_UNITS = {"": 1, "b": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}
# As `docker run --memory` takes it.
_SIZE = re.compile(r"([0-9]{1,15})([bkmg]?)b?", re.IGNORECASE)
_LEAST_BYTES, _LEAST_PROCESSES, _MOST_PROCESSES = 6 << 20, 1, 1 << 22


def limits_from_environment(environ: Mapping[str, str] = os.environ) -> Limits:
    """The limits that the reader has set; None where nothing is said.

    Raises:
        EngineNotAvailableError: a variable is not what it should be.
    """
    memory, processes = environ.get(MEMORY, "").strip(), environ.get(PIDS, "").strip()
    return Limits(_size(memory) if memory else None, _number(processes) if processes else None)


def limits_in_words(limits: Limits, facts: Mapping[str, Any]) -> str:
    """The limits, and how they are kept, from what the helper told of this machine.

    A process of root is only limited by control groups; there is a limit to the number of its
    processes where those can be made, though nobody has asked for one.
    """
    processes = limits.processes
    is_root = Rung(facts["rung"]).has_real_ids
    if is_root and processes is None and "pids" in facts["groups"]:
        processes = MOST_PROCESSES_OF_ROOT
    words = [
        _words(f"{limits.memory:,} bytes of memory", "memory", facts) if limits.memory else "",
        _words(f"{processes:,} processes", "pids", facts) if processes else "",
    ]
    return "; ".join(filter(None, words)) or f"none; {MEMORY}=2g and {PIDS}=1000 would set some"


def _words(text: str, controller: str, facts: Mapping[str, Any]) -> str:
    if controller in facts["groups"]:
        return text
    if controller == "memory":
        return f"{text} for each process (no control group can be made here)"
    if Rung(facts["rung"]).has_real_ids:
        return f"{text}: not kept, root is only limited by control groups"
    return f"{text} of this user, all in all (no control group can be made here)"


def _size(text: str) -> int:
    match = _SIZE.fullmatch(text)
    size = int(match[1]) * _UNITS[match[2].lower()] if match else 0
    if size < _LEAST_BYTES:
        raise EngineNotAvailableError(
            f'{MEMORY} is "{text}"',
            rule="a number of bytes, or one with k, m or g; 6m at least",
            hint=f"export {MEMORY}=2g",
        )
    return size


def _number(text: str) -> int:
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
    if not _LEAST_PROCESSES <= number <= _MOST_PROCESSES:
        raise EngineNotAvailableError(
            f'{PIDS} is "{text}"',
            rule=f"a number of processes, {_MOST_PROCESSES:,} at most",
            hint=f"export {PIDS}=1000",
        )
    return number
