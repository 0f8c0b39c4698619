# fish completion for flyball
# Made by `flyball completion fish`; a test compares the two.

# The words after the verb that are no options; an option's value counts as one.
function __flyball_places
    set -l words (commandline -opc)
    string match -v -- '-*' $words[3..-1]
end

function __flyball_at -a verb place more
    set -l words (commandline -opc)
    test (count $words) -ge 2; and test $words[2] = $verb
    and begin
        test (count (__flyball_places)) -eq $place
        or test -n "$more" -a (count (__flyball_places)) -gt $place
    end
end

function __flyball_ops
    set -l places (__flyball_places)
    switch $places[2]
        case 'entitlement/*'
            string split ' ' 'check get grant revoke clear set_tier suspend resume forget'
        case 'billing/*'
            string split ' ' 'check get charge hold capture release topup refund set_overage set_rate_limit suspend resume forget'
        case 'quota/*'
            string split ' ' 'check get release refund reset set_limit set forget'
        case 'compliance/*'
            string split ' ' 'check get report remediate forget'
        case 'subscription/*'
            string split ' ' 'check get start paid payment_failed pause resume cancel change_plan set_auto_renew forget'
        case 'control'
            string split ' ' 'list history add_governor remove_governor snapshot set_time reload trace profile drain fault'
    end
end

complete -c flyball -f
complete -c flyball -n __fish_use_subcommand -a ask -d 'Asks a governor and prints its reply.'
complete -c flyball -n __fish_use_subcommand -a watch -d 'Shows decisions and events as they pass, one line each.'
complete -c flyball -n __fish_use_subcommand -a health -d 'Shows the last health report of each node, or all of one.'
complete -c flyball -n __fish_use_subcommand -a trace -d 'Shows the microseconds that each request spends in each stage, as they pass.'
complete -c flyball -n __fish_use_subcommand -a profile -d 'Measures for a while which stages a node\'s time goes to, and prints a table.'
complete -c flyball -n __fish_use_subcommand -a state -d 'Looks at a node\'s journal and snapshots, off-line: changes nothing.'
complete -c flyball -n __fish_use_subcommand -a fleet -d 'Runs a whole fleet on this machine, and measures it.'
complete -c flyball -n __fish_use_subcommand -a completion -d 'Prints the completion file for a shell, or the nodes that have reported.'

complete -c flyball -n '__fish_seen_subcommand_from ask' -l admin -d 'send to the admin topic: for ops that change settings'
complete -c flyball -n '__fish_seen_subcommand_from ask' -l batch -r -F -d 'requests: a JSON array or one JSON map a line; - is stdin'
complete -c flyball -n '__fish_seen_subcommand_from ask' -l encoding -x -a 'msgpack json' -d 'of the request, and so of the reply'
complete -c flyball -n '__fish_seen_subcommand_from ask' -l id -x -d 'do this once: asked again with the same id, nothing is done twice; auto makes one'
complete -c flyball -n '__fish_seen_subcommand_from ask' -l tenant-topic -d 'ask as an application: on the tenant\'s topic'
complete -c flyball -n '__fish_seen_subcommand_from ask' -l dry-run -d 'the same answer, no effect'
complete -c flyball -n '__fish_seen_subcommand_from ask' -l brief -d 'only the short reply'
complete -c flyball -n '__fish_seen_subcommand_from ask' -l broker -x -d 'tcp:// mqtts:// ws:// or wss://host[:port]'
complete -c flyball -n '__fish_seen_subcommand_from ask' -l ca-file -r -F -d 'certificates that may sign the broker\'s'
complete -c flyball -n '__fish_seen_subcommand_from ask' -l cert-file -r -F -d 'our certificate'
complete -c flyball -n '__fish_seen_subcommand_from ask' -l key-file -r -F -d 'its private key'
complete -c flyball -n '__fish_seen_subcommand_from ask' -l username -x -d 'login at the broker'
complete -c flyball -n '__fish_seen_subcommand_from ask' -l password-file -r -F -d 'file with the login\'s password'
complete -c flyball -n '__fish_seen_subcommand_from ask' -l prefix -x -d 'what all topics begin with'
complete -c flyball -n '__fish_seen_subcommand_from ask' -l timeout -x -d 'how long to wait for the broker, and for an answer (5s)'
complete -c flyball -n '__fish_seen_subcommand_from ask' -l json -d 'data as JSON on stdout, messages on stderr'
complete -c flyball -n '__fish_seen_subcommand_from ask' -l help -d 'this text'
complete -c flyball -n '__flyball_at ask 0' -a '(flyball completion nodes --timeout 1s 2>/dev/null)'
complete -c flyball -n '__flyball_at ask 1' -a 'admit entitlement/main billing/main quota/main compliance/main subscription/main control'
complete -c flyball -n '__flyball_at ask 2' -a '(__flyball_ops)'

complete -c flyball -n '__fish_seen_subcommand_from watch' -l count -x -d 'stop after so many lines'
complete -c flyball -n '__fish_seen_subcommand_from watch' -l for -x -d 'stop after this time'
complete -c flyball -n '__fish_seen_subcommand_from watch' -l broker -x -d 'tcp:// mqtts:// ws:// or wss://host[:port]'
complete -c flyball -n '__fish_seen_subcommand_from watch' -l ca-file -r -F -d 'certificates that may sign the broker\'s'
complete -c flyball -n '__fish_seen_subcommand_from watch' -l cert-file -r -F -d 'our certificate'
complete -c flyball -n '__fish_seen_subcommand_from watch' -l key-file -r -F -d 'its private key'
complete -c flyball -n '__fish_seen_subcommand_from watch' -l username -x -d 'login at the broker'
complete -c flyball -n '__fish_seen_subcommand_from watch' -l password-file -r -F -d 'file with the login\'s password'
complete -c flyball -n '__fish_seen_subcommand_from watch' -l prefix -x -d 'what all topics begin with'
complete -c flyball -n '__fish_seen_subcommand_from watch' -l timeout -x -d 'how long to wait for the broker, and for an answer (5s)'
complete -c flyball -n '__fish_seen_subcommand_from watch' -l json -d 'data as JSON on stdout, messages on stderr'
complete -c flyball -n '__fish_seen_subcommand_from watch' -l help -d 'this text'
complete -c flyball -n '__flyball_at watch 0 more' -a '(flyball completion nodes --timeout 1s 2>/dev/null)'

complete -c flyball -n '__fish_seen_subcommand_from health' -l check -d 'exit with 1 unless every node is online'
complete -c flyball -n '__fish_seen_subcommand_from health' -l expect -r -F -d 'the nodes that have to be there, one a line'
complete -c flyball -n '__fish_seen_subcommand_from health' -l max-age -x -d 'older reports count as lost (3 intervals: 3m)'
complete -c flyball -n '__fish_seen_subcommand_from health' -l broker -x -d 'tcp:// mqtts:// ws:// or wss://host[:port]'
complete -c flyball -n '__fish_seen_subcommand_from health' -l ca-file -r -F -d 'certificates that may sign the broker\'s'
complete -c flyball -n '__fish_seen_subcommand_from health' -l cert-file -r -F -d 'our certificate'
complete -c flyball -n '__fish_seen_subcommand_from health' -l key-file -r -F -d 'its private key'
complete -c flyball -n '__fish_seen_subcommand_from health' -l username -x -d 'login at the broker'
complete -c flyball -n '__fish_seen_subcommand_from health' -l password-file -r -F -d 'file with the login\'s password'
complete -c flyball -n '__fish_seen_subcommand_from health' -l prefix -x -d 'what all topics begin with'
complete -c flyball -n '__fish_seen_subcommand_from health' -l timeout -x -d 'how long to wait for the broker, and for an answer (5s)'
complete -c flyball -n '__fish_seen_subcommand_from health' -l json -d 'data as JSON on stdout, messages on stderr'
complete -c flyball -n '__fish_seen_subcommand_from health' -l help -d 'this text'
complete -c flyball -n '__flyball_at health 0' -a '(flyball completion nodes --timeout 1s 2>/dev/null)'

complete -c flyball -n '__fish_seen_subcommand_from trace' -l tenant -x -d 'only this tenant\'s requests'
complete -c flyball -n '__fish_seen_subcommand_from trace' -l for -x -d 'stop after this time, 60s at most (10s)'
complete -c flyball -n '__fish_seen_subcommand_from trace' -l max -x -d 'stop after so many requests'
complete -c flyball -n '__fish_seen_subcommand_from trace' -l broker -x -d 'tcp:// mqtts:// ws:// or wss://host[:port]'
complete -c flyball -n '__fish_seen_subcommand_from trace' -l ca-file -r -F -d 'certificates that may sign the broker\'s'
complete -c flyball -n '__fish_seen_subcommand_from trace' -l cert-file -r -F -d 'our certificate'
complete -c flyball -n '__fish_seen_subcommand_from trace' -l key-file -r -F -d 'its private key'
complete -c flyball -n '__fish_seen_subcommand_from trace' -l username -x -d 'login at the broker'
complete -c flyball -n '__fish_seen_subcommand_from trace' -l password-file -r -F -d 'file with the login\'s password'
complete -c flyball -n '__fish_seen_subcommand_from trace' -l prefix -x -d 'what all topics begin with'
complete -c flyball -n '__fish_seen_subcommand_from trace' -l timeout -x -d 'how long to wait for the broker, and for an answer (5s)'
complete -c flyball -n '__fish_seen_subcommand_from trace' -l json -d 'data as JSON on stdout, messages on stderr'
complete -c flyball -n '__fish_seen_subcommand_from trace' -l help -d 'this text'
complete -c flyball -n '__flyball_at trace 0' -a '(flyball completion nodes --timeout 1s 2>/dev/null)'
complete -c flyball -n '__flyball_at trace 1' -a 'admit entitlement/main billing/main quota/main compliance/main subscription/main control'

complete -c flyball -n '__fish_seen_subcommand_from profile' -l for -x -d 'how long to measure, 60s at most (5s)'
complete -c flyball -n '__fish_seen_subcommand_from profile' -l broker -x -d 'tcp:// mqtts:// ws:// or wss://host[:port]'
complete -c flyball -n '__fish_seen_subcommand_from profile' -l ca-file -r -F -d 'certificates that may sign the broker\'s'
complete -c flyball -n '__fish_seen_subcommand_from profile' -l cert-file -r -F -d 'our certificate'
complete -c flyball -n '__fish_seen_subcommand_from profile' -l key-file -r -F -d 'its private key'
complete -c flyball -n '__fish_seen_subcommand_from profile' -l username -x -d 'login at the broker'
complete -c flyball -n '__fish_seen_subcommand_from profile' -l password-file -r -F -d 'file with the login\'s password'
complete -c flyball -n '__fish_seen_subcommand_from profile' -l prefix -x -d 'what all topics begin with'
complete -c flyball -n '__fish_seen_subcommand_from profile' -l timeout -x -d 'how long to wait for the broker, and for an answer (5s)'
complete -c flyball -n '__fish_seen_subcommand_from profile' -l json -d 'data as JSON on stdout, messages on stderr'
complete -c flyball -n '__fish_seen_subcommand_from profile' -l help -d 'this text'
complete -c flyball -n '__flyball_at profile 0' -a '(flyball completion nodes --timeout 1s 2>/dev/null)'

complete -c flyball -n '__fish_seen_subcommand_from state' -l records -d 'with show: each record of the journal'
complete -c flyball -n '__fish_seen_subcommand_from state' -l json -d 'as JSON; export always is'
complete -c flyball -n '__fish_seen_subcommand_from state' -l help -d 'this text'
complete -c flyball -n '__flyball_at state 0' -a 'show verify replay export'
complete -c flyball -n '__flyball_at state 1' -a '(__fish_complete_path)'

complete -c flyball -n '__fish_seen_subcommand_from fleet' -l devices -x -d 'regions and how many (us-east=33,eu-west=33,apac=34)'
complete -c flyball -n '__fish_seen_subcommand_from fleet' -l governors -x -d 'of each device (30)'
complete -c flyball -n '__fish_seen_subcommand_from fleet' -l rate -x -d 'requests a second in all (2000)'
complete -c flyball -n '__fish_seen_subcommand_from fleet' -l for -x -d 'length of the load (60s)'
complete -c flyball -n '__fish_seen_subcommand_from fleet' -l chaos -x -d 'kinds kill, broker, pause, cut'
complete -c flyball -n '__fish_seen_subcommand_from fleet' -l isolate -d 'plain processes, not forks of a warmed one'
complete -c flyball -n '__fish_seen_subcommand_from fleet' -l seed -x -d 'of the load and the chaos (1)'
complete -c flyball -n '__fish_seen_subcommand_from fleet' -l keep -d 'leave logs and states, and say where'
complete -c flyball -n '__fish_seen_subcommand_from fleet' -l report -x -d 'folder (one named after the run)'
complete -c flyball -n '__fish_seen_subcommand_from fleet' -l strict -d 'every missed claim is a failure'
complete -c flyball -n '__fish_seen_subcommand_from fleet' -l machine-cost -x -d 'dollars a month of a 256 MB machine (24)'
complete -c flyball -n '__fish_seen_subcommand_from fleet' -l no-throughput -d 'without the stage that asks as fast as it can'
complete -c flyball -n '__fish_seen_subcommand_from fleet' -l broker -x -d 'tcp:// mqtts:// ws:// or wss://host[:port]'
complete -c flyball -n '__fish_seen_subcommand_from fleet' -l ca-file -r -F -d 'certificates that may sign the broker\'s'
complete -c flyball -n '__fish_seen_subcommand_from fleet' -l cert-file -r -F -d 'our certificate'
complete -c flyball -n '__fish_seen_subcommand_from fleet' -l key-file -r -F -d 'its private key'
complete -c flyball -n '__fish_seen_subcommand_from fleet' -l username -x -d 'login at the broker'
complete -c flyball -n '__fish_seen_subcommand_from fleet' -l password-file -r -F -d 'file with the login\'s password'
complete -c flyball -n '__fish_seen_subcommand_from fleet' -l prefix -x -d 'what all topics begin with'
complete -c flyball -n '__fish_seen_subcommand_from fleet' -l timeout -x -d 'how long to wait for the broker, and for an answer (5s)'
complete -c flyball -n '__fish_seen_subcommand_from fleet' -l json -d 'data as JSON on stdout, messages on stderr'
complete -c flyball -n '__fish_seen_subcommand_from fleet' -l help -d 'this text'
complete -c flyball -n '__flyball_at fleet 0' -a 'run status scale kill stop'
complete -c flyball -n '__flyball_at fleet 1' -a '(__fish_complete_path)'

complete -c flyball -n '__fish_seen_subcommand_from completion' -l broker -x -d 'tcp:// mqtts:// ws:// or wss://host[:port]'
complete -c flyball -n '__fish_seen_subcommand_from completion' -l ca-file -r -F -d 'certificates that may sign the broker\'s'
complete -c flyball -n '__fish_seen_subcommand_from completion' -l cert-file -r -F -d 'our certificate'
complete -c flyball -n '__fish_seen_subcommand_from completion' -l key-file -r -F -d 'its private key'
complete -c flyball -n '__fish_seen_subcommand_from completion' -l username -x -d 'login at the broker'
complete -c flyball -n '__fish_seen_subcommand_from completion' -l password-file -r -F -d 'file with the login\'s password'
complete -c flyball -n '__fish_seen_subcommand_from completion' -l prefix -x -d 'what all topics begin with'
complete -c flyball -n '__fish_seen_subcommand_from completion' -l timeout -x -d 'how long to wait for the broker, and for an answer (5s)'
complete -c flyball -n '__fish_seen_subcommand_from completion' -l json -d 'data as JSON on stdout, messages on stderr'
complete -c flyball -n '__fish_seen_subcommand_from completion' -l help -d 'this text'
complete -c flyball -n '__flyball_at completion 0' -a 'bash zsh fish nodes'
