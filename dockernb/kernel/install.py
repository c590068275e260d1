"""Writes the kernelspec, so that Jupyter finds the kernel.

`pip install` brings a kernelspec along whose "python" is the Jupyter server's own. This one names
the Python that dockernb is installed in, for servers that run from another environment.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from pathlib import Path

from dockernb.errors import DockernbError

__all__ = ["KERNEL_NAME", "install"]

KERNEL_NAME = "dockernb"
_RESOURCES = Path(__file__).parent / "resources" / "kernelspec"


def install(
    *, user: bool = False, sys_prefix: bool = False, prefix: str | Path | None = None
) -> Path:
    """Installs the kernelspec with this Python in it, over an older one.

    Args:
        user: Into the user's Jupyter folder; also when nothing else is said.
        sys_prefix: Into this Python's environment.
        prefix: Into `<prefix>/share/jupyter/kernels`.

    Returns:
        The folder that was written.

    Raises:
        DockernbError: the folder cannot be written.
    """
    from jupyter_client.kernelspec import KernelSpecManager  # noqa: PLC0415 - loads traitlets

    if sys_prefix:
        prefix = sys.prefix
    with tempfile.TemporaryDirectory(prefix="dockernb-") as temporary:
        folder = Path(temporary) / KERNEL_NAME
        shutil.copytree(_RESOURCES, folder)
        _name_this_python(folder / "kernel.json")
        try:
            written = KernelSpecManager().install_kernel_spec(
                str(folder),
                KERNEL_NAME,
                user=user or prefix is None,
                prefix=None if prefix is None or user else str(prefix),
            )
        except OSError as error:
            raise DockernbError(
                f'the kernelspec cannot be written: {error.strerror}: "{error.filename}"',
                hint="Choose another place: `dockernb install --user`, --sys-prefix, --prefix DIR",
            ) from error
    return Path(written)


def _name_this_python(path: Path) -> None:
    spec = json.loads(path.read_text("utf-8"))
    spec["argv"][0] = sys.executable
    path.write_text(json.dumps(spec, indent=2) + "\n", "utf-8")
