"""The registry client: images to and from registries, without a Docker daemon."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from dockernb.errors import DockernbError, ImageNotFoundError, OciError, RegistryError
from dockernb.oci.config import Platform
from dockernb.oci.manifest import Descriptor
from dockernb.oci.reference import DEFAULT_HOST, Reference

from . import download, manifests, tags, upload
from .address import mirror_url, registry_url
from .authorization import Scope
from .credentials import Credentials, DockerCredentials
from .endpoint import Endpoint
from .manifests import ResolvedImage
from .settings import RegistrySettings

__all__ = ["RegistryClient"]

Result = TypeVar("Result")
_LARGEST_CONFIG = 8 << 20


class RegistryClient:
    """Pulls from and pushes to any registry of the distribution specification.

    All methods may be called from any thread, several at a time. Those that wait end within a
    moment after `cancel` is set, with a `BuildInterruptedError`.

    Args:
        credentials: What `docker login` has written, when None.
        settings: What the environment says, when None.
    """

    def __init__(
        self,
        *,
        credentials: Credentials | None = None,
        settings: RegistrySettings | None = None,
    ) -> None:
        self._credentials = credentials or DockerCredentials()
        self._settings = settings or RegistrySettings.from_environment()
        self._endpoints: dict[str, Endpoint] = {}
        self._given_up: dict[Endpoint, str] = {}
        self._lock = threading.Lock()

    def resolve(
        self, reference: Reference, platform: Platform, *, cancel: threading.Event
    ) -> ResolvedImage:
        """The image that `reference` means on `platform`.

        A name that stands for a single manifest gives that one, whatever the platform: the image's
        config says for which it is.

        Raises:
            ImageNotFoundError: the registry has no such image, or none for the platform.
            RegistryError: the registry does not answer, or refuses.
            DigestMismatchError: it sent something else than the reference's digest promises.
            OciError: what it sent is no manifest.
        """
        return self._pull(
            reference, lambda endpoint: manifests.resolve(endpoint, reference, platform, cancel)
        )

    def tags(self, reference: Reference, *, cancel: threading.Event, most: int = 1000) -> list[str]:
        """At most `most` tags of the repository that `reference` names.

        Raises:
            ImageNotFoundError: the registry has no such repository.
            RegistryError: the registry does not answer, or refuses.
            OciError: what it sent is no list of tags.
        """
        return self._pull(
            reference, lambda endpoint: tags.list_tags(endpoint, reference, most, cancel)
        )

    def read(
        self,
        reference: Reference,
        blob: Descriptor,
        *,
        cancel: threading.Event,
        limit: int = _LARGEST_CONFIG,
    ) -> bytes:
        """The bytes of a small blob, an image config for instance, checked by size and digest.

        Raises:
            OciError: it has more than `limit` bytes, or is not what its descriptor promises.
            RegistryError: the registry does not answer, or refuses.
        """
        if blob.size > limit:
            raise OciError(
                f'the blob "{blob.digest}" of "{reference.familiar}" is too large',
                rule=f"expected {limit:,} bytes at most, it has {blob.size:,}",
            )
        return self._pull(
            reference,
            lambda endpoint: download.read_blob(endpoint, reference, blob, limit, cancel),
        )

    def fetch(
        self,
        reference: Reference,
        blob: Descriptor,
        target: Path,
        on_bytes: Callable[[int], None],
        cancel: threading.Event,
    ) -> None:
        """Puts the bytes of `blob`, as they are stored, at `target`.

        They are gathered in `TARGET.part`, which stays when the pull breaks and is gone on with the
        next time. The target appears whole and right, or not at all.

        Args:
            on_bytes: Called with the number of bytes that are there; less than before if the
                registry made us start over.

        Raises:
            DigestMismatchError: size or digest is wrong; the part was removed.
            RegistryError: the registry does not answer, refuses, or has lost the blob.
            StorageFullError: there is no room.
            EngineError: the target's folder cannot be written to.
        """
        self._pull(
            reference,
            lambda endpoint: download.fetch_blob(
                endpoint, reference, blob, target, on_bytes, cancel
            ),
        )

    def has_blob(self, reference: Reference, blob: Descriptor, *, cancel: threading.Event) -> bool:
        """Whether the repository of `reference` has the blob: it need not be pushed then."""
        scope = Scope(reference.repository)
        return upload.has_blob(self._origin(reference), reference, blob, scope, cancel)

    def mount_blob(
        self, reference: Reference, blob: Descriptor, source: str, *, cancel: threading.Event
    ) -> bool:
        """Whether the repository of `reference` now has the blob from another one, `source`.

        Args:
            source: A repository of the same registry, `library/debian`.
        """
        return upload.mount_blob(self._origin(reference), reference, blob, source, cancel)

    def push_blob(
        self,
        reference: Reference,
        source: Path | bytes,
        blob: Descriptor,
        on_bytes: Callable[[int], None],
        cancel: threading.Event,
    ) -> None:
        """Sends a blob, unless the repository has it. The registry checks the digest.

        Args:
            on_bytes: Called with the number of bytes sent.

        Raises:
            RegistryError: the registry does not answer, or refuses.
            OciError: the source has not the descriptor's size.
        """
        origin = self._origin(reference)
        upload.push_blob(origin, reference, source, blob, on_bytes, cancel)

    def push_manifest(
        self, reference: Reference, data: bytes, media_type: str, *, cancel: threading.Event
    ) -> str:
        """Sends a manifest or an index, whose blobs are there already; returns its digest.

        It gets the reference's tag; without one it can be named by its digest only.

        Raises:
            RegistryError: the registry does not answer, or refuses.
        """
        return upload.push_manifest(self._origin(reference), reference, data, media_type, cancel)

    def close(self) -> None:
        """Ends the connections. The client can be used again."""
        with self._lock:
            endpoints, self._endpoints = list(self._endpoints.values()), {}
            self._given_up = {}
        for endpoint in endpoints:
            endpoint.close()

    def _pull(self, reference: Reference, work: Callable[[Endpoint], Result]) -> Result:
        """The result of `work` on the first of the mirrors that can do it, else on the registry."""
        failures: list[str] = []
        for mirror in self._mirrors(reference):
            if (failure := self._given_up.get(mirror)) is not None:
                failures.append(failure)
                continue
            try:
                return work(mirror)
            except ImageNotFoundError as err:
                failures.append(f"Asked before: {err.message}.")
            except (RegistryError, OciError) as err:
                failures.append(f"Asked before: {err.message}.")
                # It may have stalled for as long as we wait: not again with the next request.
                self._given_up[mirror] = failures[-1]
        try:
            return work(self._origin(reference))
        except DockernbError as err:
            err.rule = "\n".join(filter(None, [err.rule, *failures]))
            raise

    def _mirrors(self, reference: Reference) -> list[Endpoint]:
        if reference.host != DEFAULT_HOST:
            return []
        settings = replace(self._settings, attempts=1)
        urls = [mirror_url(url, settings) for url in settings.mirrors]
        return [self._endpoint(url.partition("://")[2], url, settings) for url in urls]

    def _origin(self, reference: Reference) -> Endpoint:
        url = registry_url(reference.host, self._settings)
        return self._endpoint(reference.host, url, self._settings)

    def _endpoint(self, host: str, url: str, settings: RegistrySettings) -> Endpoint:
        with self._lock:
            if url not in self._endpoints:
                self._endpoints[url] = Endpoint(host, url, self._credentials, settings)
            return self._endpoints[url]
