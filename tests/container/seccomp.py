#!/usr/bin/python3
"""seccomp.py command...: refuse what Docker's default profile refuses.

What Docker 20.10 to 24 leave out of their list of allowed calls, as far as a
service could ask for it, gets EPERM; clone3 gets ENOSYS, so that libraries
fall back to clone. Everything else is allowed: this is not the profile, but
whoever runs under it does not trip over the profile.
"""
import ctypes
import errno
import os
import sys

ALLOW = 0x7FFF0000
ERRNO = 0x00050000
NO_NEW_PRIVS = 3  # an attribute: set no_new_privs?
REFUSED = """
    landlock_create_ruleset landlock_add_rule landlock_restrict_self
    mount umount2 pivot_root unshare setns move_mount open_tree fsopen
    fsconfig fsmount bpf perf_event_open keyctl add_key request_key kcmp
    process_vm_readv process_vm_writev ptrace userfaultfd io_uring_setup
    io_uring_enter io_uring_register open_by_handle_at quotactl reboot
    swapon swapoff kexec_load init_module finit_module delete_module
    settimeofday clock_settime clock_adjtime personality lookup_dcookie
    nfsservctl syslog vhangup acct mbind set_mempolicy move_pages
""".split()


def main():
    lib = ctypes.CDLL("libseccomp.so.2")
    lib.seccomp_init.restype = ctypes.c_void_p
    handle = ctypes.c_void_p(lib.seccomp_init(ALLOW))
    lib.seccomp_attr_set(handle, NO_NEW_PRIVS, 0)
    rules = [(name, errno.EPERM) for name in REFUSED]
    rules.append(("clone3", errno.ENOSYS))
    for name, error in rules:
        number = lib.seccomp_syscall_resolve_name(name.encode())
        if number < 0:
            continue
        if lib.seccomp_rule_add_array(handle, ERRNO | error, number, 0, None):
            sys.exit("seccomp refuses a rule for " + name)
    if lib.seccomp_load(handle):
        sys.exit("seccomp does not load")
    os.execvp(sys.argv[1], sys.argv[1:])


main()
