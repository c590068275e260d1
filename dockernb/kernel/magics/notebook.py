"""Magics that show or give away what the notebook has built."""

from __future__ import annotations

from pathlib import Path

from dockernb.kernel.export import dockerfile_of, write_dockerfile
from dockernb.ui.table import Column, Table, table_html

from .registry import MagicCall, MagicError, all_magics, magic

__all__: list[str] = []

_HELP = (Column("", "id"), Column(""))  # of names and what they mean, without titles


@magic("%help [NAME]", takes=("magic name",))
def help_(call: MagicCall) -> None:
    """Lists all magics, or explains one."""
    words = call.words(1)
    magics = all_magics()
    if not words:
        width = max(len(entry.usage) for entry in magics)
        text = "\n".join(f"{entry.usage:<{width}}  {entry.summary}" for entry in magics)
        if call.publisher.front_end != "notebook":
            call.say(text)
            return
        # A notebook's page is narrow, and breaks the lines of printed text in the middle of words.
        rows = [(entry.usage, entry.summary) for entry in magics]
        call.publisher.display({"text/plain": text, "text/html": table_html(Table(_HELP, rows))})
        return
    name = words[0].lstrip("%")
    found = [entry for entry in magics if entry.name == name]
    if not found:
        raise MagicError(f'unknown magic "%{name}"', hint="`%help` lists all magics.")
    call.say("\n\n".join(f"{entry.usage}\n\n{entry.help}" for entry in found))


@magic("%export [FILE] [--force]", values=("--force",), takes=("file",))
def export(call: MagicCall) -> None:
    """Writes the notebook as a Dockerfile; `%export -` shows the text.

    FILE is "Dockerfile" in the notebook's folder when nothing is said. A file that something else
    wrote is replaced only with --force. In JupyterLab and Notebook the cells are exported as they
    are on the page; elsewhere, cells that were changed but neither run nor saved as they were.
    """
    words = call.words(2)
    names = [word for word in words if word != "--force"]
    if len(names) > 1:
        raise MagicError("%export takes one file", hint="usage: %export [FILE] [--force]")
    text = dockerfile_of(call.workspace.order.sources(call.cell_id))
    name = names[0] if names else "Dockerfile"
    if name == "-":
        call.publisher.stream(text)
        return
    path = Path(name).expanduser().absolute()
    call.say(write_dockerfile(call.workspace.exported, path, text, force="--force" in words))


@magic("%tag NAME [STAGE]", takes=("image", "stage"))
def tag(call: MagicCall) -> None:
    """Names the last snapshot (of STAGE), as `docker tag`."""
    words = call.words(2)
    if not words:
        raise MagicError("%tag needs a name", hint="usage: %tag NAME [STAGE]")
    image_id = call.session.tag(words[0], words[1] if len(words) == 2 else None)
    call.say(f"{words[0]} is {image_id}")
