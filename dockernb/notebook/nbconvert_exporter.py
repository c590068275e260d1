"""The item "Dockerfile" in JupyterLab's File > Save and Export Notebook As, and in nbconvert."""

from __future__ import annotations

import json
from typing import Any

from nbconvert.exporters import Exporter
from nbconvert.utils.exceptions import ConversionException
from nbformat import NotebookNode
from traitlets import default

from dockernb.errors import NotebookError
from dockernb.notebook.cells import check_kernel, parse_notebook
from dockernb.notebook.exporter import export_notebook

__all__ = ["DockerfileExporter"]


class DockerfileExporter(Exporter):
    """Writes the Dockerfile that a notebook of our kernel stands for.

    The menu offers the item for notebooks of every kernel; others are refused with a reason.
    """

    export_from_notebook = "Dockerfile"
    output_mimetype = "text/x-dockerfile"

    @default("file_extension")
    def _file_extension_default(self) -> str:
        return ".dockerfile"

    def from_notebook_node(  # type: ignore[override]  # text out, as all of nbconvert's exporters
        self,
        nb: NotebookNode,
        resources: Any = None,
        **kwargs: Any,  # noqa: ARG002
    ) -> tuple[str, Any]:
        """The Dockerfile and the resources; `Dockerfile.ipynb` becomes a bare `Dockerfile`."""
        # The parent class would run preprocessors on a copy; the exact text needs neither.
        resources = self._init_resources(resources)  # type: ignore[no-untyped-call]
        name = resources["metadata"].get("name") or "notebook"
        notebook = parse_notebook(json.dumps(nb), name=str(name))
        try:
            check_kernel(notebook)
        except NotebookError as err:
            raise ConversionException(err.format_message()) from err
        if "Dockerfile" in (resources.get("unique_key"), name):
            resources["output_extension"] = ""
        return export_notebook(notebook), resources
