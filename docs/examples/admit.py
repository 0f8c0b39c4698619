#!/usr/bin/python3
"""One decision across governors with paho-mqtt: all or nothing, and once for each id.

    ./admit.py tcp://localhost:1883 eu-west/pi-7

Debian: apt install python3-paho-mqtt (paho-mqtt 1.6). MQTT 5, JSON.
"""
import json
import queue
import sys
import urllib.parse
import uuid

import paho.mqtt.client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

TIMEOUT_S = 5
ATTEMPTS = 3


class Asker:
    """One connection; one question at a time."""

    def __init__(self, broker):
        self._replies = queue.Queue()
        ready = queue.Queue()
        name = f"example-{uuid.uuid4().hex[:12]}"
        self._reply_topic = f"clients/{name}"
        self._client = mqtt.Client(name, protocol=mqtt.MQTTv5)
        self._client.on_connect = lambda client, *_: client.subscribe(self._reply_topic, qos=1)
        self._client.on_subscribe = lambda *_: ready.put(True)
        self._client.on_message = lambda client, data, message: self._replies.put(message)
        url = urllib.parse.urlsplit(broker)
        self._client.connect(url.hostname, url.port or 1883)
        self._client.loop_start()
        ready.get(timeout=TIMEOUT_S)

    def ask(self, topic, request):
        """Without a reply it asks again: the request's id makes that safe."""
        for _ in range(ATTEMPTS):
            properties = Properties(PacketTypes.PUBLISH)
            properties.ResponseTopic = self._reply_topic
            properties.CorrelationData = uuid.uuid4().bytes
            properties.MessageExpiryInterval = TIMEOUT_S
            self._client.publish(topic, json.dumps(request), qos=1, properties=properties)
            try:
                while True:
                    message = self._replies.get(timeout=TIMEOUT_S)
                    if message.properties.CorrelationData == properties.CorrelationData:
                        return json.loads(message.payload)
            except queue.Empty:
                continue
        raise TimeoutError(f"no reply on {topic}")

    def close(self):
        self._client.disconnect()
        self._client.loop_stop()


def export(feature):
    """May the tenant use this feature, and does it have a call left? Both or neither."""
    return {"tenant": "acme-admit", "id": uuid.uuid4().hex,
            "entitlement": {"feature": feature}, "quota": {"hits": 1}}


def told(reply):
    parts = {key: part["used"] for key, part in reply.items()
             if isinstance(part, dict) and "used" in part}
    return " ".join(str(word) for word in (
        reply["decision"], reply.get("reason", ""), f"by {reply['denied_by']}"
        if "denied_by" in reply else "", "(replayed)" if reply.get("replayed") else "", parts) if word)


def main():
    if len(sys.argv) != 3:
        print("usage: admit.py BROKER REGION/NODE", file=sys.stderr)
        return 64
    topic = f"flyball/v1/{sys.argv[2]}/admit/request"
    try:
        asker = Asker(sys.argv[1])
    except (OSError, queue.Empty):
        print(f"no broker at {sys.argv[1]}", file=sys.stderr)
        return 69
    try:
        request = export("basic")
        first = asker.ask(topic, request)
        again = asker.ask(topic, request)
        denied = asker.ask(topic, export("teleport"))
        after = asker.ask(topic, export("basic"))
    except TimeoutError as error:
        print(error, file=sys.stderr)
        return 69
    finally:
        asker.close()
    for line, reply in (("first", first), ("the same id", again), ("no such feature", denied),
                        ("another", after)):
        print(f"{line}: {told(reply)}")
    counted = after["quota"]["used"] - first["quota"]["used"] if after["allowed"] else None
    return 0 if first["allowed"] and again.get("replayed") and counted == 1 else 1


if __name__ == "__main__":
    sys.exit(main())
