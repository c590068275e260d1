"""Image names as archives write them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from ...errors import OciError
from ..json_document import quoted
from ..reference import Reference

__all__ = ["full_names", "tagged"]


def tagged(name: str) -> Reference:
    """The name without its digest: an archive gives names to what is loaded, and those are tags.

    Raises:
        OciError: It is no image name, or has no tag.
    """
    reference = Reference.parse(name)
    if reference.tag is None:
        raise OciError(
            f'an image cannot be saved under the name "{name}"',
            rule="The name in an archive has a tag; a digest cannot be given to an image.",
            hint=f"Save it as {name.partition('@')[0]}:latest, or any other tag.",
        )
    return replace(reference, digest=None)


def full_names(names: Iterable[object], shown: str) -> tuple[str, ...]:
    """The names in full, each once, from an archive that is not trusted.

    Args:
        shown: Where they stand, for the reader.
    """
    found: dict[str, None] = {}
    for name in names:
        if not isinstance(name, str):
            raise OciError(f"{shown} has the image name {quoted(name)}, which is no text")
        try:
            found[str(tagged(name))] = None
        except OciError as err:
            raise OciError(f"{shown} has the image name {quoted(name)}", rule=err.rule) from err
    return tuple(found)
