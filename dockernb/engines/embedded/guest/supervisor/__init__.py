"""The supervisor: answers a guest's system calls where a user namespace alone would be seen.

A seccomp filter sends the calls listed in `arch` to a descriptor (seccomp_unotify(2)); for each of
them the supervisor either gives the answer itself or lets the kernel go on. It keeps the ids that
guests believe they have (`ids`), the owners of files (`owners`), and, where nothing can be mounted,
serves /dev and /proc (`served`). It is a play for honest programs, not a wall against malice: a
guest has all rights of the user outside, and no more.
"""
