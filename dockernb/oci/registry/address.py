"""Where a registry is, and which addresses may be spoken to without TLS."""

from __future__ import annotations

import ipaddress
from urllib.parse import urljoin, urlsplit

from dockernb.errors import RegistryError
from dockernb.oci.reference import DEFAULT_HOST

from .settings import INSECURE, MIRRORS, RegistrySettings

__all__ = [
    "check_not_inward",
    "follow_url",
    "is_loopback",
    "may_be_plain",
    "mirror_url",
    "registry_url",
    "same_origin",
]

# Docker Hub's images are named docker.io, but served from here.
_DOCKER_HUB = "registry-1.docker.io"
_PORTS = {"http": 80, "https": 443}


def registry_url(host: str, settings: RegistrySettings) -> str:
    """The URL of the registry `host` (`HOST[:PORT]`), without a path.

    A loopback registry speaks plain HTTP, unless certificates were given for it.

    Raises:
        RegistryError: the port is none.
    """
    if host == DEFAULT_HOST:
        return f"https://{_DOCKER_HUB}"
    url = f"https://{host}"
    try:
        name, _ = _split(url)
    except ValueError as err:
        raise RegistryError(
            f'"{host}" is no address of a registry',
            rule="It is HOST or HOST:PORT, with a port up to 65535.",
            hint="Correct the host in the image's name.",
        ) from err
    if host in settings.insecure or name in settings.insecure:
        return f"http://{host}"
    has_certificates = any((folder / host).is_dir() for folder in settings.certificate_folders)
    if is_loopback(name) and not has_certificates and not host.endswith(":443"):
        return f"http://{host}"
    return url


def mirror_url(url: str, settings: RegistrySettings) -> str:
    """A mirror's URL as the settings give it, checked.

    Raises:
        RegistryError: it is no URL of a registry, or one without TLS that may not be.
    """
    try:
        parts = urlsplit(url)
        _split(url)
    except ValueError:
        raise _bad_mirror("", "It is no URL.") from None
    if parts.scheme not in _PORTS or not parts.hostname or "@" in parts.netloc:
        raise _bad_mirror(parts.hostname, "A mirror is a URL such as https://mirror.example:5000.")
    if parts.path.strip("/") or parts.query or parts.fragment:
        raise _bad_mirror(parts.hostname, "The URL of a mirror has no path.")
    if parts.scheme == "http" and not may_be_plain(url, settings):
        raise _bad_mirror(parts.hostname, f"Without TLS it must stand in {INSECURE} too.")
    return f"{parts.scheme}://{parts.netloc}"


def follow_url(current: str, location: str, settings: RegistrySettings) -> str:
    """The URL that an answer from `current` points to.

    Raises:
        RegistryError: it is none that may be followed.
    """
    try:
        url = urljoin(current, location)
        parts = urlsplit(url)
        name, _ = _split(url)
    except ValueError:
        raise _bad_redirect(current, "It points to no URL.") from None
    if parts.scheme not in _PORTS or not name or "@" in parts.netloc:
        raise _bad_redirect(current, "It points to no address of the web.")
    if parts.scheme == "http":
        before = urlsplit(current)
        was_plain = before.scheme == "http" or is_loopback(before.hostname or "")
        if not was_plain or not may_be_plain(url, settings):
            raise _bad_redirect(current, f'It points to "{name}" without TLS.')
    check_not_inward(current, url)
    return url


def is_this_machine(name: str) -> bool:
    """Whether a host name or address leads to this machine, in whatever way it is written."""
    name = name.rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None) or address
    return bool(mapped.is_loopback or mapped.is_unspecified)


def check_not_inward(current: str, url: str) -> None:
    """A server elsewhere does not decide what is asked of the services of this machine.

    Raises:
        RegistryError: `url`, which `current` sends us to, is one of them, and `current` is not.
    """
    name = urlsplit(url).hostname or ""
    if is_this_machine(name) and not is_this_machine(urlsplit(current).hostname or ""):
        raise _bad_redirect(current, f'It points to this machine ("{name}").')


def may_be_plain(url: str, settings: RegistrySettings) -> bool:
    """Whether the host of `url` may be spoken to without TLS."""
    name, port = _split(url)
    listed = {name, f"{name}:{port}", f"[{name}]", f"[{name}]:{port}"} & settings.insecure
    return is_loopback(name) or bool(listed)


def is_loopback(name: str) -> bool:
    """Whether a host name or address (without port and brackets) is this machine."""
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def same_origin(one: str, other: str) -> bool:
    """Whether two URLs lead to the same server (RFC 6454): who may see the same credentials."""
    return urlsplit(one).scheme == urlsplit(other).scheme and _split(one) == _split(other)


def _split(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or _PORTS.get(parts.scheme, 0)


def _bad_mirror(name: str | None, rule: str) -> RegistryError:
    # The URL itself is not shown: it may hold a password.
    return RegistryError(
        f'the registry mirror "{name or ""}" cannot be used', rule=rule, hint=f"Correct {MIRRORS}."
    )


def _bad_redirect(current: str, rule: str) -> RegistryError:
    return RegistryError(
        f'"{urlsplit(current).netloc}" sends us to an address that cannot be followed',
        rule=rule,
        hint="Check the registry's address and its storage settings.",
    )
