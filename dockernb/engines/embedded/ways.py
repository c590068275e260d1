"""The ways to run commands without a daemon, in words; the guest calls them rungs."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dockernb.engines.embedded.guest import INSTALL_PROOT, Rung
from dockernb.errors import UnsupportedByEngineError

__all__ = ["RungFacts", "check_commands_can_run", "ladder_of"]

_WAYS = {
    Rung.OVERLAY_ROOT: "overlay mounts, as root",
    Rung.OVERLAY_USER: "overlay mounts in a user namespace",
    Rung.BIND: "bind mounts in a user namespace",
    Rung.CHROOT: "no mounts, in a user namespace",
    Rung.PLAIN_CHROOT: "no mounts, as root",
    Rung.PROOT: "PRoot, without namespaces",
    Rung.NONE: "no command can be run",
}
_NO_WAY = "RUN does not work; every other instruction does"


@dataclass(frozen=True)
class RungFacts:
    """One way to run commands without a daemon.

    Args:
        name: For people.
        works: Whether commands can be run so; never of the last one, which is to run none.
        reason: Why it does not work; "" if it does.
        help: What would make it work.
    """

    name: str
    works: bool
    in_use: bool
    reason: str = ""
    help: str = ""


def ladder_of(facts: Mapping[str, Any]) -> list[RungFacts]:
    """All ways, best first, from what the helper told."""
    return [_facts_of(row, facts["rung"]) for row in facts["ladder"]]


def check_commands_can_run(facts: Mapping[str, Any]) -> None:
    """Says what would help where no command can be run.

    Raises:
        UnsupportedByEngineError: the way in use is to run none.
    """
    if facts["rung"] != Rung.NONE:
        return
    # The way that asks for least: what it needs, the better ones need as well.
    least = Rung.PLAIN_CHROOT if os.geteuid() == 0 else Rung.CHROOT
    row = next(row for row in facts["ladder"] if row["rung"] == least)
    if row["works"]:
        raise UnsupportedByEngineError(
            "no command can be run: DOCKERNB_RUNG chose so", hint="unset DOCKERNB_RUNG"
        )
    hints = [f"What would help: {text}" for text in _helps(facts, row["help"])]
    raise UnsupportedByEngineError(
        "no command can be run here",
        rule=f"none of the embedded engine's ways works; the simplest fails at {row['reason']}",
        hint="\n".join([*hints, "See all ways: dockernb doctor"]),
    )


def _helps(facts: Mapping[str, Any], least: str) -> list[str]:
    proot = next(row for row in facts["ladder"] if row["rung"] == Rung.PROOT)
    helps = [f"as root: `{INSTALL_PROOT}`"] if proot["help"] == INSTALL_PROOT else []
    return [*helps, *([least] if least else [])]


def _facts_of(row: Mapping[str, Any], used: int) -> RungFacts:
    rung = Rung(row["rung"])
    none = rung is Rung.NONE
    return RungFacts(
        name=_WAYS[rung],
        works=row["works"] and not none,
        in_use=rung == used,
        reason=_NO_WAY if none else row["reason"],
        help=row["help"],
    )
