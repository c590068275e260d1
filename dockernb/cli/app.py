"""The group of all commands: loads them when they are called, and shows errors."""

from __future__ import annotations

import importlib
import traceback
from typing import Any

import click

from dockernb import __version__
from dockernb.cli.terminal import echo
from dockernb.errors import DockernbError, InternalError

__all__ = ["commands"]

INTERRUPTED = 130

# Name -> module, the command in it, and its line in the list of commands. The line stands here so
# that `dockernb --help` loads no command.
_COMMANDS = {
    "base": ("dockernb.cli.base", "base", "Make a base image from the distribution's packages."),
    "build": ("dockernb.cli.build", "build", "Build a notebook with docker buildx build."),
    "cat": ("dockernb.cli.files", "cat", "Print a file of a snapshot."),
    "check": ("dockernb.cli.check", "check", "Check the exercises of a notebook."),
    "diff": ("dockernb.cli.plan", "diff", "Show what differs between two images."),
    "doctor": ("dockernb.cli.doctor", "doctor", "Show what works here and what to do."),
    "export": ("dockernb.cli.convert", "export", "Write the Dockerfile of a notebook."),
    "find": ("dockernb.cli.files", "find", "Find files of a snapshot by name."),
    "follow": ("dockernb.cli.steps", "follow", "Show what each step did to a path."),
    "history": ("dockernb.cli.history", "history", "Show the steps of a notebook or an image."),
    "import": ("dockernb.cli.convert", "import_", "Make a notebook from a Dockerfile."),
    "lint": ("dockernb.cli.lint", "lint", "Check a notebook as one Dockerfile."),
    "load": ("dockernb.cli.images", "load", "Take images from an archive."),
    "ls": ("dockernb.cli.files", "ls", "List a folder of a snapshot."),
    "plan": ("dockernb.cli.plan", "plan", "Show what a run would build, and why."),
    "prune": ("dockernb.cli.images", "prune", "Remove images and caches that nobody needs."),
    "pull": ("dockernb.cli.images", "pull", "Fetch an image from its registry."),
    "push": ("dockernb.cli.images", "push", "Send an image to its registry."),
    "save": ("dockernb.cli.images", "save", "Write images as an archive."),
    "install": ("dockernb.cli.install", "install", "Make the kernel known to Jupyter."),
    "shell": ("dockernb.cli.shell", "shell", "Open a shell in a snapshot."),
    "space": ("dockernb.cli.steps", "space", "Show all steps, and where the image's bytes are."),
    "run": ("dockernb.cli.run", "run", "Build a notebook's cells in order."),
    "verify": ("dockernb.cli.verify", "verify", "Compare a notebook with docker build."),
    "wasted": ("dockernb.cli.steps", "wasted", "Show bytes that a later step takes away."),
}


class Commands(click.Group):
    """The commands by name; turns the errors of dockernb into messages and exit codes."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  (click's signature)
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in _COMMANDS:
            return None
        module, name, _ = _COMMANDS[cmd_name]
        command: click.Command = getattr(importlib.import_module(module), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        rows = [(name, _COMMANDS[name][2]) for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl(rows)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except DockernbError as err:
            _show(err)
            ctx.exit(err.exit_code)
        except KeyboardInterrupt:
            click.echo("interrupted", err=True)
            ctx.exit(INTERRUPTED)
        except (click.ClickException, click.exceptions.Exit, click.Abort, OSError):
            raise  # click knows what to do with these, a closed pipe among them
        except Exception as err:  # noqa: BLE001  (whatever is left is a bug of ours)
            for line in traceback.format_exc().splitlines():
                echo(line, err=True)
            bug = InternalError(f"{type(err).__name__}: {err}")
            _show(bug)
            ctx.exit(bug.exit_code)


def _show(error: DockernbError) -> None:
    first, *rest = error.format_message().splitlines()
    name, colon, message = first.partition(":")
    echo(click.style(name, fg="red", bold=True) + colon + message, err=True)
    for line in rest:
        echo(line, err=True)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="%(prog)s %(version)s", prog_name="dockernb")
def commands() -> None:
    """Dockerfiles as notebooks: every cell is one instruction."""
