#!/usr/bin/env bash
# A quota check with Mosquitto's command line clients, once in JSON and once in msgpack.
#   ./quota.sh tcp://localhost:1883 eu-west/pi-7
# MQTT 5: the reply comes to our Response Topic and carries our Correlation Data.
set -euo pipefail

if [[ $# != 2 ]]; then
    echo "usage: quota.sh BROKER REGION/NODE" >&2
    exit 64
fi
address=${1#*://}
broker=(-h "${address%:*}" -p "${address##*:}" -V mqttv5)
request_topic=flyball/v1/$2/quota/main/request
reply_topic=clients/shell-$$
subscriber=""
trap '[[ -z $subscriber ]] || kill "$subscriber" 2>/dev/null || true' EXIT

# ask FORMAT CONTENT_TYPE < PAYLOAD: prints the reply in mosquitto_sub's output FORMAT.
ask() {
    local format=$1 content_type=$2 correlation line=""
    correlation=$RANDOM$RANDOM
    # Listen first, then ask: -d says when the broker has taken the subscription.
    exec 3< <(exec stdbuf -oL mosquitto_sub "${broker[@]}" -d -t "$reply_topic" -q 1 -C 1 -W 5 \
        -F "reply %D $format")
    subscriber=$!
    while [[ $line != Subscribed* ]]; do
        read -r line <&3 || { echo "no broker at $address" >&2 && return 69; }
    done
    mosquitto_pub "${broker[@]}" -t "$request_topic" -q 1 -s \
        -D publish response-topic "$reply_topic" \
        -D publish correlation-data "$correlation" \
        -D publish content-type "$content_type"
    while [[ $line != reply* ]]; do
        read -r line <&3 || { echo "no reply in time" >&2 && return 69; }
    done
    subscriber=""
    [[ $line == *"$correlation"* ]] || { echo "not our reply: $line" >&2 && return 70; }
    echo "${line##* }"
}

json=$(printf '{"tenant":"acme","id":"json-%s","hits":1}' "$$" | ask '%p' application/json)
echo "application/json: $json"
[[ $json == *'"allowed":true'* ]]

# {"tenant":"acme","hits":1} in msgpack: a map of two, strings of 6, 4 and 4 bytes, the integer 1.
hex=$(printf '\x82\xa6tenant\xa4acme\xa4hits\x01' | ask '%x' application/vnd.msgpack)
echo "application/vnd.msgpack: $hex"
allowed_true=a7616c6c6f776564c3 # the key of seven bytes, "allowed", and true
[[ $hex == *$allowed_true* ]]
