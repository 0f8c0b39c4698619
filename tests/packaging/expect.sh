# What the checks of packages share: counting what holds, waiting with a deadline, a broker of their
# own. Sourced by bash scripts.
# shellcheck shell=bash

checks=0 wrong=0
holds() { # MESSAGE COMMAND...
    local message=$1
    shift
    checks=$((checks + 1))
    if ! "$@" >/dev/null 2>&1; then
        echo "wrong: $message" >&2
        wrong=$((wrong + 1))
    fi
}
fails() { ! "$@"; }
# The last line of a check, and its exit status.
finish_checks() { # WHAT
    echo "$1: $checks checks, $wrong wrong"
    [[ $wrong == 0 ]]
}

patience_s=60  # whoever waits for programs under qemu, on a machine under load, sets more
until_true() { # COMMAND...
    local deadline=$((SECONDS + patience_s))
    until "$@" >/dev/null 2>&1; do
        if ((SECONDS > deadline)); then
            echo "gave up waiting for: $*" >&2
            return 1
        fi
        read -rt 0.1 <> <(:) || true
    done
}

listens() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
# Sets port and broker_pid; the broker's files are in the folder.
start_broker() { # FOLDER
    local mosquitto
    mosquitto=$(PATH=$PATH:/usr/sbin command -v mosquitto)
    for _ in 1 2 3 4 5; do
        port=$((20000 + RANDOM % 20000))
        listens "$port" && continue
        printf 'listener %s 127.0.0.1\nallow_anonymous true\nset_tcp_nodelay true\n%s\n' "$port" \
            'persistence false' >"$1/broker.conf"
        "$mosquitto" -c "$1/broker.conf" >"$1/broker.log" 2>&1 &
        broker_pid=$!
        until_true listens "$port"
        kill -0 "$broker_pid" 2>/dev/null && return
    done
    echo "no free port found for the broker" >&2
    return 1
}

# One line a request: what the reply has to have, then the words of `flyball ask NODE`. All five types,
# an op that changes and one that looks, an error, admit, a batch of repeated ids.
requests() {
    cat <<'TEXT'
"used":3,.*"remaining":9997|quota/main tenant=acme hits=3 id=q-1
"replayed":true|quota/main tenant=acme hits=3 id=q-1
"remaining":"?9223372036854775804|quota/main set_limit tenant=big limit=9223372036854775804 --admin
"balance":"?9223372036854775000|billing/main topup tenant=big amount=9223372036854775000 id=b-0 --admin
"balance":1000|billing/main topup tenant=acme amount=1000 id=b-1 --admin
"balance":749,.*"currency":"USD"|billing/main charge tenant=acme amount=251 id=b-2
"reason":"insufficient_credit".*"short_by":251|billing/main charge tenant=acme amount=1000 id=b-3
"tier":"pro"|entitlement/main set_tier tenant=acme tier=pro --admin
"value":25,"source":"tier"|entitlement/main tenant=acme feature=seats
"reason":"not_entitled"|entitlement/main tenant=other feature=export
"audit":{"seq":1,"hash":"[0-9a-f]{64}"}|compliance/main tenant=acme action=store
"state":"trialing".*"days_left":7|subscription/main start tenant=acme --admin
"decision":"allow"|subscription/main tenant=acme
"quota":{.*"used":5|admit tenant=acme quota.hits=2 billing.amount=9 entitlement.feature=export subscription={} compliance.action=store id=a-1
"balance":740|billing/main get tenant=acme
"reason":"unknown_op".*"supported"|quota/main nonsense tenant=acme
"governors":\[|control list
TEXT
}
# Each of them, and what came instead when something else did.
ask_all() { # NODE TOOL...
    local node=$1 expected words reply
    shift
    while IFS='|' read -r expected words; do
        # The words are the tool's arguments.
        # shellcheck disable=SC2086
        reply=$("$@" ask "$node" $words --json </dev/null 2>&1) || true
        checks=$((checks + 1))
        if ! grep -qE "$expected" <<<"$reply"; then
            echo "wrong: ask $words: expected $expected: $reply" >&2
            wrong=$((wrong + 1))
        fi
    done < <(requests)
}
