"""The seccomp filter, run by an interpreter of the few BPF instructions that it is made of."""

from __future__ import annotations

import struct

import pytest

from dockernb.engines.embedded.guest.denied import denying_program
from dockernb.engines.embedded.guest.supervisor.arch import AARCH64, NEWER_CALLS, X86_64, Arch
from dockernb.engines.embedded.guest.supervisor.filter import (
    ALLOW,
    ENOSYS,
    EPERM,
    NOTIFY,
    build_filter,
)

AUDIT_ARCH_I386, AUDIT_ARCH_ARM = 0x40000003, 0x40000028
ARCHES = pytest.mark.parametrize("arch", [X86_64, AARCH64], ids=lambda arch: arch.machine)


def verdict(program: bytes, audit: int, number: int, *args: int) -> int:
    """What the kernel would do with this call."""
    words = [*args, *[0] * (6 - len(args))]
    data = struct.pack("=iIQ6Q", number, audit, 0, *words)
    instructions = list(struct.iter_unpack("=HBBI", program))
    accumulator, at = 0, 0
    for _ in range(len(instructions)):
        code, yes, no, value = instructions[at]
        at += 1
        if code == 0x20:
            accumulator = struct.unpack_from("=I", data, value)[0]
        elif code == 0x15:
            at += yes if accumulator == value else no
        elif code == 0x35:
            at += yes if accumulator >= value else no
        else:
            assert code == 0x06
            return value
    raise AssertionError("the program does not end")


@ARCHES
def test_root_is_denied_what_reaches_the_host(arch: Arch) -> None:
    program = denying_program(arch)
    denied = {number for number in range(500) if verdict(program, arch.audit, number) == EPERM}
    assert len(denied) >= 25
    assert not denied & set(arch.calls.values())
    assert verdict(program, AUDIT_ARCH_I386, min(denied)) == ALLOW


@ARCHES
@pytest.mark.parametrize("served", [False, True])
def test_calls_with_a_handler_are_sent(arch: Arch, served: bool) -> None:
    program = build_filter(arch, served=served)
    left_alone = {"capget", "chroot", "clone3", "exit", "exit_group"}
    left_alone |= set() if served else {"readlink", "readlinkat"}
    for name, number in arch.calls.items():
        expected = ALLOW if name in left_alone else NOTIFY
        assert verdict(program, arch.audit, number) == expected, name


@ARCHES
def test_calls_that_proot_does_not_translate_do_not_exist(arch: Arch) -> None:
    program = build_filter(arch, served=False, translated=True)
    unknown = {"statx", "faccessat2", "execveat", "renameat2"}
    for name, number in arch.calls.items():
        expected = ENOSYS if name in unknown else NOTIFY
        expected = ALLOW if name in {"readlink", "readlinkat"} else expected
        assert verdict(program, arch.audit, number) == expected, name


@ARCHES
def test_all_other_calls_are_left_to_the_kernel(arch: Arch) -> None:
    program = build_filter(arch, served=True)
    limits = {number for number, _ in arch.limit_calls.values()}
    others = set(range(500)) - set(arch.calls.values()) - set(NEWER_CALLS) - limits
    assert {verdict(program, arch.audit, number) for number in others} == {ALLOW}


@ARCHES
def test_calls_that_lead_around_the_supervisor_do_not_exist(arch: Arch) -> None:
    program = build_filter(arch, served=False)
    assert {verdict(program, arch.audit, number) for number in NEWER_CALLS} == {ENOSYS}


@ARCHES
def test_limits_are_sent_only_for_the_one_that_holds_the_ids(arch: Arch) -> None:
    program = build_filter(arch, served=False)
    for number, register in arch.limit_calls.values():
        before = [0] * register
        assert verdict(program, arch.audit, number, *before, 10) == NOTIFY
        assert verdict(program, arch.audit, number, *before, 10 | 1 << 32) == NOTIFY
        assert verdict(program, arch.audit, number, *before, 7) == ALLOW


@pytest.mark.parametrize(("arch", "other"), [(X86_64, AUDIT_ARCH_I386), (AARCH64, AUDIT_ARCH_ARM)])
def test_programs_of_the_32_bit_architecture_run_unsupervised(arch: Arch, other: int) -> None:
    program = build_filter(arch, served=True)
    assert {verdict(program, other, number) for number in range(500)} == {ALLOW}


def test_x32_calls_do_not_exist() -> None:
    program = build_filter(X86_64, served=True)
    assert verdict(program, X86_64.audit, 0x40000000 | 2) == ENOSYS


def test_negative_number_does_not_reach_a_handler() -> None:
    assert verdict(build_filter(X86_64, served=True), X86_64.audit, -1) == ENOSYS
    assert verdict(build_filter(AARCH64, served=True), AARCH64.audit, -1) == ALLOW


def test_both_architectures_know_the_same_modern_calls() -> None:
    old = {
        "open", "stat", "lstat", "access", "rename", "mkdir", "rmdir", "creat", "link", "unlink",
        "symlink", "readlink", "chmod", "chown", "lchown", "mknod",
    }  # fmt: skip
    assert set(X86_64.calls) - set(AARCH64.calls) == old
    assert set(AARCH64.calls) <= set(X86_64.calls)
