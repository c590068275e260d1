"""A Debian tree with what the battery's commands need, and the commands."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.functional.embedded.bench import Bench
from tests.testbed import Layout

PACKAGES = "python3 python3-venv sudo gcc libc6-dev make sqlite3 libcap2-bin procps hostname attr"


def battery_tar(layout: Layout) -> Path:
    """Debian with the packages; made once, by a guest on rung 1 of our own."""
    tar, base = layout.images / "guest-battery.tar", layout.images / "bookworm-slim.tar"
    if tar.exists() or not base.exists():
        return tar
    with tempfile.TemporaryDirectory(dir=layout.images) as work:
        tree = Path(work, "tree")
        tree.mkdir()
        subprocess.run(["tar", "-xpf", base, "-C", tree], check=True)
        bench = Bench(1, Path(work, "bench"), tree).setup()
        install = f"apt-get update && apt-get install -y --no-install-recommends {PACKAGES}"
        # A bind mount keeps the changes in the tree itself.
        ended = _in_place(bench, tree, install)
        assert ended == 0
        partial = tar.with_name(tar.name + ".partial")
        excluded = [f"--exclude=./{name}" for name in ("dev/*", "var/lib/apt/lists/*")]
        subprocess.run(
            ["tar", "--numeric-owner", "--xattrs", *excluded, "-C", tree, "-cf", partial, "."],
            check=True,
        )
        partial.rename(tar)
        shutil.rmtree(tree, ignore_errors=True)
    return tar


def _in_place(bench: Bench, tree: Path, command: str) -> int | None:
    bench.folder.joinpath("root").rmdir()
    bench.folder.joinpath("root").symlink_to(tree)
    bench = Bench(5, bench.folder, tree)
    return bench.run(command).exit_code


#: Starts three programs; none asks for memory before all of them have begun.
STARTER = """\
#define _GNU_SOURCE
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
extern char **environ;
int main(int count, char **words) {
  char byte, *again[] = {words[0], "child", 0};
  int pipes[2], status, bad = 0;
  if (count > 1) { read(0, &byte, 1); memset(malloc(99), 1, 99); return 0; }
  pipe2(pipes, O_CLOEXEC); dup2(pipes[0], 0);
  for (int n = 0; n < 3; n++) posix_spawn(&(pid_t){0}, words[0], 0, 0, again, environ);
  close(pipes[1]);
  while (wait(&status) > 0) bad += status != 0;
  return bad;
}
"""


@dataclass(frozen=True)
class Check:
    """A claim: the command gives this exit code, and its last output lines are these."""

    name: str
    command: str
    output: str = ""
    code: int = 0


CHECKS = (
    Check("root_is_root", "whoami; id -u", "root|0"),
    Check("useradd_makes_a_user_with_a_home", "useradd -m -s /bin/sh bob && id bob && "
          "stat -c %U:%G /home/bob", "uid=1000(bob) gid=1000(bob) groups=1000(bob)|bob:bob"),
    Check("useradd_keeps_the_group_of_shadow", "stat -c %u:%g:%a /etc/shadow", "0:42:640"),
    Check("groupadd_makes_a_group", "groupadd grp1 && getent group grp1", "grp1:x:1001:"),
    Check("chown_by_name", "touch /tmp/f && chown bob:grp1 /tmp/f && stat -c %U:%G /tmp/f",
          "bob:grp1"),
    Check("chown_by_number", "touch /tmp/g && chown 33:33 /tmp/g && stat -c %u:%g /tmp/g",
          "33:33"),
    Check("chown_recursively", "mkdir -p /srv/a/b && touch /srv/a/b/c && chown -R bob /srv/a && "
          "stat -c %U /srv/a/b/c", "bob"),
    Check("chown_clears_set_id_bits", "cp /bin/true /tmp/s; chmod 6755 /tmp/s; "
          "chown bob /tmp/s; stat -c %a /tmp/s", "755"),
    Check("chown_of_a_link_is_the_links", "ln -s f /tmp/l; chown -h 5:6 /tmp/l; "
          "stat -c %u:%g /tmp/l; mv /tmp/l /tmp/l2; stat -c %u:%g /tmp/l2", "5:6|5:6"),
    Check("su_becomes_the_user", "su bob -c 'id -un; touch /home/bob/x; "
          "stat -c %U:%G:%a /home/bob/x'", "bob|bob:bob:644"),
    Check("a_users_folders_and_links_are_its_own", "su bob -c 'cd; mkdir -p d/e; ln -s x l; "
          "umask 077; mkdir p; stat -c %U:%a d/e p; stat -c %U l'", "bob:755|bob:700|bob"),
    Check("a_user_may_not_read_shadow", "su bob -c 'cat /etc/shadow'",
          "cat: /etc/shadow: Permission denied", 1),
    Check("a_user_may_not_write_to_roots_folders", "su bob -c 'touch /etc/mine'",
          "touch: cannot touch '/etc/mine': Permission denied", 1),
    Check("a_user_may_not_look_into_roots_home", "su bob -c 'ls /root'",
          "ls: cannot open directory '/root': Permission denied", 2),
    Check("a_user_may_not_chown", "su bob -c 'chown root /home/bob/x'",
          "chown: changing ownership of '/home/bob/x': Operation not permitted", 1),
    Check("a_user_may_not_remove_anothers_file_in_tmp", "su bob -c 'rm -f /tmp/g'",
          "rm: cannot remove '/tmp/g': Operation not permitted", 1),
    Check("a_user_may_not_become_root_again",
          "su bob -c 'python3 -c \"import os; os.setuid(0)\" 2>&1 | tail -1'",
          "PermissionError: [Errno 1] Operation not permitted"),
    Check("a_user_with_setuid_program_is_root", "cp /usr/bin/id /tmp/id; chmod 4755 /tmp/id; "
          "su bob -c '/tmp/id -u; /tmp/id -ru'", "0|1000"),
    Check("su_from_a_user_asks_for_a_password", "su bob -c 'su -c id < /dev/null' 2>&1 | tail -1",
          "Password: su: Authentication failure"),
    Check("sudo_without_rights_is_refused", "su bob -c 'sudo -n id' 2>&1 | tail -1",
          "sudo: a password is required"),
    Check("sudo_with_rights_is_root", "echo 'bob ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/bob; "
          "su bob -c 'sudo -n id -u'", "0"),
    Check("sudo_becomes_the_user", "sudo -n -u bob id -un", "bob"),
    Check("setpriv_sets_ids", "setpriv --reuid=1000 --regid=1000 --clear-groups id",
          "uid=1000(bob) gid=1000(bob) groups=1000(bob)"),
    Check("python_sets_ids", "python3 -c 'import os; os.setgid(33); os.setuid(33); "
          "print(os.getuid(), os.getgid(), os.getresuid())'", "33 33 (33, 33, 33)"),
    Check("a_daemon_keeps_its_user", "su bob -c '(sleep 0.2; touch /tmp/of-daemon) &'; sleep 1; "
          "stat -c %U /tmp/of-daemon", "bob"),
    Check("mknod_makes_a_device", "mknod /tmp/nod c 1 3 && stat -c '%F %t:%T' /tmp/nod",
          "character special file 1:3"),
    Check("mkfifo_makes_a_pipe", "mkfifo /tmp/ff && stat -c %F /tmp/ff", "fifo"),
    Check("dev_null_is_a_device", "echo hi > /dev/null; cat /dev/null | wc -c; stat -c '%F %U' "
          "/dev/null", "0|character special file root"),
    Check("random_bytes", "head -c 8 /dev/urandom | wc -c", "8"),
    Check("proc_self_is_the_process", "cat /proc/self/comm; readlink /proc/self/exe",
          "cat|/usr/bin/readlink"),
    Check("process_substitution", 'bash -c "cat <(echo procsubst)"', "procsubst"),
    Check("dev_stdout", "echo x > /dev/stdout; stat -c %F /dev/fd", "x|symbolic link"),
    Check("mtab_leads_to_proc", "ln -sf /proc/mounts /etc/mtab; grep -c . /etc/mtab > /tmp/n; "
          "test $(cat /tmp/n) -gt 0; echo $?", "0"),
    Check("a_terminal_can_be_made", "python3 -c 'import os; m, s = os.openpty(); "
          "print(os.ttyname(s)[:9], os.isatty(s))'", "/dev/pts/ True"),
    Check("shared_memory", "python3 -c 'from multiprocessing import shared_memory as s; "
          "m = s.SharedMemory(create=True, size=10); m.unlink(); print(\"ok\")'", "ok"),
    Check("sqlite_locks", 'sqlite3 /tmp/t.db "create table a(b); insert into a values(1); '
          'select * from a; pragma journal_mode=wal;"', "1|wal"),
    Check("venv", 'python3 -m venv --without-pip /tmp/v && /tmp/v/bin/python -c "print(1)"', "1"),
    Check("hard_links", "cp /etc/passwd /tmp/p; ln /tmp/p /tmp/hl && stat -c %h /tmp/hl", "2"),
    Check("rename_of_a_folder", "mkdir /tmp/d1 && mv /tmp/d1 /tmp/d2 && ls -d /tmp/d2", "/tmp/d2"),
    Check("absolute_link_inside_the_root", "echo in > /tmp/abs; ln -s /tmp/abs /tmp/sl; "
          "cd /tmp; cat sl; stat -L -c %s sl; readlink -f /tmp/sl", "in|3|/tmp/abs"),
    Check("chroot_in_the_guest", "chroot / /bin/true; echo $?", "0"),
    Check("set_id_bit_can_be_set", "cp /bin/true /tmp/su1; chmod 4755 /tmp/su1; "
          "stat -c %a /tmp/su1", "4755"),
    Check("root_writes_to_a_closed_folder", "mkdir /tmp/lock && chmod 000 /tmp/lock && "
          "touch /tmp/lock/x && ls -A /tmp/lock; chmod 700 /tmp/lock", "x"),
    Check("tar_restores_owners", "cd /tmp && tar --owner=33 --group=33 -cf o.tar f && "
          "tar -xpf o.tar -C /srv && stat -c %u /srv/f", "33"),
    Check("cp_a_keeps_owners", "cp -a /tmp/f /srv/copy; stat -c %U:%G /srv/copy", "bob:grp1"),
    Check("cp_without_a_does_not", "cp --preserve=xattr /tmp/f /srv/plain; "
          "stat -c %U:%G /srv/plain; getfattr -d /tmp/f | grep -c dockernb; true",
          "root:root|0"),
    Check("install_sets_owner_and_mode", "install -o bob -g grp1 -m 640 /etc/passwd /srv/inst && "
          "stat -c '%U:%G %a' /srv/inst", "bob:grp1 640"),
    Check("set_group_folder_gives_its_group", "mkdir /srv/sg; chgrp grp1 /srv/sg; chmod 2777 "
          "/srv/sg; su bob -c 'touch /srv/sg/x; mkdir /srv/sg/d'; stat -c %U:%G:%a /srv/sg/x "
          "/srv/sg/d", "bob:grp1:644|bob:grp1:2755"),
    Check("user_attributes", "setfattr -n user.a -v 1 /tmp/f; getfattr --absolute-names "
          "--only-values -n user.a /tmp/f", "1"),
    Check("file_capabilities", "cp /bin/true /tmp/cap; setcap cap_net_raw+ep /tmp/cap; "
          "getcap /tmp/cap", "/tmp/cap cap_net_raw=ep"),
    Check("hostname", "hostname", "buildkitsandbox"),
    Check("mount_is_refused", "mkdir -p /tmp/m; mount -t tmpfs x /tmp/m 2>&1 | head -1",
          "mount: /tmp/m: permission denied."),
    Check("background_processes", "(sleep 0.2; echo bg > /tmp/bg) & sleep 0.5; cat /tmp/bg", "bg"),
    Check("exit_code", 'sh -c "exit 7"', code=7),
    Check("compiler", "cd /tmp && echo 'int main(){return 0;}' > a.c && gcc a.c -o a.out && "
          "./a.out && echo compiled", "compiled"),
    Check("make_with_jobs", "cd /tmp && printf 'all: a b c\\na b c:\\n\\t@sleep 0.01\\n' > "
          "Makefile && make -j3 && echo made", "made"),
    Check("programs_started_together_each_have_a_heap",
          f"cd /tmp && cat > b.c <<'END'\n{STARTER}END\ngcc -w b.c -o b.out && ./b.out && "
          "echo started", "started"),
    Check("ldconfig", "ldconfig && echo ok", "ok"),
    Check("umask", "umask; touch /tmp/um; stat -c %a /tmp/um", "0022|644"),
)  # fmt: skip


def battery_script() -> str:
    """A shell script that prints a line for each check: name, exit code, output's lines."""
    lines = []
    for check in CHECKS:
        quoted = check.command.replace("'", "'\\''")
        lines.append(f"out=$( (eval '{quoted}') 2>&1 ); code=$?")
        lines.append(f"printf '%s\\t%s\\t' {check.name} $code; echo \"$out\" | tr '\\n' '|'; echo")
    return "\n".join(lines)
