"""Answers other than the one hoped for, as exceptions that name the image and a next step."""

from __future__ import annotations

from typing import Literal

from dockernb.errors import DockernbError, ImageNotFoundError, RegistryError
from dockernb.oci.reference import Reference

from .attempts import retry_after
from .failures import RegistryWords, TransientError, clean, is_transient
from .transport import Answer

__all__ = ["refusal"]

_WORDS = 64 * 1024
_DENIED = frozenset({401, 403})
# Codes of the distribution specification that mean: there is no such image.
_NO_IMAGE = frozenset({"MANIFEST_UNKNOWN", "NAME_UNKNOWN", "NAME_INVALID", "TAG_INVALID"})
_NO_ACCESS = frozenset({"DENIED", "UNAUTHORIZED"})


def refusal(
    answer: Answer, reference: Reference, doing: Literal["pull", "push"]
) -> DockernbError | TransientError:
    """The exception for `answer`, whose body has not been read yet."""
    words = RegistryWords(answer.read_some(_WORDS))
    said = f"HTTP {answer.status} {clean(answer.reason)}".rstrip()
    if is_transient(answer.status):
        reason = f"{said} ({words})" if str(words) else said
        return TransientError(reason, retry_after(answer.headers.get("Retry-After")))
    rule = f"It says: {words}" if str(words) else f"It answered: {said}"
    is_denied = answer.status in _DENIED or words.code in _NO_ACCESS
    if doing == "pull" and (is_denied or answer.status == 404 or words.code in _NO_IMAGE):
        return _not_found(reference, rule)
    if is_denied:
        return RegistryError(
            f'the registry "{reference.host}" does not let us push "{reference.familiar}"',
            rule=rule,
            hint=f"Use `docker login {reference.host}` with a name that may write there.",
        )
    return RegistryError(
        f'the registry "{reference.host}" refused to {doing} "{reference.familiar}"',
        rule=rule,
        hint="Check the image's name and what the registry allows.",
    )


def _not_found(reference: Reference, rule: str) -> ImageNotFoundError:
    # Registries answer alike for what is not there and for what is hidden.
    return ImageNotFoundError(
        f'the registry "{reference.host}" has no image "{reference.familiar}", or hides it',
        rule=rule,
        hint=f"Check the name; a private image needs `docker login {reference.host}`.",
    )
