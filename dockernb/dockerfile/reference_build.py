"""The instructions that make or change files: FROM, RUN, COPY, ADD, WORKDIR, and ONBUILD, ARG."""

from __future__ import annotations

from dockernb.dockerfile.reference_entry import FlagReference, InstructionReference

__all__ = ["BUILD_INSTRUCTIONS"]

_CHOWN = FlagReference(
    "--chown",
    "<user>[:<group>]",
    "Owner of the new files: numbers, or names found in the image's /etc/passwd and /etc/group. "
    "Without it root:root. A user number alone is the group number as well.",
)
_CHMOD = FlagReference(
    "--chmod",
    "<mode>",
    "Permissions of the new files: an octal number (755), or letters (u+x, go-w), which "
    "builders before Docker 28 do not know.",
)
_LINK = FlagReference(
    "--link",
    "",
    "Puts the files in a layer of their own that does not depend on what is below; links in the "
    "destination path are not followed.",
)
_EXCLUDE = FlagReference(
    "--exclude", "<pattern>", "Leaves out what matches; may stand several times."
)

BUILD_INSTRUCTIONS = (
    InstructionReference(
        "FROM",
        ("FROM [--platform=<platform>] <image> [AS <name>]",),
        "Opens a build stage: the snapshot is the image's file system, the image config is the "
        "image's own. `scratch` is the empty image. `<image>` may also name a stage above. "
        "Only ARG may stand before the first FROM, and only such ARGs are known in it.",
        "FROM debian:bookworm-slim AS build",
        (
            FlagReference(
                "--platform",
                "<os>/<arch>[/<variant>]",
                "Takes the image for this platform, for example linux/arm64.",
            ),
        ),
    ),
    InstructionReference(
        "RUN",
        (
            "RUN [<flags>] <command>",
            'RUN [<flags>] ["<executable>", "<argument>"...]',
            "RUN [<flags>] <<EOF",
        ),
        "Runs a command in a temporary container and keeps the files it wrote, changed or "
        "deleted as the next snapshot. Of the command's own state (directory, exported variables, "
        "running processes) nothing is left for the next RUN. The image config stays as it is. "
        "An exit code other than 0 fails the cell, and nothing is kept.",
        "RUN apt-get update && apt-get install -y --no-install-recommends curl",
        (
            FlagReference(
                "--mount",
                "type=<type>[,<option>=<value>...]",
                "Shows files to this command alone, and keeps none of them: bind (the context or "
                "another stage), cache (kept between builds), tmpfs, secret, ssh. "
                "May stand several times.",
                ("type=bind", "type=cache", "type=tmpfs", "type=secret", "type=ssh"),
            ),
            FlagReference(
                "--network",
                "<mode>",
                "The network the command sees.",
                ("default", "none", "host"),
            ),
            FlagReference(
                "--security",
                "<mode>",
                "insecure gives the command all privileges; the builder must allow it.",
                ("sandbox", "insecure"),
            ),
            FlagReference("--device", "<name>[,required]", "Gives the command a CDI device."),
        ),
    ),
    InstructionReference(
        "COPY",
        (
            "COPY [<flags>] <source>... <destination>",
            'COPY [<flags>] ["<source>"..., "<destination>"]',
            "COPY [<flags>] <<EOF <destination>",
        ),
        "Copies files from the build context (or, with --from, from another stage or image) into "
        "the snapshot. Of a directory its contents are copied. A destination that ends in / is a "
        "directory; missing directories are made. The image config stays as it is.",
        "COPY app/ /srv/app/",
        (
            FlagReference(
                "--from", "<stage|image>", "Copies from a stage (name or number) or an image."
            ),
            _CHOWN,
            _CHMOD,
            _LINK,
            FlagReference(
                "--parents",
                "",
                "Keeps the directories of the source path; `/./` in it marks where to begin.",
            ),
            _EXCLUDE,
        ),
    ),
    InstructionReference(
        "ADD",
        (
            "ADD [<flags>] <source>... <destination>",
            'ADD [<flags>] ["<source>"..., "<destination>"]',
        ),
        "Like COPY, and more: a local tar archive (also .gz, .bz2, .xz, .zst) is unpacked, a URL "
        "is downloaded (mode 0600, not unpacked), a git repository is checked out. "
        "Use COPY where none of this is wanted.",
        "ADD --checksum=sha256:24454f830cdb571e2c4ad15481119c43b3cafd48dd869a9b2945d1036d1dc68d "
        "https://mirrors.edge.kernel.org/pub/linux/kernel/Historic/linux-0.01.tar.gz /",
        (
            FlagReference("--checksum", "<algorithm>:<hex>", "The download must have this digest."),
            FlagReference("--keep-git-dir", "", "Keeps the .git directory of a repository."),
            FlagReference(
                "--unpack", "", "Unpacks an archive from a URL; `=false` leaves local ones packed."
            ),
            _CHOWN,
            _CHMOD,
            _LINK,
            _EXCLUDE,
        ),
    ),
    InstructionReference(
        "WORKDIR",
        ("WORKDIR <path>",),
        "Sets the directory for the RUN, CMD, ENTRYPOINT, COPY and ADD that follow, and makes it "
        "in the snapshot when it is missing. A relative path goes on from the one before. "
        "Image config: WorkingDir.",
        "WORKDIR /srv/app",
    ),
    InstructionReference(
        "ARG",
        ("ARG <name>[=<default>]...",),
        "Declares a build argument: from here to the end of the stage a variable for RUN and for "
        "the words the builder expands. Its value comes from --build-arg or `%arg`, else from the "
        "default. It is not in the image's environment, but in its history: no place for secrets. "
        "Snapshot and config stay as they are.",
        "ARG VERSION=1.2",
    ),
    InstructionReference(
        "ONBUILD",
        ("ONBUILD <instruction>",),
        "Stores an instruction in the image config (OnBuild). It runs when another Dockerfile "
        "builds FROM this image, right after that FROM. The snapshot stays as it is. "
        "Not for FROM, MAINTAINER and ONBUILD itself.",
        "ONBUILD COPY . /srv/app/",
    ),
)
