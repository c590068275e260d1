"""One HTTP exchange with a registry, which `cancel` can end at any moment.

All of it, from the name's resolution to the last byte of the body, happens in a thread of its own
(`Pump`). Nothing is followed, answered or tried again here.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http.cookiejar import DefaultCookiePolicy
from typing import Any, Protocol

import requests
import urllib3
from requests.adapters import HTTPAdapter
from requests.utils import get_environ_proxies

import dockernb
from dockernb.errors import BuildInterruptedError, OciError
from dockernb.oci.pump import Pump

from .address import is_loopback
from .certificates import bundle, tls_context
from .failures import transport_failure
from .settings import RegistrySettings

__all__ = ["Answer", "Body", "Request", "Transport"]

_PIECE = 64 * 1024
_AGENT = f"dockernb/{dockernb.__version__}"
# More threads than this may fetch at once; they only get connections of their own then.
_CONNECTIONS = 16


class Body(Protocol):
    """Bytes to send, of a known length; iterated anew for each attempt, in another thread."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[bytes]: ...


@dataclass(frozen=True)
class Request:
    """What is asked. Headers and body may hold secrets and are never shown."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes | Body | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Answer:
    """What came back: the head at once, the body as it arrives.

    Args:
        headers: Case does not matter in their names.
        pieces: The body as it was sent: nothing is decompressed.
    """

    url: str
    status: int
    reason: str
    headers: Mapping[str, str] = field(repr=False)
    pieces: Iterator[bytes] = field(repr=False)

    def read(self, limit: int, what: str) -> bytes:
        """The whole body.

        Raises:
            OciError: it has more than `limit` bytes; `what` names it.
        """
        parts, size = [], 0
        for piece in self.pieces:
            parts.append(piece)
            size += len(piece)
            if size > limit:
                raise OciError(
                    f"{what} is too large", rule=f"expected {limit:,} bytes at most, got more"
                )
        return b"".join(parts)

    def read_some(self, limit: int) -> bytes:
        """The body's first bytes: enough of a message to be shown."""
        parts, size = [], 0
        for piece in self.pieces:
            parts.append(piece)
            size += len(piece)
            if size >= limit:
                break
        return b"".join(parts)[:limit]


class Transport:
    """Connections on behalf of one registry, also to where it sends us. Safe in several threads."""

    def __init__(self, host: str, settings: RegistrySettings) -> None:
        self._host = host
        self._settings = settings
        self._timeout = (settings.connect_timeout, settings.read_timeout)
        self._session = requests.Session()
        # Nothing of the environment comes in unasked: a .netrc would replace our Authorization.
        self._session.trust_env = False
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self._session.headers.clear()
        self._session.headers.update({"User-Agent": _AGENT, "Accept-Encoding": "identity"})
        self._tls_lock = threading.Lock()
        self._has_tls = False
        self._verify: str | bool = True
        self._session.mount("http://", HTTPAdapter(pool_maxsize=_CONNECTIONS))

    @contextmanager
    def send(
        self,
        request: Request,
        cancel: threading.Event,
        on_wait: Callable[[], None] | None = None,
    ) -> Iterator[Answer]:
        """The answer to `request`, whatever its status; leaving the block ends the exchange.

        Args:
            on_wait: Called now and then in this thread while nothing arrives.

        Raises:
            TransientError: the connection did not come about, broke or stalled; also while reading.
            RegistryError: the address or the certificate is wrong.
            BuildInterruptedError: `cancel` is set; also while reading.
        """
        pump = Pump(lambda: self._exchange(request), "dockernb-registry")
        items = pump.items(cancel, on_wait)
        try:
            head = next(items, None)
            if not isinstance(head, requests.Response):
                raise self._interrupted()
            yield Answer(
                url=request.url,
                status=head.status_code,
                reason=head.reason or "",
                headers=head.headers,
                pieces=self._pieces(items, cancel),
            )
        finally:
            pump.close()

    def close(self) -> None:
        """Ends the connections that nobody uses."""
        self._session.close()

    def _pieces(
        self, items: Iterator[requests.Response | bytes], cancel: threading.Event
    ) -> Iterator[bytes]:
        for item in items:
            if isinstance(item, bytes):
                yield item
        if cancel.is_set():
            raise self._interrupted()

    def _interrupted(self) -> BuildInterruptedError:
        return BuildInterruptedError(f'the exchange with "{self._host}" was interrupted')

    def _exchange(self, request: Request) -> Generator[requests.Response | bytes, None, None]:
        """The head, then the pieces of the body; runs in the pump's thread."""
        try:
            with closing(self._head(request)) as response:
                yield response
                while piece := response.raw.read1(_PIECE, decode_content=False):
                    yield piece
        except (requests.RequestException, urllib3.exceptions.HTTPError) as err:
            raise transport_failure(err, request.url) from err

    def _head(self, request: Request) -> requests.Response:
        if request.url.startswith("https:"):
            self._prepare_tls()
        name = urllib3.util.parse_url(request.url).hostname or ""
        proxies = {} if is_loopback(name.strip("[]")) else get_environ_proxies(request.url)
        return self._session.request(
            request.method,
            request.url,
            headers=dict(request.headers),
            data=request.body,
            stream=True,
            allow_redirects=False,
            timeout=self._timeout,
            verify=self._verify,
            proxies=proxies,
        )

    def _prepare_tls(self) -> None:
        # At the first need: reading the system's certificates takes 50 ms.
        with self._tls_lock:
            if not self._has_tls:
                self._verify = bundle(self._settings)
                self._session.mount("https://", _TlsAdapter(self._host, self._settings))
                self._has_tls = True


class _TlsAdapter(HTTPAdapter):
    """Connections with the registry's own certificates trusted, through proxies too."""

    def __init__(self, host: str, settings: RegistrySettings) -> None:
        self._context = tls_context(host, settings)
        super().__init__(pool_maxsize=_CONNECTIONS)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs, ssl_context=self._context)

    def proxy_manager_for(self, proxy: Any, **kwargs: Any) -> Any:
        return super().proxy_manager_for(proxy, **kwargs, ssl_context=self._context)
