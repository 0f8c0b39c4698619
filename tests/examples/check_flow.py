#!/usr/bin/python3
"""check_flow.py FILE: whether a Node-RED export holds together: ids, wires, broker, topics."""
import json
import sys


def faults(flow):
    nodes = {node["id"]: node for node in flow}
    if len(nodes) != len(flow):
        yield "an id is used twice"
    for node in flow:
        for target in (wire for output in node.get("wires", []) for wire in output):
            if target not in nodes:
                yield f"{node['id']} is wired to {target}, which is not there"
        if "z" in node and nodes.get(node["z"], {}).get("type") != "tab":
            yield f"{node['id']} is on no tab"
        if node["type"] in ("mqtt in", "mqtt out"):
            if nodes.get(node["broker"], {}).get("type") != "mqtt-broker":
                yield f"{node['id']} has no broker"
    listens = {node["topic"] for node in flow if node["type"] == "mqtt in"}
    asks = " ".join(node["func"] for node in flow if node["type"] == "function")
    if not any(f"responseTopic = '{topic}'" in asks for topic in listens):
        yield "replies go to a topic that nobody listens on"


def main():
    with open(sys.argv[1], encoding="utf-8") as flow:
        found = list(faults(json.load(flow)))
    for fault in found:
        print(f"{sys.argv[1]}: {fault}", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
