"""What ADD fetches: servers on the loopback interface, of files and of a git repository."""

from __future__ import annotations

import functools
import gzip
import http.server
import io
import os
import socket
import subprocess
import tarfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .git_over_http import GitHandler

#: 2020-01-01: files have one time, so that what is fetched twice is the same.
_TIME = 1577836800


@dataclass(frozen=True)
class Server:
    """HOST:PORT of a file server (/file.txt, /archive.tar.gz; /private/repo.git for those who have
    the token), and of a git server (/repo.git).
    """

    files: str
    git: str


@contextmanager
def serving(folder: Path) -> Iterator[Server]:
    """The servers, until the block ends."""
    folder.mkdir(exist_ok=True)
    _make_files(folder)
    make_repository(folder / "work", folder / "repo.git")
    handler = functools.partial(GitHandler, directory=str(folder))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        with git_daemon(folder) as git:
            yield Server(f"127.0.0.1:{server.server_port}", git)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def git_daemon(folder: Path) -> Iterator[str]:
    """HOST:PORT of a git server of the repositories in `folder`."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    core = subprocess.run(["git", "--exec-path"], capture_output=True, text=True, check=True)
    words = ["--listen=127.0.0.1", f"--port={port}", "--reuseaddr", "--export-all"]
    words += [f"--base-path={folder}", "--enable=upload-pack", "--verbose"]
    program = f"{core.stdout.strip()}/git-daemon"
    with subprocess.Popen([program, *words], stderr=subprocess.PIPE, text=True) as daemon:
        assert daemon.stderr is not None
        assert "Ready to rumble" in daemon.stderr.readline()
        try:
            yield f"127.0.0.1:{port}"
        finally:
            daemon.terminate()
            daemon.communicate()


def make_repository(work: Path, bare: Path) -> None:
    """A repository with two commits, a tag on the first, a branch, a folder and a link."""
    work.mkdir()
    environment = {
        **os.environ,
        "GIT_CONFIG_GLOBAL": "/dev/null",
        **{f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER") for what, value in _WHO},
    }

    def git(*words: str, cwd: Path = work) -> None:
        subprocess.run(["git", *words], cwd=cwd, env=environment, check=True, capture_output=True)

    git("init", "--initial-branch=main")
    (work / "README").write_text("first\n")
    (work / "docs").mkdir()
    (work / "docs/page").write_text("page\n")
    (work / "run").write_text("#!/bin/sh\n")
    (work / "run").chmod(0o755)
    (work / "link").symlink_to("docs/page")
    git("add", ".")
    git("commit", "--message=first")
    git("tag", "v1")
    (work / "README").write_text("second\n")
    git("commit", "--all", "--message=second")
    git("branch", "other")
    git("clone", "--bare", str(work), str(bare))


_WHO = (("NAME", "Test"), ("EMAIL", "test@example.org"), ("DATE", f"{_TIME} +0000"))


def _make_files(folder: Path) -> None:
    (folder / "file.txt").write_text("from the server\n")
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w") as archive:
        member = tarfile.TarInfo("in/t.txt")
        member.size = 2
        archive.addfile(member, io.BytesIO(b"t\n"))
    (folder / "archive.tar.gz").write_bytes(gzip.compress(plain.getvalue(), mtime=0))
    for path in sorted(folder.iterdir()):
        os.utime(path, (_TIME, _TIME))
