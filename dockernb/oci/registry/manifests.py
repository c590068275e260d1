"""From a name to the manifest of one image (distribution specification, "Pulling manifests")."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass, field

from dockernb.errors import DigestMismatchError, ImageNotFoundError, OciError
from dockernb.oci.config import Platform
from dockernb.oci.digest import sha256_digest
from dockernb.oci.manifest import ACCEPTED, Descriptor, Index, Manifest, parse_document
from dockernb.oci.platforms import find_platform, is_attestation
from dockernb.oci.reference import Reference

from .attempts import with_attempts
from .authorization import Scope
from .endpoint import Endpoint
from .failures import clean
from .refusal import refusal
from .transport import Request

__all__ = ["ResolvedImage", "resolve"]

# What the distribution specification asks registries to take at least, and Docker takes at most.
_LARGEST = 4 << 20
_MOST_SHOWN = 20


@dataclass(frozen=True)
class ResolvedImage:
    """One image, as its registry names it.

    Args:
        reference: The name that was asked for.
        data: The manifest's bytes as they came; `digest` is theirs.
        index_digest: Of the index that the name stands for, if it stands for one.
    """

    reference: Reference
    manifest: Manifest
    data: bytes = field(repr=False)
    digest: str
    media_type: str
    index_digest: str | None = None


@dataclass(frozen=True)
class _Document:
    content: Manifest | Index
    data: bytes
    digest: str


def resolve(
    endpoint: Endpoint, reference: Reference, platform: Platform, cancel: threading.Event
) -> ResolvedImage:
    """The image that `reference` means on `platform`.

    The platform decides where the name stands for an index. A single manifest does not say its
    platform; its config does.

    Raises:
        ImageNotFoundError: there is none, or none for the platform.
        RegistryError: the registry cannot be asked.
        OciError: what it sent is no manifest, or not the one with the reference's digest.
    """
    document = _fetch(endpoint, reference, reference.version, cancel)
    index_digest = None
    if isinstance(document.content, Index):
        index_digest = document.digest
        entry = _choose(document.content, reference, platform)
        document = _fetch(endpoint, reference, entry.digest, cancel)
    if isinstance(document.content, Index):
        raise OciError(
            f'the index of "{reference.familiar}" leads to another index',
            rule=f"expected an image manifest for {platform}",
            hint="Name the image by the digest of its manifest.",
        )
    manifest = document.content
    return ResolvedImage(
        reference, manifest, document.data, document.digest, manifest.media_type, index_digest
    )


def _fetch(
    endpoint: Endpoint, reference: Reference, version: str, cancel: threading.Event
) -> _Document:
    """A manifest or index by tag or digest."""
    url = endpoint.url_of(f"/v2/{reference.repository}/manifests/{version}")
    request = Request("GET", url, {"Accept": ", ".join(ACCEPTED)})
    name = f'the manifest of "{reference.familiar}"'

    def attempt() -> tuple[bytes, str]:
        with endpoint.send(request, Scope(reference.repository), cancel) as answer:
            if answer.status != 200:
                raise refusal(answer, reference, "pull")
            kind = answer.headers.get("Content-Type", "").partition(";")[0].strip()
            return answer.read(_LARGEST, name), kind

    what = f'reading {name} from "{endpoint.host}"'
    data, media_type = with_attempts(what, attempt, endpoint.settings, cancel)
    digest = sha256_digest(data)
    if ":" in version and digest != version:
        raise DigestMismatchError(
            f'the registry "{endpoint.host}" sent another manifest of "{reference.familiar}"',
            rule=f"expected {version}, got {digest}",
            state="Nothing was kept.",
            hint="Pull again; if it happens again, do not trust this registry.",
        )
    return _Document(parse_document(data, media_type), data, digest)


def _choose(index: Index, reference: Reference, platform: Platform) -> Descriptor:
    entry = find_platform(index.manifests, platform)
    if entry is None:
        there = _platforms(index.manifests)
        raise ImageNotFoundError(
            f'the registry "{reference.host}" has no image "{reference.familiar}" for {platform}',
            rule=f"It exists for {there}." if there else "Its index names no image at all.",
            hint=f"Choose one: `FROM --platform=... {reference.familiar}`." if there else None,
        )
    return entry


def _platforms(manifests: Iterable[Descriptor]) -> str:
    names = dict.fromkeys(
        clean(str(entry.platform))
        for entry in manifests
        if entry.platform is not None and not is_attestation(entry)
    )
    shown = list(names)[:_MOST_SHOWN]
    more = len(names) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")
