"""Docker 26 on the loopback interface, for those who have a certificate of its own CA."""

from __future__ import annotations

import ssl
from pathlib import Path

from tests.testbed.layout import Layout
from tests.testbed.ports import kept_port
from tests.testbed.process import run, system_environment

#: In the daemon's root. The names of the client's files are those that Docker looks for.
FOLDER = "/etc/dockernb-tls"

#: A CA, the daemon's certificate and a client's; run by a shell in the root of the daemon.
MAKE = """
set -e
umask 077
mkdir -p "$1" && cd "$1"
key() { openssl genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1"; }
sign() {
    key "$1"
    openssl req -new -key "$1" -subj "/CN=$3" |
        openssl x509 -req -CA ca.pem -CAkey ca-key.pem -days 3650 -extfile "$4" -out "$2"
}
key ca-key.pem
openssl req -x509 -new -key ca-key.pem -subj "/CN=dockernb testbed" -days 3650 -out ca.pem \\
    -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign
printf 'subjectAltName=IP:127.0.0.1,DNS:localhost\\nextendedKeyUsage=serverAuth\\n' >server.ext
printf 'extendedKeyUsage=clientAuth\\n' >client.ext
sign server-key.pem server-cert.pem localhost server.ext
sign key.pem cert.pem client client.ext
"""


def folder(layout: Layout) -> Path:
    """The folder for DOCKER_CERT_PATH, as seen from outside the root."""
    return layout.root / FOLDER.lstrip("/")


def daemon_options(layout: Layout) -> list[str]:
    """What the daemon is started with, to listen there."""
    if not (folder(layout) / "cert.pem").exists():
        command = ["chroot", str(layout.root), "sh", "-c", MAKE, "sh", FOLDER]
        run(command, environment=system_environment())
    files = {"tlscacert": "ca", "tlscert": "server-cert", "tlskey": "server-key"}
    options = [f"--{option}={FOLDER}/{name}.pem" for option, name in files.items()]
    return [f"--host=tcp://127.0.0.1:{kept_port(_port_file(layout))}", "--tlsverify", *options]


def address(layout: Layout) -> str | None:
    """The address in the form that DOCKER_HOST takes; None if nothing answers there."""
    try:
        port = int(_port_file(layout).read_text())
        ssl.get_server_certificate(("127.0.0.1", port), ca_certs=str(folder(layout) / "ca.pem"))
    except (OSError, ValueError):
        return None
    return f"tcp://127.0.0.1:{port}"


def _port_file(layout: Layout) -> Path:
    return layout.state / "tls-port"
