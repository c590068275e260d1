"""Whom to trust: the system's certificates, the reader's bundle, and Docker's certs.d folders."""

from __future__ import annotations

import ssl
from pathlib import Path

from dockernb.errors import RegistryError

from .settings import RegistrySettings

__all__ = ["bundle", "tls_context"]


def tls_context(host: str, settings: RegistrySettings) -> ssl.SSLContext:
    """A context that trusts what the registry `host` may show.

    The reader's own bundle replaces the system's list, and is added by requests (see `bundle`); the
    `*.crt` files of Docker's folders come on top of either, as they do for Docker.
    """
    context = ssl.create_default_context() if settings.ca_bundle is None else _empty_context()
    for file in _registry_certificates(host, settings):
        _trust(context, file, f'the certificate "{file}" for the registry "{host}" cannot be read')
    return context


def bundle(settings: RegistrySettings) -> str | bool:
    """What requests calls `verify`: the reader's bundle, or True for that of certifi.

    Raises:
        RegistryError: the bundle is not there, or is none.
    """
    if settings.ca_bundle is None:
        return True
    if not settings.ca_bundle.exists():
        raise RegistryError(
            f'the certificate bundle "{settings.ca_bundle}" does not exist',
            rule="It is named by REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE or SSL_CERT_FILE.",
            hint="Correct the variable, or unset it to use the system's certificates.",
        )
    if settings.ca_bundle.is_file():
        message = f'the certificate bundle "{settings.ca_bundle}" cannot be read'
        _trust(_empty_context(), settings.ca_bundle, message)
    return str(settings.ca_bundle)


def _trust(context: ssl.SSLContext, file: Path, message: str) -> None:
    try:
        context.load_verify_locations(cafile=file)
    except ssl.SSLError as err:
        raise _unreadable(message, "Expected certificates in PEM form.", file) from err
    except OSError as err:
        raise _unreadable(message, err.strerror or "It cannot be opened.", file) from err


def _unreadable(message: str, rule: str, file: Path) -> RegistryError:
    hint = f'Correct or remove the file: `openssl x509 -in "{file}" -noout`.'
    return RegistryError(message, rule=rule, hint=hint)


def _empty_context() -> ssl.SSLContext:
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _registry_certificates(host: str, settings: RegistrySettings) -> list[Path]:
    return [
        file
        for folder in settings.certificate_folders
        for file in sorted((folder / host).glob("*.crt"))
    ]
