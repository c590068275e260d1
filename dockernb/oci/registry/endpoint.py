"""A registry, or a mirror of one, that we can speak to: redirects and logins are seen to here."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from urllib.parse import urlsplit

from dockernb.errors import RegistryError

from .address import follow_url, same_origin
from .authorization import Authorizer, Scope
from .credentials import Credentials
from .settings import RegistrySettings
from .transport import Answer, Request, Transport

__all__ = ["Endpoint"]

_MOST_REDIRECTS = 5
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_UNAUTHORIZED = 401


class Endpoint:
    """One server of images. Safe in several threads.

    Args:
        host: Whose credentials count, and what messages call it.
        url: Scheme, host and port.
    """

    def __init__(
        self, host: str, url: str, credentials: Credentials, settings: RegistrySettings
    ) -> None:
        self.host = host
        self.settings = settings
        self._url = url
        self._transport = Transport(host, settings)
        self._authorizer = Authorizer(host, url, self._transport, credentials, settings)

    def url_of(self, path: str) -> str:
        """The URL of an absolute path on this server."""
        return self._url + path

    @contextmanager
    def send(
        self,
        request: Request,
        scope: Scope,
        cancel: threading.Event,
        on_wait: Callable[[], None] | None = None,
    ) -> Iterator[Answer]:
        """The answer to `request`: redirects of a GET are followed, one 401 is answered.

        Our Authorization is only ever sent to this server itself, never to where it points.

        Raises:
            TransientError: trying again may help.
            RegistryError: it will not.
            BuildInterruptedError: `cancel` is set.
        """
        header = self._authorizer.header(scope) if self._is_ours(request.url) else None
        with self._follow(_with(request, header), cancel, on_wait) as answer:
            if answer.status != _UNAUTHORIZED or not self._is_ours(answer.url):
                yield answer
                return
            challenge = answer.headers.get("WWW-Authenticate", "")
            renewed = self._authorizer.renew(challenge, scope, header, cancel)
            if renewed is None:
                yield answer
                return
        with self._follow(_with(request, renewed), cancel, on_wait) as answer:
            yield answer

    def target(self, location: str) -> str:
        """The URL that a Location header of this server means.

        Raises:
            RegistryError: it may not be used.
        """
        return follow_url(self._url, location, self.settings)

    def close(self) -> None:
        self._transport.close()

    def _is_ours(self, url: str) -> bool:
        return same_origin(url, self._url)

    @contextmanager
    def _follow(
        self, request: Request, cancel: threading.Event, on_wait: Callable[[], None] | None
    ) -> Iterator[Answer]:
        for _ in range(_MOST_REDIRECTS + 1):
            with self._transport.send(request, cancel, on_wait) as answer:
                location = answer.headers.get("Location")
                if request.method != "GET" or answer.status not in _REDIRECTS or not location:
                    yield answer
                    return
            url = follow_url(request.url, location, self.settings)
            # Once away, always without: a way back could be laid by whoever we were sent to.
            headers = (
                request.headers
                if same_origin(url, request.url)
                else _without_authorization(request.headers)
            )
            request = replace(request, url=url, headers=headers)
        raise RegistryError(
            f'the registry "{self.host}" sends us on more than {_MOST_REDIRECTS} times',
            rule=f'The last address was at "{urlsplit(request.url).netloc}".',
            hint="Check the registry's address and its storage settings.",
        )


def _with(request: Request, header: str | None) -> Request:
    if header is None:
        return request
    return replace(request, headers={**request.headers, "Authorization": header})


def _without_authorization(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name != "Authorization"}
