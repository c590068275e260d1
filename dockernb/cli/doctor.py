"""`dockernb doctor`."""

from __future__ import annotations

import json

import click

from dockernb.cli.checks import Check, all_checks
from dockernb.cli.terminal import echo

__all__ = ["doctor"]


@click.command()
@click.option("--json", "as_json", is_flag=True, help="The table as JSON.")
@click.pass_context
def doctor(ctx: click.Context, as_json: bool) -> None:
    """Show what works here, and what to do about what does not.

    Removes the containers that dead dockernb processes left behind. Exit code 1 if something is
    missing that dockernb cannot work without.
    """
    checks = list(all_checks())
    ok = all(check.ok for check in checks if check.needed)
    if as_json:
        rows = [check.to_json() for check in checks]
        click.echo(json.dumps({"ok": ok, "checks": rows}, indent=2))
    else:
        width = max(len(check.name) for check in checks)
        for check in checks:
            _print(check, width)
    ctx.exit(0 if ok else 1)


def _print(check: Check, width: int) -> None:
    word, color = ("ok", "green") if check.ok else ("problem", "red" if check.needed else "yellow")
    if check.note:
        word, color = "note", "cyan"
    echo(f"{click.style(f'{word:<7}', fg=color)}  {check.name:<{width}}  {check.detail}")
    if check.todo and not check.ok:
        for line in check.todo.splitlines():
            echo(f"{'':<{width + 11}}{line}")
