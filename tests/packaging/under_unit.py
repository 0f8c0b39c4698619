#!/usr/bin/env python3
"""under_unit.py UNIT PROGRAM [ARGUMENT...]: runs a program as UNIT's [Service] would have it run.

For machines where systemd is not the first process. What is put in place: the system call filter
(what it does not allow ends the program, so that a test sees it), RestrictAddressFamilies,
RestrictNamespaces, MemoryDenyWriteExecute, NoNewPrivileges, the limits, UMask; and as root also a
root that is read-only but for the folder behind --state.dir, /proc with processes only, and no
capability. The program's process id stays the same. A first line on stderr says what was done.
"""
import ctypes
import os
import platform
import re
import resource
import struct
import subprocess
import sys

LIBC = ctypes.CDLL(None, use_errno=True)
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, PR_CAPBSET_DROP = 38, 22, 24
CLONE_NEWNS = 0x20000
CLONE_NEW_ANY = 0x7E020080  # every CLONE_NEW* that clone() takes
MS_RDONLY, MS_NOSUID, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 1, 2, 32, 4096, 16384, 1 << 18
ALLOW, KILL, ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
EPERM, ENOSYS, EAFNOSUPPORT = 1, 38, 97
AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7, "armv7l": 0x40000028}
HEADERS = ["/usr/include/{}-linux-gnu/asm/unistd_64.h", "/usr/include/asm-generic/unistd.h"]


def read_unit(path):
    """{key: [values in order]} of [Service]; a later empty value clears the earlier ones."""
    section, values = "", {}
    for line in open(path, encoding="utf-8"):
        line = line.strip()
        if line.startswith("["):
            section = line
        elif section == "[Service]" and "=" in line and line[0] not in "#;":
            key, value = line.split("=", 1)
            values.setdefault(key, []).append(value)
    return values


def expand(name, seen):
    """The system calls of a group, groups in groups included."""
    if not name.startswith("@"):
        return {name}
    if name in seen:
        return set()
    seen.add(name)
    text = subprocess.run(["systemd-analyze", "syscall-filter", name], check=True,
                          capture_output=True, text=True).stdout
    calls = set()
    for line in text.splitlines()[1:]:
        word = line.strip()
        if word and not word.startswith("#"):
            calls |= expand(word, seen)
    return calls


def allowed_calls(unit):
    calls = set()
    for value in unit["SystemCallFilter"]:
        denies = value.startswith("~")
        for name in value.lstrip("~").split():
            calls = calls - expand(name, set()) if denies else calls | expand(name, set())
    # systemd always lets a program be started.
    return calls | expand("@default", set()) | {"execve"}


def call_numbers():
    for header in HEADERS:
        header = header.format(platform.machine())
        if os.path.exists(header):
            found = re.findall(r"#define __NR(?:3264)?_(\w+) (\d+)", open(header).read())
            return {name: int(number) for name, number in found}
    sys.exit("under_unit: no header tells the numbers of system calls here")


class Filter:
    """A seccomp program. Each rule ends in a verdict or falls through to the next."""

    def __init__(self, numbers):
        self.numbers = numbers
        self.code = []
        self.load(4)
        self.add(0x15, 1, 0, AUDIT_ARCH[platform.machine()])
        self.verdict(KILL)
        self.load(0)

    def add(self, code, if_true, if_false, value):
        self.code.append(struct.pack("HBBI", code, if_true, if_false, value))

    def load(self, offset):
        self.add(0x20, 0, 0, offset)

    def verdict(self, value):
        self.add(0x06, 0, 0, value)

    def rule(self, name, verdict):
        if name in self.numbers:
            self.add(0x15, 0, 1, self.numbers[name])
            self.verdict(verdict)

    def rule_on_argument(self, name, argument, mask, verdict, equals=None):
        """`verdict` when argument & mask is not 0, or is `equals`; the low 32 bits of it."""
        if name not in self.numbers:
            return
        self.add(0x15, 0, 5, self.numbers[name])
        self.load(16 + 8 * argument)
        self.add(0x54, 0, 0, mask)
        if equals is None:
            self.add(0x15, 1, 0, 0)
        else:
            self.add(0x15, 0, 1, equals)
        self.verdict(verdict)
        self.load(0)

    def install(self):
        code = b"".join(self.code)
        buffer = ctypes.create_string_buffer(code)
        program = struct.pack("HxxxxxxP", len(self.code), ctypes.addressof(buffer))
        check(LIBC.prctl(PR_SET_SECCOMP, 2, program, 0, 0), "seccomp")


def check(result, what):
    if result != 0:
        sys.exit(f"under_unit: {what}: {os.strerror(ctypes.get_errno())}")


def install_filter(unit):
    calls, numbers = allowed_calls(unit), call_numbers()
    program = Filter(numbers)
    if unit.get("RestrictNamespaces") == ["yes"]:
        program.rule_on_argument("clone", 0, CLONE_NEW_ANY, ERRNO | EPERM)
        program.rule("clone3", ERRNO | ENOSYS)  # its flags cannot be seen
        program.rule("unshare", ERRNO | EPERM)
        program.rule("setns", ERRNO | EPERM)
    if unit.get("MemoryDenyWriteExecute") == ["yes"]:
        program.rule_on_argument("mmap", 2, 6, ERRNO | EPERM, equals=6)
        program.rule_on_argument("mprotect", 2, 4, ERRNO | EPERM)
        program.rule_on_argument("pkey_mprotect", 2, 4, ERRNO | EPERM)
    families = {"AF_UNIX": 1, "AF_INET": 2, "AF_INET6": 10}
    allowed = {families[name] for name in unit["RestrictAddressFamilies"][0].split()}
    for family in set(range(64)) - allowed:
        program.rule_on_argument("socket", 0, 0xFFFFFFFF, ERRNO | EAFNOSUPPORT, equals=family)
    known = sorted(name for name in calls if name in numbers)
    for name in known:
        program.rule(name, ALLOW)
    program.verdict(KILL)
    check(LIBC.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no new privileges")
    program.install()
    return len(known)


def mount(source, target, kind, flags, data=None):
    encode = lambda text: text.encode() if text is not None else None
    return LIBC.mount(encode(source), encode(target), encode(kind), ctypes.c_ulong(flags),
                      encode(data))


def close_the_root(writable):
    """Everything read-only but `writable`; /proc shows processes only. What could be done."""
    if os.geteuid() != 0 or LIBC.unshare(CLONE_NEWNS) != 0:
        return "the root as it is (not root)"
    check(mount(None, "/", None, MS_REC | MS_PRIVATE), "private mounts")
    if writable:
        os.makedirs(writable, mode=0o700, exist_ok=True)
        check(mount(writable, writable, None, MS_BIND), "the state folder's mount")
    for point in sorted({line.split()[4] for line in open("/proc/self/mountinfo")}):
        point = point.encode().decode("unicode_escape")
        if point != writable and not point.startswith(("/proc", "/sys", "/dev")):
            if mount(None, point, None, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID) != 0:
                sys.exit(f"under_unit: {point} stays writable: {os.strerror(ctypes.get_errno())}")
    done = "a read-only root"
    if mount("proc", "/proc", "proc", 0, "subset=pid,hidepid=invisible") == 0:
        done += ", processes only in /proc"
    for capability in range(64):
        LIBC.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)
    return done + ", no capability"


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    unit, command = read_unit(sys.argv[1]), sys.argv[2:]
    state = command[command.index("--state.dir") + 1] if "--state.dir" in command else None
    root = close_the_root(state)
    resource.setrlimit(resource.RLIMIT_CORE, (int(unit["LimitCORE"][0]),) * 2)
    resource.setrlimit(resource.RLIMIT_NOFILE, (int(unit["LimitNOFILE"][0]),) * 2)
    os.umask(int(unit["UMask"][0], 8))
    message = f"under_unit: %d system calls allowed, {root}\n"
    count = install_filter(unit)
    os.write(2, (message % count).encode())
    os.execv(command[0], command)


main()
