#!/usr/bin/python3
"""Runs a command beside a real Mosquitto and a real node, and ends with its exit status.

    with_node.py FLYBALL_NODE COMMAND...

In COMMAND, {broker} and {node} stand for the broker's URL and region/node. Everything listens on
loopback only and is stopped at the end, also when the command fails.
"""
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile

NODE = "eu-west/pi-7"
READY_S = 20
COMMAND_S = 60


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start(children, command, **options):
    # A child does not outlive us, also when the test runner kills us.
    child = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", "--", *command], **options)
    children.append(child)
    return child


def start_broker(children, folder):
    broker = shutil.which("mosquitto", path=os.environ["PATH"] + ":/usr/sbin")
    for _ in range(5):  # another process may take the port between the look and the bind
        port = free_port()
        config = os.path.join(folder, "mosquitto.conf")
        with open(config, "w", encoding="utf-8") as out:
            out.write(f"listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\n"
                      "set_tcp_nodelay true\nmax_queued_messages 0\nmax_inflight_messages 0\n")
        process = start(children, [broker, "-c", config], stderr=subprocess.DEVNULL)
        if broker_answers(process, port):
            return port
    raise RuntimeError("mosquitto does not start")


def broker_answers(process, port):
    probe = ["mosquitto_sub", "-h", "127.0.0.1", "-p", str(port), "-t", "$SYS/broker/version",
             "-C", "1", "-W", "2"]
    while process.poll() is None:
        if subprocess.run(probe, capture_output=True, check=False).returncode == 0:
            return True
    return False


def wait_until_online(node, port):
    watch = ["mosquitto_sub", "-h", "127.0.0.1", "-p", str(port), "-q", "1",
             "-t", f"flyball/v1/{NODE}/health", "-W", str(READY_S)]
    with subprocess.Popen(watch, stdout=subprocess.PIPE, text=True) as reports:
        try:
            for line in reports.stdout:
                if json.loads(line)["status"] == "online":
                    return
        finally:
            reports.terminate()
    raise RuntimeError(f"the node is not online after {READY_S} s (exit: {node.poll()})")


def stop(children):
    for child in reversed(children):
        if child.poll() is None:
            child.send_signal(signal.SIGTERM)
            try:
                child.wait(timeout=10)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()


def main():
    if len(sys.argv) < 3:
        print(__doc__, file=sys.stderr)
        return 64
    binary, command = sys.argv[1], sys.argv[2:]
    children = []
    with tempfile.TemporaryDirectory(prefix="flyball-e2e-") as folder:
        try:
            port = start_broker(children, folder)
            region, name = NODE.split("/")
            broker = f"tcp://127.0.0.1:{port}"
            node = start(children, [binary, "--mqtt.broker", broker, "--region", region,
                                    "--node", name, "--state.dir", os.path.join(folder, "state")])
            wait_until_online(node, port)
            words = [word.replace("{broker}", broker).replace("{node}", NODE) for word in command]
            status = subprocess.run(words, check=False, timeout=COMMAND_S).returncode
            if node.poll() is not None:
                print(f"the node ended by itself: {node.returncode}", file=sys.stderr)
                return 70
            node.send_signal(signal.SIGTERM)
            if node.wait(timeout=10) != 0:
                print(f"the node's exit status is {node.returncode}, 0 expected", file=sys.stderr)
                return 70
            return status
        except (RuntimeError, subprocess.TimeoutExpired) as error:
            print(error, file=sys.stderr)
            return 70
        finally:
            stop(children)


if __name__ == "__main__":
    sys.exit(main())
