from __future__ import annotations

import pytest

from dockernb.dockerfile import INSTRUCTION_NAMES, INSTRUCTIONS, parse
from dockernb.dockerfile.build_commands import NETWORK_MODES, SECURITY_MODES
from dockernb.dockerfile.flags import INSTRUCTION_FLAGS
from dockernb.dockerfile.mounts import MOUNT_KINDS


def test_every_instruction_has_an_entry() -> None:
    assert set(INSTRUCTIONS) == set(INSTRUCTION_NAMES)


@pytest.mark.parametrize("name", INSTRUCTION_NAMES)
def test_entry_names_the_flags_that_the_parser_takes(name: str) -> None:
    known = INSTRUCTION_FLAGS.get(name, {})
    described = {flag.name.removeprefix("--"): flag for flag in INSTRUCTIONS[name].flags}
    assert set(described) == set(known)
    switches = {flag for flag, kind in known.items() if kind == "bool"}
    assert {flag for flag, entry in described.items() if not entry.value} == switches


@pytest.mark.parametrize("name", INSTRUCTION_NAMES)
def test_example_parses_as_its_own_instruction(name: str) -> None:
    (instruction,) = parse(INSTRUCTIONS[name].example)
    assert instruction.name == name


@pytest.mark.parametrize("name", INSTRUCTION_NAMES)
def test_entry_reads_as_text_and_as_markdown(name: str) -> None:
    entry = INSTRUCTIONS[name]
    for text in (entry.as_text(), entry.as_markdown()):
        assert all(line in text for line in entry.syntax)
        assert entry.effect in text
        assert entry.example.splitlines()[0] in text
        assert all(flag.usage in text for flag in entry.flags)


def test_listed_values_are_those_the_parser_takes() -> None:
    values = {flag.name: flag.values for flag in INSTRUCTIONS["RUN"].flags}
    assert values["--network"] == NETWORK_MODES
    assert values["--security"] == SECURITY_MODES
    assert values["--mount"] == tuple(f"type={kind}" for kind in MOUNT_KINDS)
