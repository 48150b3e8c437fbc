# shellcheck shell=bash
# The second half of script/upgrade: reload the running parts one after the other, and
# roll back if that fails. script/upgrade sets $release, $version, $previous, $interrupted,
# $as_service, $scratch and the settings.
# shellcheck disable=SC2154

# responds FOLDER INSTANCE: whether this app server responds.
responds() { DATA_DIR=$1 INSTANCE=$2 .venv/bin/python deploy/health.py web; }

# await SECONDS COMMAND…: repeat the command until it succeeds.
await() {
    local deadline=$((SECONDS + $1))
    shift
    until "$@"; do
        ((SECONDS < deadline)) || return 1
        sleep 0.2
    done
}

# point_to RELEASE: replace the link `current` atomically.
point_to() {
    [[ ! $previous ]] || ln -sfn "releases/$(basename "$previous")" "$TODO_HOME/upgrading"
    ln -sfn "releases/$(basename "$1")" "$TODO_HOME/next"
    mv -T "$TODO_HOME/next" "$TODO_HOME/current"
}

control() { supervisorctl -s "unix://$DATA_DIR/run/supervisor.sock" "$@"; }

is_running() { [[ -S $DATA_DIR/run/supervisor.sock ]] && control pid >/dev/null 2>&1; }

# One instance after the other, so that a release that fails stops at the first one.
reload_web() {
    local instance how=c reloaded=()
    if runs_gunicorn; then how=restart; elif ! is_same_server; then how=r; fi
    for instance in $(instances); do
        reloaded=("$instance" "${reloaded[@]}")
        reload_instance "$instance" "$how" "$release" || roll_back "$how" "${reloaded[@]}"
    done
}

# The instances that are running, which may differ from WEB_INSTANCES in todo.env.
instances() {
    local status
    status=$(control status 'web:*') || true # fails if any instance is not running
    sed -nE 's/^web:web-([0-9]+|files) +RUNNING .*/\1/p' <<<"$status"
}

# The server that is running, which may differ from APP_SERVER in todo.env.
runs_gunicorn() {
    local instance
    for instance in $(instances); do
        grep --quiet gunicorn "/proc/$(control pid "web:web-$instance")/cmdline" && return
    done
    return 1
}

# Reloading workers (c) is enough for another application. Another Python or uWSGI, or
# other uWSGI options, need a restart of the master (r).
is_same_server() {
    is_same uwsgi.ini && is_same uwsgi_files.ini && is_same release.py && [[ $(server_of "$previous") == "$(server_of "$release")" ]]
}

server_of() {
    "$1/.venv/bin/python" -V
    grep --max-count=1 '^uwsgi==' "$1/requirements.txt"
}

# reload_instance INSTANCE c|r|restart RELEASE: return when all workers run this release,
# which `current` points to; fail as soon as they are known not to start.
reload_instance() {
    local old count=1
    if [[ $2 == restart ]]; then
        restart_instance "$1" "$3"
        return
    fi
    master=$(control pid "web:web-$1") && old=$(children "$master") || return
    rm -f "$DATA_DIR/run/web-$1.release"
    send_command "$1" "$2" || return
    # Workers are reloaded one after the other, and each may have to finish a long request.
    [[ $2 == r ]] || count=$(wc -w <<<"$old")
    await $((80 * count)) is_settled "$1" "$3" "$old" && ! has_failed "$1" "$3"
}

# restart_instance INSTANCE RELEASE: for gunicorn. New workers of a running master would have
# the packages of the old release, so the master ends as well.
# Meanwhile nginx uses the other instances.
restart_instance() {
    rm -f "$DATA_DIR/run/web-$1.release"
    INSTANCE=$1 "${as_service[@]}" .venv/bin/python deploy/health.py drain
    control restart "web:web-$1" >/dev/null && await 120 has_noted "$1" "$2 loaded" || return
    sleep 3 # nginx tries an instance again after two seconds (site/upstream.conf)
}

# send_command INSTANCE c|r: as the owner of the fifo, because in a sticky folder not even
# root may open another user's fifo.
send_command() {
    local fifo=$DATA_DIR/run/web-$1.fifo
    # shellcheck disable=SC2016 # the inner shell expands them
    [[ -p $fifo ]] && "${as_service[@]}" bash -c 'printf %s "$1" 1<>"$2"' bash "$2" "$fifo"
}

children() { cat "/proc/$1/task/$1/children" 2>/dev/null; }

is_settled() { has_failed "$1" "$2" || { gone "$3" && has_noted "$1" "$2 loaded"; }; }

has_failed() { [[ ! -d /proc/$master ]] || has_noted "$1" "$2 failed"; }

# has_noted INSTANCE TEXT: whether the last worker that started has noted this result of
# loading its release (deploy/release.py, deploy/gunicorn.conf.py). A health check would depend on the load.
has_noted() { [[ $(cat "$DATA_DIR/run/web-$1.release" 2>/dev/null) == "$2" ]]; }

# gone PIDS: whether all of these processes have ended.
gone() {
    local pid
    for pid in $1; do [[ ! -d /proc/$pid ]] || return 1; done
}

# roll_back c|r|restart INSTANCE…: return to the previous release. The new one did not start in
# the first of these instances, and runs in the others.
roll_back() {
    local how=$1 failed=$2 others=("${@:3}") log="$DATA_DIR/log/web-$2.log" instance
    has_previous ||
        die "$version did not start in web-$failed (log: $log). Run script/upgrade of the release to roll back to."
    say "$version did not start in web-$failed (log: $log); rolling back."
    point_to "$previous"
    restore_instance "$failed" "$how" || cannot_roll_back "$failed"
    # An interrupted upgrade may have reloaded any of them.
    [[ ! $interrupted ]] || mapfile -t others < <(instances | grep -vx "$failed")
    for instance in "${others[@]}"; do
        reload_instance "$instance" "$how" "$previous" || cannot_roll_back "$instance"
    done
    rm -f "$TODO_HOME/upgrading"
    die "Rolled back: $version did not start in web-$failed (log: $log). $(basename "$previous") is running."
}

# The workers of this instance may run either release, in the middle of a reload.
restore_instance() {
    if [[ $2 == restart ]]; then
        restart_instance "$1" "$previous"
    elif [[ -d /proc/$master ]]; then
        # A worker that is just starting may miss the restart.
        await 60 has_noted "$1" "$previous loaded" || true
        reload_instance "$1" r "$previous"
    else
        control restart "web:web-$1" >/dev/null
        await 60 responds "$DATA_DIR" "$1"
    fi
}

cannot_roll_back() {
    die "$(basename "$previous") is current again, but does not start in web-$1 either. See $DATA_DIR/log/web-$1.log, fix the cause, then run: $previous/script/upgrade"
}

restart_others() {
    control restart worker beat >"$scratch/output" ||
        die "$version is running, but worker and beat are not both running; see $DATA_DIR/log/."
    # Only if needed: a reload closes idle connections, which a client may be about to use.
    { is_same nginx.conf && is_same nginx; } || control signal HUP nginx >/dev/null
}

# False on a reinstallation of the same release, where nothing tells what has changed.
has_previous() { [[ $previous && $previous != "$release" ]]; }

# is_same NAME: whether the previous release has the same file or folder in deploy/.
is_same() { has_previous && diff -qr "$previous/deploy/$1" "deploy/$1" >/dev/null; }

master='' # the process id of the app server that is being reloaded
