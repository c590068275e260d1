"""`dockernb install`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from dockernb.kernel.install import install as install_kernelspec

__all__ = ["install"]


@click.command()
@click.option("--user", is_flag=True, help="For this user.")
@click.option("--sys-prefix", is_flag=True, help="Into this Python's environment.")
@click.option("--prefix", type=click.Path(path_type=Path), metavar="DIR", help="Below DIR.")
def install(user: bool, sys_prefix: bool, prefix: Path | None) -> None:
    """Make the kernel known to Jupyter, with this Python.

    With no option: into the environment if this Python runs in one, else for this user.
    """
    if user + sys_prefix + (prefix is not None) > 1:
        raise click.UsageError("only one of --user, --sys-prefix and --prefix can be given")
    if not user and prefix is None:
        sys_prefix = sys_prefix or sys.prefix != sys.base_prefix
    folder = install_kernelspec(user=user, sys_prefix=sys_prefix, prefix=prefix)
    click.echo(f"installed the kernel dockernb in {folder}")
