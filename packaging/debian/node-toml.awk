# The keys of `flyball-node --help`, as comments in tables.

BEGIN {
    # What a default says in words is no value; these are.
    example["node"] = "\"pi-7\""
    example["mqtt.client_id"] = "\"flyball-eu-west-pi-7\""
    example["state.dir"] = "\"/var/lib/flyball\""
}
/^Keys / { keys = 1; next }
keys && /^[A-Z]/ { exit }
keys && /^  [a-z_.]+ = / {
    name = $1
    value = $0
    sub(/^  [a-z_.]+ = /, "", value)
    table = ""
    short = name
    if ((dot = index(name, "."))) {
        table = substr(name, 1, dot - 1)
        short = substr(name, dot + 1)
    }
    if (table != last) print "\n[" table "]"
    else if (count++) print ""
    last = table
    next
}
keys && /^      / {
    sub(/^ +/, "")
    print "# " $0
    next
}
keys && /^$/ && name != "" { finish() }
function finish() {
    if (value !~ /^(true|false|[0-9]+|".*"|\[.*\])$/) {
        if (!(name in example)) {
            print "node-toml: no example for " name " = " value > "/dev/stderr"
            failed = 1
            exit 1
        }
        print "# Default: " value "."
        value = example[name]
    }
    print "#" short " = " value
    name = ""
}
END {
    if (!failed && name != "") finish()
}
