"""Words that completion knows by heart."""

from __future__ import annotations

__all__ = [
    "ADD_DIGESTS",
    "DIRECTIVES",
    "DURATIONS",
    "LABELS",
    "MODES",
    "PLATFORMS",
    "PREDEFINED_ARGS",
    "SEVERAL_TIMES",
    "SHELLS",
    "SHELL_WORDS",
    "SIGNALS",
]

DIRECTIVES = (
    "# syntax=docker/dockerfile:1",
    "# escape=\\",
    "# escape=`",
    "# check=skip=",
    "# check=error=true",
)
PLATFORMS = (
    "linux/amd64",
    "linux/arm64",
    "linux/arm/v7",
    "linux/arm/v6",
    "linux/386",
    "linux/ppc64le",
    "linux/riscv64",
    "linux/s390x",
    "$BUILDPLATFORM",
    "$TARGETPLATFORM",
)
SIGNALS = (
    "SIGTERM", "SIGINT", "SIGQUIT", "SIGHUP", "SIGKILL", "SIGUSR1", "SIGUSR2", "SIGWINCH",
)  # fmt: skip
MODES = ("644", "755", "600", "700", "640", "750", "444", "555")
DURATIONS = ("5s", "10s", "30s", "1m", "5m")
ADD_DIGESTS = ("sha256:",)
SEVERAL_TIMES = frozenset({"--mount", "--exclude", "--device"})
"""Flags that may stand more than once."""

PREDEFINED_ARGS = (
    "HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY", "ALL_PROXY",
    "TARGETPLATFORM", "TARGETOS", "TARGETARCH", "TARGETVARIANT",
    "BUILDPLATFORM", "BUILDOS", "BUILDARCH", "BUILDVARIANT",
    "SOURCE_DATE_EPOCH",
)  # fmt: skip
LABELS = tuple(
    f"org.opencontainers.image.{key}="
    for key in (
        "authors", "base.digest", "base.name", "created", "description", "documentation",
        "licenses", "ref.name", "revision", "source", "title", "url", "vendor", "version",
    )
)  # fmt: skip
SHELLS = (
    '["/bin/sh", "-c"]',
    '["/bin/sh", "-ec"]',
    '["/bin/bash", "-c"]',
    '["/bin/bash", "-o", "pipefail", "-c"]',
)
# What a shell knows without a file.
SHELL_WORDS = (
    "alias", "case", "cd", "command", "do", "done", "elif", "else", "esac", "eval", "exec", "exit",
    "export", "fi", "for", "if", "read", "set", "shift", "then", "trap", "ulimit", "umask", "unset",
    "until", "wait", "while",
)  # fmt: skip
