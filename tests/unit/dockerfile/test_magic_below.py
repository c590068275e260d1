"""A magic that stands below an instruction is told where it belongs."""

from __future__ import annotations

import pytest

from dockernb.dockerfile.parse import parse
from dockernb.errors import UnknownInstructionError


def test_magic_below_an_instruction_is_told_to_stand_first() -> None:
    with pytest.raises(UnknownInstructionError, match='unknown instruction "%export"') as caught:
        parse("FROM x\n%export")
    assert caught.value.rule == "Magics stand first in a cell, above the instructions."
    assert caught.value.where is not None
    assert caught.value.where.line == 2
