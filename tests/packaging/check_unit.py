#!/usr/bin/env python3
"""check_unit.py FOLDER NODE: what can be seen of the units in FOLDER where systemd does not run.

That systemd finds nothing wrong with them when NODE is the program, that their exposure is at most
1.5 of 10, and that what they forbid is forbidden and what the node needs is not (under_unit.py).
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

EXPOSURE_MAX = 1.5
HERE = os.path.dirname(os.path.abspath(__file__))
# What a program prints that asks for things; and what it has to get.
QUESTIONS = """
import ctypes, mmap, os, socket
def asks(what, call):
    try:
        print(what, 'granted' if call() != -1 else 'refused')
    except OSError:
        print(what, 'refused')
adjtimex = ctypes.CDLL(None).adjtimex
asks('the clock', lambda: adjtimex(ctypes.create_string_buffer(512)))
asks('setting it', lambda: adjtimex(ctypes.create_string_buffer(bytes([1]), 512)))  # by 0
asks('its own memory', lambda: len(open('/proc/self/smaps_rollup').read()))
asks('a socket', lambda: socket.socket(socket.AF_INET6).close())
asks('netlink', lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW).close())
asks('code that it wrote', lambda: mmap.mmap(-1, 4096, prot=7).close())
asks('a namespace', lambda: ctypes.CDLL(None).unshare(0x10000000))
""".strip()
ANSWERS = {'the clock': 'granted', 'setting it': 'refused', 'its own memory': 'granted',
           'a socket': 'granted', 'netlink': 'refused', 'code that it wrote': 'refused',
           'a namespace': 'refused'}
AS_ROOT = """
asks('a file in the root', lambda: open('/flyball-was-here', 'w').close())
asks('the memory of the machine', lambda: open('/proc/meminfo').close())
"""


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


def verify(folder, node, wrong):
    with tempfile.TemporaryDirectory() as copies:
        units = []
        for name in sorted(os.listdir(folder)):
            if name.endswith(('.service', '.timer')):
                text = open(os.path.join(folder, name), encoding='utf-8').read()
                units.append(os.path.join(copies, name))
                with open(units[-1], 'w', encoding='utf-8') as copy:
                    copy.write(text.replace('/usr/bin/flyball-node', node))
        status, out, err = run('systemd-analyze', 'verify', '--man=no', *units)
        if status != 0 or err.strip():
            wrong.append(f'systemd-analyze verify: {out}{err}')
        return len(units)


def exposure(service, wrong):
    _, out, err = run('systemd-analyze', 'security', '--offline=true', '--no-pager', service)
    found = re.search(r'Overall exposure level for \S+: ([\d.]+)', out)
    if found is None:
        wrong.append(f'systemd-analyze security: {out}{err}')
        return 'unknown'
    if float(found.group(1)) > EXPOSURE_MAX:
        wrong.append(f'exposure is {found.group(1)}, {EXPOSURE_MAX} at most:\n{out}')
    return found.group(1)


def sandbox(service, wrong):
    as_root = os.geteuid() == 0
    questions = QUESTIONS + (AS_ROOT if as_root else '')
    _, out, err = run(sys.executable, os.path.join(HERE, 'under_unit.py'), service, sys.executable,
                      '-c', questions)
    answers = dict(line.rsplit(' ', 1) for line in out.splitlines())
    expected = dict(ANSWERS)
    if as_root:
        expected.update({'a file in the root': 'refused', 'the memory of the machine': 'refused'})
    for what, answer in expected.items():
        if answers.get(what) != answer:
            wrong.append(f'{what}: {answers.get(what)}, should be {answer}\n{err}')
    return err.splitlines()[0] if err else 'no sandbox'


def main():
    folder, node = sys.argv[1:]
    if shutil.which('systemd-analyze') is None:
        sys.exit('check_unit: no systemd-analyze; tools/install-packages test')
    service, wrong = os.path.join(folder, 'flyball-node.service'), []
    units = verify(folder, node, wrong)
    score = exposure(service, wrong)
    done = sandbox(service, wrong)
    print(f'{units} units, exposure {score} of 10 (at most {EXPOSURE_MAX}), {done}, '
          f'{len(ANSWERS)} questions: {len(wrong)} wrong')
    for message in wrong:
        print(message, file=sys.stderr)
    sys.exit(1 if wrong else 0)


main()
