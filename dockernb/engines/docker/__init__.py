"""The engine that talks to a Docker Engine API: local, or remote over ssh or TLS.

This package is the only place of the project that imports the Docker SDK.

    connection   where the daemon is (DOCKER_HOST, contexts, usual sockets)
    dial         a connection to it as a socket, whatever the way; ssh: through the system's ssh
    adapter      the pool of these connections; unix_get: the short way over a Unix socket
    api          one HTTP request to it, foreign exceptions translated
    images       image configs: read, load ("seal"), tag, remove
    containerd_images   the same with the containerd image store; content: its manifests and configs
    request      ContainerSpec -> the body of /containers/create
    container    the working container; output: what it prints
    standby      a container that waits for the next RUN; handover, attachment: how it gets it
    diff         what changed: overlay (the daemon's own disk) or changes (the API)
    leftovers    containers of dead dockernb processes
"""

from .engine import DockerEngine, connect

__all__ = ["DockerEngine", "connect"]
