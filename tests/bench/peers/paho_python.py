#!/usr/bin/python3
"""A quota check with Paho for Python and msgpack: a token bucket a tenant, exact in integers.

usage: paho_python.py PORT TOPIC LIMIT WINDOW_MS CHECKED_TENANT CHECKED_LIMIT
"""
import platform
import socket
import sys
import time

import msgpack
import paho.mqtt
import paho.mqtt.client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties


class Bucket:
    """Holds `limit` tokens and refills them in `window_ms`; a token is `window_ms` units."""

    __slots__ = ("limit", "full", "units", "at_ms")

    def __init__(self, limit, window_ms, now_ms):
        self.limit = limit
        self.full = self.units = limit * window_ms
        self.at_ms = now_ms

    def take(self, hits, window_ms, now_ms):
        self.units = min(self.full, self.units + (now_ms - self.at_ms) * self.limit)
        self.at_ms = now_ms
        allowed = hits * window_ms <= self.units
        if allowed:
            self.units -= hits * window_ms
        return allowed, self.units // window_ms


def versions():
    of_msgpack = ".".join(map(str, msgpack.version))
    return (
        f"Python {platform.python_version()}, paho-mqtt {paho.mqtt.__version__}, "
        f"msgpack {of_msgpack}"
    )


def main():
    if sys.argv[1:] == ["--version"]:
        print(versions())
        return
    port, topic, limit, window, checked_tenant, checked_limit = sys.argv[1:]
    limit, window_ms, checked_limit = int(limit), int(window), int(checked_limit)
    buckets = {}
    pack = msgpack.Packer().pack

    def on_message(client, _userdata, message):
        request = msgpack.unpackb(message.payload)
        tenant = request["tenant"]
        now_ms = time.monotonic_ns() // 1_000_000
        bucket = buckets.get(tenant)
        if bucket is None:
            of_tenant = checked_limit if tenant == checked_tenant else limit
            bucket = buckets[tenant] = Bucket(of_tenant, window_ms, now_ms)
        allowed, remaining = bucket.take(request.get("hits", 1), window_ms, now_ms)
        properties = Properties(PacketTypes.PUBLISH)
        properties.CorrelationData = message.properties.CorrelationData
        reply = {
            "id": request["id"],
            "decision": "allow" if allowed else "deny",
            "remaining": remaining,
        }
        client.publish(message.properties.ResponseTopic, pack(reply), properties=properties)

    client = mqtt.Client("peer", protocol=mqtt.MQTTv5)
    client.on_socket_open = lambda _client, _userdata, opened: opened.setsockopt(
        socket.IPPROTO_TCP, socket.TCP_NODELAY, 1
    )
    client.on_connect = lambda *_: client.subscribe(topic, 1)
    client.on_message = on_message
    client.max_queued_messages_set(0)
    client.connect("127.0.0.1", int(port))
    client.loop_forever()


main()
