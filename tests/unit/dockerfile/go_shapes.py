"""Typed instructions in the shape in which the vectors hold BuildKit's own structs."""

from __future__ import annotations

from functools import singledispatch
from typing import Any

from dockernb import dockerfile as d


@singledispatch
def go_shape(instruction: d.Instruction) -> dict[str, Any]:
    raise NotImplementedError(instruction.name)


def _shell(command: d.CommandLine) -> dict[str, Any]:
    files = [
        {"Name": doc.name, "Data": doc.raw, "Chomp": doc.chomp} for doc in command.heredocs
    ] or None
    return {"CmdLine": list(command.args), "Files": files, "PrependShell": command.shell_form}


def _mount(option: d.MountOption) -> dict[str, Any]:
    mount = d.read_mount(option, lambda text: text)
    return {
        "Type": mount.kind,
        "From": mount.from_image,
        "Source": mount.source,
        "Target": mount.target,
        "ReadOnly": mount.read_only,
        "SizeLimit": mount.size,
        "CacheID": mount.id,
        "CacheSharing": mount.sharing,
        "Required": mount.required,
        "Env": mount.env,
        "Mode": mount.mode,
        "UID": mount.uid,
        "GID": mount.gid,
    }


@go_shape.register
def _(instruction: d.RunInstruction) -> dict[str, Any]:
    return {
        "_type": "RunCommand",
        **_shell(instruction.command),
        "Mounts": [_mount(option) for option in instruction.mounts],
        "Network": instruction.network,
        "Security": instruction.security,
    }


@go_shape.register
def _(instruction: d.CmdInstruction) -> dict[str, Any]:
    return {"_type": "CmdCommand", **_shell(instruction.command)}


@go_shape.register
def _(instruction: d.EntrypointInstruction) -> dict[str, Any]:
    shape = {"_type": "EntrypointCommand", **_shell(instruction.command)}
    return {**shape, "CmdLine": shape["CmdLine"] or None}


@go_shape.register
def _(instruction: d.ShellInstruction) -> dict[str, Any]:
    return {"_type": "ShellCommand", "Shell": list(instruction.shell)}


def _pairs(pairs: tuple[d.KeyValue, ...]) -> list[dict[str, Any]]:
    return [{"Key": p.key, "Value": p.value, "NoDelim": p.no_delimiter} for p in pairs]


@go_shape.register
def _(instruction: d.LabelInstruction) -> dict[str, Any]:
    return {"_type": "LabelCommand", "Labels": _pairs(instruction.labels)}


@go_shape.register
def _(instruction: d.EnvInstruction) -> dict[str, Any]:
    return {"_type": "EnvCommand", "Env": _pairs(instruction.variables)}


@go_shape.register
def _(instruction: d.ArgInstruction) -> dict[str, Any]:
    args = [{"Key": a.key, "Value": a.value, "DocComment": a.comment} for a in instruction.args]
    return {"_type": "ArgCommand", "Args": args}


@go_shape.register
def _(instruction: d.MaintainerInstruction) -> dict[str, Any]:
    return {"_type": "MaintainerCommand", "Maintainer": instruction.maintainer}


@go_shape.register
def _(instruction: d.ExposeInstruction) -> dict[str, Any]:
    return {"_type": "ExposeCommand", "Ports": list(instruction.ports)}


@go_shape.register
def _(instruction: d.VolumeInstruction) -> dict[str, Any]:
    return {"_type": "VolumeCommand", "Volumes": list(instruction.paths)}


@go_shape.register
def _(instruction: d.UserInstruction) -> dict[str, Any]:
    return {"_type": "UserCommand", "User": instruction.user}


@go_shape.register
def _(instruction: d.WorkdirInstruction) -> dict[str, Any]:
    return {"_type": "WorkdirCommand", "Path": instruction.path}


@go_shape.register
def _(instruction: d.StopsignalInstruction) -> dict[str, Any]:
    return {"_type": "StopSignalCommand", "Signal": instruction.signal}


@go_shape.register
def _(instruction: d.OnbuildInstruction) -> dict[str, Any]:
    return {"_type": "OnbuildCommand", "Expression": instruction.expression}


@go_shape.register
def _(instruction: d.HealthcheckInstruction) -> dict[str, Any]:
    times = {
        "Interval": instruction.interval,
        "Timeout": instruction.timeout,
        "StartPeriod": instruction.start_period,
        "StartInterval": instruction.start_interval,
        "Retries": instruction.retries,
    }
    given = {name: value for name, value in times.items() if value}
    return {"_type": "HealthCheckCommand", "Health": {"Test": list(instruction.test), **given}}


def _transfer(instruction: d.CopyInstruction | d.AddInstruction) -> dict[str, Any]:
    contents = [
        {"Path": doc.name, "Data": doc.content, "Expand": doc.expand}
        for doc in instruction.heredocs
    ]
    return {
        "SourcePaths": list(instruction.sources) or None,
        "SourceContents": contents or None,
        "DestPath": instruction.destination,
        "Chown": instruction.chown,
        "Chmod": instruction.chmod,
        "Link": instruction.link,
        "ExcludePatterns": list(instruction.excludes) or None,
    }


@go_shape.register
def _(instruction: d.CopyInstruction) -> dict[str, Any]:
    return {
        "_type": "CopyCommand",
        **_transfer(instruction),
        "From": instruction.from_image,
        "Parents": instruction.parents,
    }


@go_shape.register
def _(instruction: d.AddInstruction) -> dict[str, Any]:
    return {
        "_type": "AddCommand",
        **_transfer(instruction),
        "Checksum": instruction.checksum,
        "KeepGitDir": instruction.keep_git_dir,
        "Unpack": instruction.unpack,
    }


def go_stages(instructions: tuple[d.Instruction, ...]) -> list[dict[str, Any]]:
    stages: list[dict[str, Any]] = []
    for instruction in instructions:
        if isinstance(instruction, d.FromInstruction):
            stages.append(
                {
                    "base": instruction.image,
                    "code": instruction.original.strip(),
                    "commands": [],
                    "name": instruction.stage_name,
                    "platform": instruction.platform,
                }
            )
        elif stages:
            stages[-1]["commands"].append(go_shape(instruction))
    return stages


def go_node(node: d.Node) -> dict[str, Any]:
    return {
        "args": [go_node(node.inner)] if node.inner else list(node.args),
        "cmd": node.keyword.lower(),
        "comments": list(node.comments),
        "end": node.lines.end,
        "flags": list(node.flags),
        "heredocs": [
            {
                "chomp": doc.chomp,
                "content": doc.raw,
                "expand": doc.expand,
                "fd": doc.file_descriptor,
                "name": doc.name,
            }
            for doc in node.heredocs
        ],
        "json": node.json,
        "keyword": node.keyword,
        "original": node.original,
        "start": node.lines.start,
    }
