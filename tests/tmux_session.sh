#!/usr/bin/env bash
# A session as a person has it, in tmux: start a training, watch it, detach, come back, look at all runs.
#   tests/tmux_session.sh [WORKBENCH]
# WORKBENCH is the program (else the one in PATH). It has a tmux server, folders and data of its own, and leaves nothing.
set -euo pipefail

program=$(command -v "${1:-workbench}")
home=$(mktemp -d)
tmux=(tmux -L "workbench-$$" -f /dev/null)

unset TMUX WORKBENCH_DATA WORKBENCH_ASCII NO_COLOR
export WORKBENCH_RUNS=$home/runs WORKBENCH_CACHE=$home/cache WORKBENCH_MIRROR=http://127.0.0.1:9 LC_ALL=C.UTF-8

leave() {
    local code=$?
    "${tmux[@]}" kill-server 2>/dev/null || true
    for lock in "$home"/runs/*/lock; do # a training that still goes on: asked to stop, and waited for
        [ -e "$lock" ] || continue
        touch "${lock%lock}STOP"
        flock --exclusive --wait 10 "$lock" true || true
    done
    rm -rf "$home"
    exit "$code"
}
trap leave EXIT

screen() { "${tmux[@]}" capture-pane -p -t work; }
keys() { "${tmux[@]}" send-keys -t work "$@"; }

sees() { # waits until every text stands on the screen
    local text
    for text in "$@"; do
        for _ in $(seq 150); do
            if screen | grep -qF -- "$text"; then continue 2; fi
            sleep 0.1
        done
        printf 'not seen: %s\n' "$text"
        screen
        exit 1
    done
    printf 'seen: %s\n' "$*"
}

# log in, and open the laboratory
"${tmux[@]}" new-session -d -s work -x 120 -y 36 "cd '$home' && exec bash --norc"
keys "PS1='\$ '; '$program'" Enter
sees 'names with lstm' 'q Quit'

# start two trainings of names, long enough to be left and met again
keys / epochs
sees 'goes to the first that was found' ' passes over the training'
sleep 0.5
keys Enter
sees 'train.epochs  '
keys C-u
sees 'train.epochs cannot be'
keys 100000
sees 'changed: epochs 100000'
keys C-t
sees 'is training'
keys F5
sees 'running' 'starter data' 'accuracy  ━ train  ━ validation'

# watch: other views, the keys, another light
keys v
keys '?'
sees 'Keys' 'ask the training to save a checkpoint'
keys q
keys t
keys t
keys t
sees 'running'

# detach: the training goes on without the screen
keys q
sees 'You are leaving.' 'Detach' 'Stop and keep a checkpoint'
keys Enter
sees 'goes on training' 'workbench watch names-lstm-'
keys "'$program' runs" Enter
sees 'running'

# come back: it is in the list, and opens where it is
keys clear Enter "'$program'" Enter
sees 'names with lstm'
keys 2
sees 'running' 'accuracy'
keys Enter
sees 'running' 'best accuracy'

# compare: mark both, and look at them side by side
keys 2
sees '2 runs'
keys M c
sees 'A names-lstm-' 'B names-lstm-' 'settings that differ' 'accuracy'
keys b
sees '2 marked'
keys Enter
sees 'best accuracy'

# stop, and resume is offered
keys x
sees 'Stop names-lstm-'
keys Enter
sees 'stopped' 'Resume'
keys q
sees '$'
printf 'done\n'
