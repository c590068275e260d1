"""The command line. Each command is a module of its own, loaded when it is called."""

from __future__ import annotations

from dockernb.cli.app import commands

__all__ = ["commands", "main"]


def main() -> None:
    """Runs the command of the process's arguments and ends the process."""
    commands(prog_name="dockernb")
