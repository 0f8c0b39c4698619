#!/usr/bin/env python3
"""Runs a command against a real broker with a websockets listener, a real node and a real dashboard.

usage: with_fleet.py FLYBALL FLYBALL_NODE COMMAND...

In COMMAND, {page} becomes the dashboard's address, {broker} the broker's tcp:// address, {ws} its
websockets address, {tool} FLYBALL and {node_pid} the node's process. Exits as the command does; what
was started ends by its pid. The node reports its health every second.
"""
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import time

PATIENCE_S = 20


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def await_port(port):
    end = time.monotonic() + PATIENCE_S
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            if time.monotonic() > end:
                sys.exit(f"with_fleet: nobody listens on {port}")
            time.sleep(0.02)


def start_broker(folder, tcp, websockets):
    config = folder / "mosquitto.conf"
    # socket_domain: without it the websockets listener would listen everywhere.
    config.write_text(
        ("user root\n" if os.geteuid() == 0 else "")
        + "persistence false\nallow_anonymous true\nset_tcp_nodelay true\n"
        + f"listener {tcp} 127.0.0.1\nlistener {websockets} 127.0.0.1\n"
        + "protocol websockets\nsocket_domain ipv4\n"
    )
    program = "/usr/sbin/mosquitto"
    program = program if os.access(program, os.X_OK) else "mosquitto"
    with open(folder / "broker.log", "w", encoding="utf-8") as log:
        broker = subprocess.Popen([program, "-c", config], stdout=log, stderr=log)
    await_port(tcp)
    return broker


def start_node(folder, program, tcp):
    config = folder / "node.toml"
    config.write_text('[health]\ninterval = "1s"\n')
    with open(folder / "node.log", "w", encoding="utf-8") as log:
        return subprocess.Popen(
            [program, "--config", config, "--region", "eu-west", "--node", "pi-7",
             "--mqtt.broker", f"tcp://127.0.0.1:{tcp}", "--state.dir", folder / "state"],
            stderr=log,
        )


def main():
    tool, node_program, *command = sys.argv[1:]
    tcp, websockets = free_port(), free_port()
    running = []
    with tempfile.TemporaryDirectory(prefix="flyball-dashboard-") as name:
        folder = pathlib.Path(name)
        try:
            running.append(start_broker(folder, tcp, websockets))
            node = start_node(folder, node_program, tcp)
            running.append(node)
            dashboard = subprocess.Popen(
                [tool, "dashboard", "--broker", f"ws://127.0.0.1:{websockets}"],
                stdout=subprocess.PIPE, text=True,
            )
            running.append(dashboard)
            line = dashboard.stdout.readline()
            if not line.startswith("dashboard at "):
                sys.exit("with_fleet: no dashboard")
            words = {
                "page": line.split()[-1], "broker": f"tcp://127.0.0.1:{tcp}",
                "ws": f"ws://127.0.0.1:{websockets}", "tool": tool, "node_pid": str(node.pid),
            }
            return subprocess.run([word.format(**words) for word in command], check=False).returncode
        finally:
            for process in reversed(running):
                process.send_signal(signal.SIGTERM)
                try:
                    process.wait(PATIENCE_S)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()


sys.exit(main())
