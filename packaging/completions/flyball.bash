# bash completion for flyball
# Made by `flyball completion bash`; a test compares the two.

_flyball_ops() {
    case $1 in
        entitlement/*) echo 'check get grant revoke clear set_tier suspend resume forget' ;;
        billing/*) echo 'check get charge hold capture release topup refund set_overage set_rate_limit suspend resume forget' ;;
        quota/*) echo 'check get release refund reset set_limit set forget' ;;
        compliance/*) echo 'check get report remediate forget' ;;
        subscription/*) echo 'check get start paid payment_failed pause resume cancel change_plan set_auto_renew forget' ;;
        control) echo 'list history add_governor remove_governor snapshot set_time reload trace profile drain fault' ;;
    esac
}

_flyball() {
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
    local verb=${COMP_WORDS[1]} options= valued= files= choices= second= place=0 i
    COMPREPLY=()
    if ((COMP_CWORD == 1)); then
        COMPREPLY=($(compgen -W "ask watch top dashboard metrics health retire trace profile bench doctor state fleet pki acl completion --help --version" -- "$cur"))
        return
    fi
    case $verb in
        ask)
            options='--admin --batch --encoding --id --tenant-topic --dry-run --brief --broker --ca-file --cert-file --key-file --username --password-file --prefix --timeout --json --help'
            valued=' --batch --encoding --id --broker --ca-file --cert-file --key-file --username --password-file --prefix --timeout '
            files=' --batch --ca-file --cert-file --key-file --password-file '
            [[ $prev == --encoding ]] && choices='msgpack json'
            ;;
        watch)
            options='--count --for --broker --ca-file --cert-file --key-file --username --password-file --prefix --timeout --json --help'
            valued=' --count --for --broker --ca-file --cert-file --key-file --username --password-file --prefix --timeout '
            files=' --ca-file --cert-file --key-file --password-file '
            ;;
        top)
            options='--sort --filter --reverse --once --for --broker --ca-file --cert-file --key-file --username --password-file --prefix --timeout --json --help'
            valued=' --sort --filter --for --broker --ca-file --cert-file --key-file --username --password-file --prefix --timeout '
            files=' --ca-file --cert-file --key-file --password-file '
            [[ $prev == --sort ]] && choices='name status rate latency memory denials uptime'
            ;;
        dashboard)
            options='--listen --broker --prefix --json --help'
            valued=' --listen --broker --prefix '
            files='  '
            ;;
        metrics)
            options='--listen --broker --ca-file --cert-file --key-file --username --password-file --prefix --timeout --json --help'
            valued=' --listen --broker --ca-file --cert-file --key-file --username --password-file --prefix --timeout '
            files=' --ca-file --cert-file --key-file --password-file '
            ;;
        health)
            options='--check --expect --max-age --broker --ca-file --cert-file --key-file --username --password-file --prefix --timeout --json --help'
            valued=' --expect --max-age --broker --ca-file --cert-file --key-file --username --password-file --prefix --timeout '
            files=' --expect --ca-file --cert-file --key-file --password-file '
            ;;
        retire)
            options='--dry-run --home-assistant --broker --ca-file --cert-file --key-file --username --password-file --prefix --timeout --json --help'
            valued=' --home-assistant --broker --ca-file --cert-file --key-file --username --password-file --prefix --timeout '
            files=' --ca-file --cert-file --key-file --password-file '
            ;;
        trace)
            options='--tenant --for --max --broker --ca-file --cert-file --key-file --username --password-file --prefix --timeout --json --help'
            valued=' --tenant --for --max --broker --ca-file --cert-file --key-file --username --password-file --prefix --timeout '
            files=' --ca-file --cert-file --key-file --password-file '
            ;;
        profile)
            options='--for --broker --ca-file --cert-file --key-file --username --password-file --prefix --timeout --json --help'
            valued=' --for --broker --ca-file --cert-file --key-file --username --password-file --prefix --timeout '
            files=' --ca-file --cert-file --key-file --password-file '
            ;;
        bench)
            options='--rate --steps --max --in-flight --batch --mix --for --seed --keep --broker --ca-file --cert-file --key-file --username --password-file --prefix --timeout --json --help'
            valued=' --rate --steps --in-flight --batch --mix --for --seed --broker --ca-file --cert-file --key-file --username --password-file --prefix --timeout '
            files=' --ca-file --cert-file --key-file --password-file '
            ;;
        doctor)
            options='--config --state-dir --broker --ca-file --cert-file --key-file --username --password-file --prefix --timeout --json --help'
            valued=' --config --state-dir --broker --ca-file --cert-file --key-file --username --password-file --prefix --timeout '
            files=' --config --state-dir --ca-file --cert-file --key-file --password-file '
            ;;
        state)
            options='--records --json --help'
            valued='  '
            files='  '
            ;;
        fleet)
            options='--devices --governors --rate --for --chaos --isolate --in-broker --tls --seed --keep --report --strict --machine-cost --no-throughput --broker --ca-file --cert-file --key-file --username --password-file --prefix --timeout --json --help'
            valued=' --devices --governors --rate --for --chaos --seed --report --machine-cost --broker --ca-file --cert-file --key-file --username --password-file --prefix --timeout '
            files=' --ca-file --cert-file --key-file --password-file '
            ;;
        pki)
            options='--days --force --within --role --new-key --ca --json --help'
            valued=' --days --within --role '
            files='  '
            [[ $prev == --role ]] && choices='broker node app operator'
            ;;
        acl)
            options='--pki --node --tenant --trusted --operator --watcher --patterns --reply-prefix --home-assistant --prefix --out --json --help'
            valued=' --pki --node --tenant --trusted --operator --watcher --reply-prefix --home-assistant --prefix --out '
            files=' --pki --out '
            ;;
        completion)
            options='--broker --ca-file --cert-file --key-file --username --password-file --prefix --timeout --json --help'
            valued=' --broker --ca-file --cert-file --key-file --username --password-file --prefix --timeout '
            files=' --ca-file --cert-file --key-file --password-file '
            ;;
    esac
    if [[ $choices ]]; then
        COMPREPLY=($(compgen -W "$choices" -- "$cur"))
        return
    elif [[ $files == *" $prev "* ]]; then
        compopt -o filenames
        COMPREPLY=($(compgen -f -- "$cur"))
        return
    elif [[ $valued == *" $prev "* ]]; then
        return
    elif [[ $cur == -* ]]; then
        COMPREPLY=($(compgen -W "$options" -- "$cur"))
        return
    fi
    for ((i = 2; i < COMP_CWORD; i++)); do
        if [[ $valued == *" ${COMP_WORDS[i]} "* ]]; then
            ((i++))
        elif [[ ${COMP_WORDS[i]} != -* ]]; then
            ((++place == 2)) && second=${COMP_WORDS[i]}
        fi
    done
    case $verb,$place in
        ask,0) COMPREPLY=($(compgen -W "$(flyball completion nodes --timeout 1s 2>/dev/null)" -- "$cur")) ;;
        ask,1) COMPREPLY=($(compgen -W "admit entitlement/main billing/main quota/main compliance/main subscription/main control" -- "$cur")) ;;
        ask,2) COMPREPLY=($(compgen -W "$(_flyball_ops "$second")" -- "$cur")) ;;
        watch,*) COMPREPLY=($(compgen -W "$(flyball completion nodes --timeout 1s 2>/dev/null)" -- "$cur")) ;;
        health,0) COMPREPLY=($(compgen -W "$(flyball completion nodes --timeout 1s 2>/dev/null)" -- "$cur")) ;;
        retire,0) COMPREPLY=($(compgen -W "$(flyball completion nodes --timeout 1s 2>/dev/null)" -- "$cur")) ;;
        trace,0) COMPREPLY=($(compgen -W "$(flyball completion nodes --timeout 1s 2>/dev/null)" -- "$cur")) ;;
        trace,1) COMPREPLY=($(compgen -W "admit entitlement/main billing/main quota/main compliance/main subscription/main control" -- "$cur")) ;;
        profile,0) COMPREPLY=($(compgen -W "$(flyball completion nodes --timeout 1s 2>/dev/null)" -- "$cur")) ;;
        bench,0) COMPREPLY=($(compgen -W "$(flyball completion nodes --timeout 1s 2>/dev/null)" -- "$cur")) ;;
        doctor,0) COMPREPLY=($(compgen -W "$(flyball completion nodes --timeout 1s 2>/dev/null)" -- "$cur")) ;;
        state,0) COMPREPLY=($(compgen -W "show verify replay export" -- "$cur")) ;;
        state,1) mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
        fleet,0) COMPREPLY=($(compgen -W "run status scale kill stop" -- "$cur")) ;;
        fleet,1) mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
        pki,0) COMPREPLY=($(compgen -W "init broker node app operator list renew revoke" -- "$cur")) ;;
        pki,1) mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
        completion,0) COMPREPLY=($(compgen -W "bash zsh fish nodes" -- "$cur")) ;;
    esac
}

complete -F _flyball flyball
