"""The real Docker, images, registry and programs that dockernb's tests run against.

No test that counts may use a stand-in for an engine, and no image can be pulled on the machines
these tests run on. So the testbed makes everything from the Debian packages of the machine's own
mirror: a Debian 13 root file system with Docker 26 and BuildKit, which also listens with TLS and
is reached over an ssh server of its own; a Debian 12 one with Docker 20.10 and Podman; base images,
a registry on the loopback interface, and, on the machine itself, Chromium and skopeo.

It needs nothing but Python's standard library, because it runs before the project's own
environment is complete. Each daemon has a root, a bridge, a data folder and a pid file of its own,
and nothing that the testbed did not start is ever touched.

Command line: ``python -m tests.testbed --help``.
"""

from __future__ import annotations

from tests.testbed.errors import TestbedError
from tests.testbed.layout import Layout

__all__ = ["Layout", "TestbedError"]
