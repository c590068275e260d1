"""What is measured: one function for each row, named for the command line."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from .card import large_card
from .cells import (
    cached_cells,
    docker_cached,
    docker_metadata,
    docker_run,
    embedded_cached,
    embedded_metadata,
    embedded_run,
)
from .copying import copy_unchanged
from .diff import file_diff
from .fetch import packages, pull
from .machine import Machine
from .measure import Figure
from .output import much_output
from .start import kernel_start

__all__ = ["ROWS", "Row"]

Row = Callable[[Machine], Iterable[Figure]]

ROWS: dict[str, Row] = {
    "run": docker_run,
    "metadata": docker_metadata,
    "cached": docker_cached,
    "cached-cells": cached_cells,
    "diff": file_diff,
    "copy": copy_unchanged,
    "embedded-run": embedded_run,
    "embedded-metadata": embedded_metadata,
    "embedded-cached": embedded_cached,
    "pull": pull,
    "packages": packages,
    "start": kernel_start,
    "card": large_card,
    "output": much_output,
}
