#!/usr/bin/python3
"""A quota check with paho-mqtt, once in JSON and once in msgpack.

    ./quota.py tcp://localhost:1883 eu-west/pi-7

Debian: apt install python3-paho-mqtt python3-msgpack (paho-mqtt 1.6).
MQTT 5: the reply comes to our Response Topic and carries our Correlation Data.
"""
import json
import queue
import sys
import urllib.parse
import uuid

import msgpack
import paho.mqtt.client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

CODECS = {
    "application/json": (lambda value: json.dumps(value).encode(), json.loads),
    "application/vnd.msgpack": (msgpack.packb, msgpack.unpackb),
}
TIMEOUT_S = 5


class Asker:
    """One connection; one question at a time."""

    def __init__(self, broker, node):
        self._request_topic = f"flyball/v1/{node}/quota/main/request"
        self._replies = queue.Queue()
        self._ready = queue.Queue()
        name = f"example-{uuid.uuid4().hex[:12]}"
        self._reply_topic = f"clients/{name}"
        self._client = mqtt.Client(name, protocol=mqtt.MQTTv5)
        self._client.on_connect = lambda client, *_: client.subscribe(self._reply_topic, qos=1)
        self._client.on_subscribe = lambda *_: self._ready.put(True)
        self._client.on_message = lambda client, data, message: self._replies.put(message)
        url = urllib.parse.urlsplit(broker)
        self._client.connect(url.hostname, url.port or 1883)
        self._client.loop_start()
        self._ready.get(timeout=TIMEOUT_S)

    def ask(self, content_type, request):
        encode, decode = CODECS[content_type]
        correlation = uuid.uuid4().bytes
        properties = Properties(PacketTypes.PUBLISH)
        properties.ResponseTopic = self._reply_topic
        properties.CorrelationData = correlation
        properties.ContentType = content_type
        properties.MessageExpiryInterval = TIMEOUT_S
        self._client.publish(self._request_topic, encode(request), qos=1, properties=properties)
        while True:
            message = self._replies.get(timeout=TIMEOUT_S)
            # Whatever answers an earlier question is not ours any more.
            if message.properties.CorrelationData == correlation:
                return decode(message.payload)

    def close(self):
        self._client.disconnect()
        self._client.loop_stop()


def main():
    if len(sys.argv) != 3:
        print("usage: quota.py BROKER REGION/NODE", file=sys.stderr)
        return 64
    try:
        asker = Asker(sys.argv[1], sys.argv[2])
    except (OSError, queue.Empty):
        print(f"no broker at {sys.argv[1]}", file=sys.stderr)
        return 69
    allowed = True
    try:
        for content_type in CODECS:
            # A lost reply is asked for again with the same id: it counts once.
            request = {"tenant": "acme", "id": uuid.uuid4().hex, "hits": 1}
            reply = asker.ask(content_type, request)
            print(f"{content_type}: {reply['decision']}, "
                  f"{reply.get('remaining')} of {reply.get('limit')} left")
            allowed = allowed and reply["allowed"]
    except queue.Empty:
        print("no reply in time; asking again with the same id is safe", file=sys.stderr)
        return 69
    finally:
        asker.close()
    return 0 if allowed else 1


if __name__ == "__main__":
    sys.exit(main())
