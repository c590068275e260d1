"""Magics that show files of a snapshot."""

from __future__ import annotations

from pathlib import Path

from dockernb.errors import LookError
from dockernb.ui.file_view import READ_LIMIT, file_bundle, shown_file
from dockernb.ui.look_tables import files_table

from .place import asked, show_json
from .registry import MagicCall, MagicError, magic
from .tables import show_table

__all__: list[str] = []

_FOUND = 200


@magic(
    "%ls [PATH] [--at SNAPSHOT] [--json]",
    values=("--at", "--json"),
    takes=("path",),
    options={"--at": "snapshot"},
)
def ls(call: MagicCall) -> None:
    """Lists a folder of the newest snapshot, with sizes and with totals of the folders in it.

    PATH alone is below the working directory. SNAPSHOT is a step's number, the name of a stage, or
    the beginning of a snapshot's ID.
    """
    told = asked(call, needed=0, at_most=1)
    path = told.path(told.words[0] if told.words else ".")
    listing = told.files.listing(told.image_id, path)
    place = path if listing.entry(path) is not None else listing.root
    entry = listing.entry(place)
    if entry is None:
        raise LookError(f'there is no "{path}" in the snapshot')
    entries = listing.children(place) if entry.type == "dir" else [entry]
    if told.json:
        rows = [{**each.to_json(), "total": listing.size(each)} for each in entries]
        show_json(call, {"path": place, "entries": rows})
        return
    show_table(call, files_table(listing, entries))


@magic(
    "%find NAME [PATH] [--at SNAPSHOT] [--json]",
    values=("--at", "--json"),
    takes=("value", "path"),
    options={"--at": "snapshot"},
)
def find(call: MagicCall) -> None:
    """Finds files and folders by name: a part of it, or a pattern such as *.conf.

    With a slash in NAME, whole paths are compared. PATH is where to look.
    """
    told = asked(call, needed=1, at_most=2)
    path = told.path(told.words[1]) if len(told.words) == 2 else "/"
    listing = told.files.listing(told.image_id, path)
    place = path if listing.entry(path) is not None else listing.root
    inside = place.rstrip("/") + "/"
    found = [each for each in listing.find(told.words[0]) if f"{each.path}/".startswith(inside)]
    if told.json:
        show_json(call, {"entries": [entry.to_json() for entry in found]})
        return
    if not found:
        call.say(f'nothing in the snapshot has "{told.words[0]}" in its name')
        return
    show_table(call, files_table(listing, found, names=False, limit=_FOUND))


@magic(
    "%cat PATH [--at SNAPSHOT] [-o FILE]",
    values=("--at", "-o"),
    takes=("path",),
    options={"--at": "snapshot", "-o": "file"},
)
def cat(call: MagicCall) -> None:
    """Shows a file of the newest snapshot: text, a picture, or bytes; -o writes it to FILE.

    FILE is below the notebook's folder. A text is shown up to 128 kB.
    """
    told = asked(call, needed=1)
    path = told.path(told.words[0])
    if told.output is None:
        content = told.files.content(told.image_id, path, READ_LIMIT)
        call.publisher.display(file_bundle(shown_file(content)))
        return
    target = Path(told.output).expanduser().absolute()
    try:
        size = told.files.write(told.image_id, path, target)
    except OSError as error:
        raise MagicError(f'"{target}" cannot be written: {error.strerror}') from error
    call.say(f"wrote {target} ({size:,} bytes)")
