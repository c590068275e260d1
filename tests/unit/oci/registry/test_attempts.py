from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from dockernb.errors import BuildInterruptedError, RegistryError
from dockernb.oci.config import Platform
from dockernb.oci.manifest import Manifest
from dockernb.oci.reference import Reference
from dockernb.oci.registry import RegistrySettings
from dockernb.oci.registry.attempts import retry_after, with_attempts
from dockernb.oci.registry.failures import TransientError

from .conftest import MakeClient
from .scripted import Handler, Reply, ScriptedServer, descriptor, failing

MANIFEST = Reply(200, Manifest(descriptor(b"{}")).to_bytes())
PATH = "/v2/team/app/manifests/1"
Waits = Callable[..., list[float]]


class RecordedWaits(threading.Event):
    """A `cancel` that is never set, and notes for how long it is waited for."""

    def __init__(self) -> None:
        super().__init__()
        self.waits: list[float | None] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.waits.append(timeout)
        return False


def resolve(make_client: MakeClient, image: Reference, **settings: float) -> list[float | None]:
    """Resolves; returns how long was waited between the attempts."""
    cancel = RecordedWaits()
    make_client(**settings).resolve(image, Platform(), cancel=cancel)
    return cancel.waits


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_busy_registry_is_asked_again(
    server: ScriptedServer, make_client: MakeClient, image: Reference, status: int
) -> None:
    server.on("GET", PATH, failing(status, "BUSY"), failing(status, "BUSY"), MANIFEST)
    assert resolve(make_client, image, backoff=0.25) == [0.25, 0.5]
    assert len(server.seen) == 3


def test_retry_after_is_obeyed(
    server: ScriptedServer, make_client: MakeClient, image: Reference
) -> None:
    answers = [failing(429, "TOOMANYREQUESTS", Retry_After=value) for value in ("0", "7")]
    server.on("GET", PATH, *answers, MANIFEST)
    assert resolve(make_client, image, backoff=99) == [0, 7]


def test_retry_after_is_capped(
    server: ScriptedServer, make_client: MakeClient, image: Reference
) -> None:
    server.on("GET", PATH, failing(503, "", Retry_After="86400"), MANIFEST)
    assert resolve(make_client, image, longest_wait=5.0) == [5.0]


def test_broken_connection_is_made_again(
    server: ScriptedServer, make_client: MakeClient, image: Reference
) -> None:
    def hang_up(handler: Handler) -> None:
        handler.connection.shutdown(socket.SHUT_RDWR)
        handler.close_connection = True

    server.on("GET", PATH, hang_up, Reply(200, MANIFEST.body, cut=20), MANIFEST)
    resolve(make_client, image)
    assert len(server.seen) == 3


def test_attempts_that_all_fail_are_told(
    server: ScriptedServer, make_client: MakeClient, image: Reference
) -> None:
    server.on("GET", PATH, Reply(503), failing(429, "TOOMANYREQUESTS"), Reply(500, b"<html>"))
    with pytest.raises(RegistryError, match=server.host) as caught:
        resolve(make_client, image)
    assert caught.value.rule == (
        "It was tried 3 times: HTTP 503 Service Unavailable; HTTP 429 Too Many Requests "
        "(TOOMANYREQUESTS: in other words); HTTP 500 Internal Server Error."
    )
    assert len(server.seen) == 3


def test_registry_that_is_not_there_is_told(make_client: MakeClient) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    image = Reference.parse(f"127.0.0.1:{port}/app")
    with pytest.raises(RegistryError, match=f'127.0.0.1:{port}"') as caught:
        resolve(make_client, image, attempts=1)
    assert caught.value.rule == "It was tried once: Connection refused."


def test_status_not_implemented_is_final(
    server: ScriptedServer, make_client: MakeClient, image: Reference
) -> None:
    server.on("GET", PATH, failing(501, "UNSUPPORTED"))
    with pytest.raises(RegistryError):
        resolve(make_client, image)
    assert len(server.seen) == 1


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("0", 0.0),
        (" 12 ", 12.0),
        ("-3", None),
        ("soon", None),
        ("", None),
        ("9" * 5000, 999_999_999.0),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0),
        ("Wed, 21 Oct 2015 07:28:00 -0000", 0.0),
        ("Wed, 99 Oct 99999999999 07:28:00 GMT", None),
    ],
)
def test_retry_after_is_a_number_or_a_date(header: str | None, seconds: float | None) -> None:
    assert retry_after(header) == seconds


def test_retry_after_of_a_date_to_come_is_the_time_until_then() -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    seconds = retry_after(date)
    assert seconds is not None
    assert 0 < seconds <= 3600


def test_progress_counts_the_attempts_anew() -> None:
    done, settings = [0], RegistrySettings(attempts=2, backoff=0)

    def attempt() -> str:
        if done[0] >= 5 << 20:
            return "whole"
        done[0] += 1 << 20
        raise TransientError("cut off")

    assert with_attempts("x", attempt, settings, threading.Event(), lambda: done[0]) == "whole"


def test_starting_over_again_and_again_is_no_progress() -> None:
    done, calls, settings = [0], [0], RegistrySettings(attempts=3, backoff=0)

    def attempt() -> None:
        calls[0] += 1
        done[0] = 0 if done[0] else 2 << 20
        raise TransientError("cut off")

    with pytest.raises(RegistryError):
        with_attempts("x", attempt, settings, threading.Event(), lambda: done[0])
    assert calls[0] < 6


def test_cancel_ends_the_attempts() -> None:
    cancel = threading.Event()
    cancel.set()

    def attempt() -> None:
        raise TransientError("busy", wait=1000)

    with pytest.raises(BuildInterruptedError):
        with_attempts("x", attempt, RegistrySettings(longest_wait=1000), cancel)
