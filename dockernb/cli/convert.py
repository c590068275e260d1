"""`dockernb export` and `dockernb import`."""

from __future__ import annotations

import click

from dockernb.notebook.cells import (
    check_kernel,
    notebook_text,
    read_notebook,
    read_text,
    write_text,
)
from dockernb.notebook.exporter import export_notebook
from dockernb.notebook.importer import import_dockerfile

__all__ = ["export", "import_"]


@click.command()
@click.argument("notebook", type=click.Path())
@click.option(
    "-o",
    "--output",
    default="-",
    metavar="FILE",
    help="File to write; - (the default): standard output.",
)
def export(notebook: str, output: str) -> None:
    """Write the Dockerfile that NOTEBOOK stands for.

    Code cells without their magics, one blank line between cells. Markdown cells are left out,
    but for the comments of an imported Dockerfile. An imported notebook gives its file back byte
    for byte. NOTEBOOK may be - for standard input.
    """
    document = read_notebook(notebook)
    check_kernel(document)
    write_text(output, export_notebook(document))


@click.command("import")
@click.argument("dockerfile", type=click.Path())
@click.option(
    "-o",
    "--output",
    default="-",
    metavar="NOTEBOOK",
    help="Notebook to write; - (the default): standard output.",
)
def import_(dockerfile: str, output: str) -> None:
    """Make a notebook from DOCKERFILE, a cell for each instruction.

    Comments right above an instruction stay in its cell; other comments become markdown cells.
    `dockernb export` gives the file back byte for byte; it must be UTF-8. DOCKERFILE may be - for
    standard input.
    """
    write_text(output, notebook_text(import_dockerfile(read_text(dockerfile))))
