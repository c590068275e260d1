"""dockernb: a Jupyter kernel in which every cell is one Dockerfile instruction."""

from __future__ import annotations

__all__ = ["__version__"]

__version__ = "0.1.0"
