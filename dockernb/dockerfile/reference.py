"""What every instruction does, in plain words: for Shift+Tab, completion and hints."""

from __future__ import annotations

from collections.abc import Mapping

from dockernb.dockerfile.reference_build import BUILD_INSTRUCTIONS
from dockernb.dockerfile.reference_config import CONFIG_INSTRUCTIONS
from dockernb.dockerfile.reference_entry import FlagReference, InstructionReference

__all__ = ["INSTRUCTIONS", "FlagReference", "InstructionReference"]

INSTRUCTIONS: Mapping[str, InstructionReference] = {
    entry.name: entry for entry in (*BUILD_INSTRUCTIONS, *CONFIG_INSTRUCTIONS)
}
"""Upper-case name -> entry."""
