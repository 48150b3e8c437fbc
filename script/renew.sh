# shellcheck shell=bash
# How script/upgrade brings a release into service, and takes it back. From there come
# $release and $version, the $previous release, what was $interrupted, $as_service, which
# makes a command the service's, a $scratch folder, and the settings.
# shellcheck disable=SC2154

# answers FOLDER INSTANCE: does this app server answer?
answers() { DATA_DIR=$1 INSTANCE=$2 .venv/bin/python deploy/health.py web; }

# await SECONDS COMMAND…: repeat it until it succeeds.
await() {
    local deadline=$((SECONDS + $1))
    shift
    until "$@"; do
        ((SECONDS < deadline)) || return 1
        sleep 0.2
    done
}

# point_to RELEASE: whoever follows the link finds one release or the other, never none.
point_to() {
    [[ ! $previous ]] || ln -sfn "releases/$(basename "$previous")" "$TODO_HOME/upgrading"
    ln -sfn "releases/$(basename "$1")" "$TODO_HOME/next"
    mv -T "$TODO_HOME/next" "$TODO_HOME/current"
}

control() { supervisorctl -s "unix://$DATA_DIR/run/supervisor.sock" "$@"; }

runs() { [[ -S $DATA_DIR/run/supervisor.sock ]] && control pid >/dev/null 2>&1; }

# One instance after the other, so that the first tells whether the next shall follow.
renew_web() {
    local instance how=c renewed=()
    same_server || how=r
    for instance in $(instances); do
        renewed=("$instance" "${renewed[@]}")
        renew_instance "$instance" "$how" "$release" || go_back "$how" "${renewed[@]}"
    done
}

# Those that run, which may be fewer or more than todo.env says by now.
instances() {
    local told
    told=$(control status 'web:*') || true # it fails where one does not run
    sed -nE 's/^web:web-([0-9]+) +RUNNING .*/\1/p' <<<"$told"
}

# A worker that is renewed has another application; another Python, another uWSGI or
# other options of it take more.
same_server() {
    is_same uwsgi.ini && is_same release.py && [[ $(server_of "$previous") == "$(server_of "$release")" ]]
}

server_of() {
    "$1/.venv/bin/python" -V
    grep --max-count=1 '^uwsgi==' "$1/requirements.txt"
}

# renew_instance INSTANCE c|r RELEASE: return when only workers of this release are left,
# to which `current` leads; fail as soon as they are known not to come up.
renew_instance() {
    local old count=1
    master=$(control pid "web:web-$1") && old=$(children "$master") || return
    rm -f "$DATA_DIR/run/web-$1.release"
    tell "$1" "$2" || return
    # They come one after the other, and each may have a long request to end.
    [[ $2 == r ]] || count=$(wc -w <<<"$old")
    await $((60 * count)) is_settled "$1" "$3" "$old" && ! has_failed "$1" "$3"
}

# tell INSTANCE c|r: as the fifo's owner, since in a sticky folder not even root may open it
# otherwise.
tell() {
    local fifo=$DATA_DIR/run/web-$1.fifo
    # shellcheck disable=SC2016 # the inner shell expands them
    [[ -p $fifo ]] && "${as_service[@]}" bash -c 'printf %s "$1" 1<>"$2"' bash "$2" "$fifo"
}

children() { cat "/proc/$1/task/$1/children" 2>/dev/null; }

is_settled() { has_failed "$1" "$2" || { gone "$3" && has_noted "$1" "$2 loaded"; }; }

has_failed() { [[ ! -d /proc/$master ]] || has_noted "$1" "$2 failed"; }

# has_noted INSTANCE TEXT: a worker says what came of loading its release, and which that
# was (deploy/release.py). Whether it answers soon depends on how many ask.
has_noted() { [[ $(cat "$DATA_DIR/run/web-$1.release" 2>/dev/null) == "$2" ]]; }

# gone PIDS: has every one of them ended?
gone() {
    local pid
    for pid in $1; do [[ ! -d /proc/$pid ]] || return 1; done
}

# go_back c|r INSTANCE…: the release did not come up in the first of these, and serves in
# the others.
go_back() {
    local how=$1 failed=$2 others=("${@:3}") log="$DATA_DIR/log/web-$2.log" instance
    knows_previous ||
        die "$version did not come up in web-$failed, whose log is $log; run script/upgrade of the release to go back to."
    say "$version did not come up in web-$failed, whose log is $log; going back."
    point_to "$previous"
    bring_back "$failed" || cannot_go_back "$failed"
    # What was interrupted may have got to any of them.
    [[ ! $interrupted ]] || mapfile -t others < <(instances | grep -vx "$failed")
    for instance in "${others[@]}"; do
        renew_instance "$instance" "$how" "$previous" || cannot_go_back "$instance"
    done
    rm -f "$TODO_HOME/upgrading"
    die "$version is taken back: it did not come up in web-$failed, whose log is $log. $(basename "$previous") serves."
}

# Its workers may be of either release, and are stuck on the way from one to the other.
bring_back() {
    if [[ -d /proc/$master ]]; then
        # One that is just starting may miss that it is to end.
        await 60 has_noted "$1" "$previous loaded" || true
        renew_instance "$1" r "$previous"
    else
        control restart "web:web-$1" >/dev/null
        await 60 answers "$DATA_DIR" "$1"
    fi
}

cannot_go_back() {
    die "$(basename "$previous") is current again but does not come up in web-$1 either; see $DATA_DIR/log/web-$1.log, and when that is mended run: $previous/script/upgrade"
}

renew_others() {
    control restart worker beat >"$scratch/told" ||
        die "$version serves, but worker and beat do not both run; see $DATA_DIR/log/."
    # Only then, as it closes connections that idle, and some client is just using one.
    { is_same nginx.conf && is_same nginx; } || control signal HUP nginx >/dev/null
    [[ $previous == "$release" ]] || { is_same supervisord.conf && is_same start; } ||
        say "How the parts are started has changed: systemctl restart todo, when that suits."
}

# When it is this one, it is brought in anew, and nobody knows what of it has changed.
knows_previous() { [[ $previous && $previous != "$release" ]]; }

# is_same NAME: has the previous release this, in deploy/, as well?
is_same() { knows_previous && diff -qr "$previous/deploy/$1" "deploy/$1" >/dev/null; }

master='' # the app server that is being renewed
