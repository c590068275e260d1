"""`dockernb ls`, `cat` and `find`: files of a notebook's snapshots or of an image."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from dockernb.cli.looking import as_json_option, at_option, looked
from dockernb.cli.options import BuildChoice, build_options
from dockernb.cli.terminal import echo, tell, tell_json
from dockernb.errors import LookError
from dockernb.look.content import absolute, copy_content
from dockernb.look.listing import Listing
from dockernb.look.snapshot_files import SnapshotFiles
from dockernb.ui.file_view import READ_LIMIT, shown_file
from dockernb.ui.look_tables import files_table

__all__ = ["cat", "find", "ls"]


@click.command()
@click.argument("source", metavar="NOTEBOOK|IMAGE")
@click.argument("path", default="/")
@at_option
@build_options
@as_json_option
def ls(source: str, path: str, at: str | None, choice: BuildChoice, as_json: bool) -> None:
    """List PATH in the snapshot, with the totals of folders. A notebook is built first."""
    with looked(source, choice, at) as found:
        wanted = absolute(path)
        listing = found.files.listing(found.image.id, wanted)
    place = wanted if listing.entry(wanted) is not None else listing.root
    entry = listing.entry(place)
    entries = listing.children(place) if entry is None or entry.type == "dir" else [entry]
    if as_json:
        rows = [{**each.to_json(), "total": listing.size(each)} for each in entries]
        tell_json({"path": place, "entries": rows})
    else:
        tell(files_table(listing, entries, limit=len(entries)))


@click.command()
@click.argument("source", metavar="NOTEBOOK|IMAGE")
@click.argument("name")
@click.argument("path", default="/")
@at_option
@build_options
@as_json_option
@click.pass_context
def find(
    ctx: click.Context,
    source: str,
    name: str,
    path: str,
    at: str | None,
    choice: BuildChoice,
    as_json: bool,
) -> None:
    """Find files and folders below PATH by NAME: a part of it, or a pattern such as '*.conf'.

    With a slash in NAME, whole paths are compared. Exit code 1 if there is none.
    """
    with looked(source, choice, at) as looking:
        listing: Listing = looking.files.listing(looking.image.id, absolute(path))
    found = listing.find(name)
    if as_json:
        tell_json({"entries": [entry.to_json() for entry in found]})
    else:
        tell(files_table(listing, found, names=False, limit=len(found)))
    ctx.exit(0 if found else 1)


@click.command()
@click.argument("source", metavar="NOTEBOOK|IMAGE")
@click.argument("path")
@click.option("-o", "--output", metavar="FILE", help="Write to a new file; else standard output.")
@at_option
@build_options
def cat(source: str, path: str, output: str | None, at: str | None, choice: BuildChoice) -> None:
    """Print the file at PATH, links followed.

    A terminal gets bytes that are no text as a hexdump, and of a long file the beginning.
    """
    with looked(source, choice, at) as found:
        wanted = absolute(path)
        if output is not None:
            _write(found.files, found.image.id, wanted, Path(output))
        elif sys.stdout.isatty():
            content = found.files.content(found.image.id, wanted, READ_LIMIT)
            shown = shown_file(content, lambda *_: None)
            for line in shown.lines:
                echo("".join(text for text, _ in line))
            if shown.note or shown.picture:
                echo(f"({shown.note or shown.facts}; all of it: -o FILE)", err=True)
        else:
            with found.files.view(found.image.id) as view:
                copy_content(view, wanted, sys.stdout.buffer)


def _write(files: SnapshotFiles, image_id: str, path: str, target: Path) -> None:
    try:
        size = files.write(image_id, path, target)
    except OSError as err:
        raise LookError(f'"{target}" cannot be written: {err.strerror}') from err
    echo(f"wrote {target} ({size:,} bytes)", err=True)
