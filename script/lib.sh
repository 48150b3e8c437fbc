# shellcheck shell=bash
# Functions shared by the scripts, which run in the top folder of the repository.

say() { printf '%s\n' "$*" >&2; }

die() {
    say "$*"
    exit 1
}

have() { command -v "$1" >/dev/null 2>&1; }

# --- System packages ----------------------------------------------------------

# Install Debian packages: as root, or with sudo after asking in a terminal.
install_packages() {
    local line="apt-get install --yes --no-install-recommends $*" as_root=()
    have apt-get || die "These system packages are missing: $*."
    if ((EUID)); then
        may_sudo "$*" || die "System packages are missing; run: sudo $line"
        as_root=(sudo)
    fi
    say "Installing system packages: $*"
    # Continue if the update fails: the old package lists may be sufficient.
    "${as_root[@]}" apt-get update -qq </dev/null >/dev/null || true
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -qq --no-install-recommends -o DPkg::Lock::Timeout=300 "$@" \
        </dev/null >/dev/null || die "System packages could not be installed; try: $line"
}

may_sudo() {
    local answer
    have sudo && [[ -t 0 && -t 2 ]] || return 1
    read -r -p "Install $1 with sudo? [y/N] " answer
    [[ $answer == [yY]* ]]
}

# Install the programs that the whole service needs on a single machine.
ensure_stack_programs() {
    local packages=()
    PATH=$PATH:/usr/sbin # not on the path of ordinary users
    postgresql_programs >/dev/null || packages+=(postgresql)
    have redis-server || packages+=(redis-server)
    have nginx || packages+=(nginx)
    have supervisord || packages+=(supervisor)
    have openssl || packages+=(openssl)
    if ((${#packages[@]})); then install_packages "${packages[@]}"; fi
}

# Print the folder of the newest PostgreSQL's programs; they are not on the PATH.
postgresql_programs() {
    local newest
    newest=$(printf '%s\n' /usr/lib/postgresql/*/bin/initdb | sort --version-sort | tail -n 1)
    [[ -x $newest ]] || newest=$(command -v initdb) || return 1
    dirname "$newest"
}

# --- Disk ---------------------------------------------------------------------

# need_space FOLDER MEGABYTES: the folder need not exist yet.
need_space() {
    local folder=$1 free
    while [[ ! -e $folder ]]; do folder=$(dirname "$folder"); done
    free=$(df -Pm "$folder" | awk 'NR == 2 { print $4 }')
    ((free >= $2)) || die "The disk is full: $1 needs at least $2 MB and $free MB are free."
}

# need_writable FOLDER: create it if it is missing.
need_writable() {
    { mkdir -p "$1" && : >"$1/.writable" && rm -f "$1/.writable"; } 2>/dev/null ||
        die "The folder $1 is not writable."
}

# --- Python -------------------------------------------------------------------

# find_python MODULES: print the first Python 3.11 or newer that has these modules.
find_python() {
    local name
    for name in python3.13 python3.12 python3.11 python3; do
        if "$name" -c "import sys, $1; sys.exit(sys.version_info < (3, 11))" 2>/dev/null; then
            command -v "$name"
            return
        fi
    done
    return 1
}

# Print a Python that can create virtual environments; install missing packages.
usable_python() {
    local python version
    find_python "ensurepip, sqlite3, ssl, venv" && return
    if python=$(find_python sys); then
        version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
        install_packages "python$version-venv"
    elif version=$(python3 -V 2>/dev/null); then
        die "Python 3.11 or newer is required, but this is $version; if available: apt-get install python3.11 python3.11-venv"
    else
        install_packages python3 python3-venv
    fi
    find_python "ensurepip, sqlite3, ssl, venv" ||
        die "No Python 3.11 or newer can create a virtual environment; try: apt-get install python3 python3-venv"
}

# ensure_environment LOCK: make .venv contain exactly the packages of the lock file.
ensure_environment() {
    local lock=$1 python
    exec 9<. # the folder itself is the lock: two scripts must not install at once
    flock --nonblock 9 || {
        say "Waiting for another script to finish installing packages."
        flock 9
    }
    if ! has_environment; then
        python=$(usable_python) || exit
        make_environment "$python"
    fi
    has_installed "$lock" || install_lock "$lock"
    exec 9<&-
}

# A copied or moved environment, or one without a working Python, is created again.
has_environment() {
    [[ -f .venv/folder && $(<.venv/folder) == "$(pwd -P)" ]] &&
        .venv/bin/python -c 'import pip' 2>/dev/null
}

make_environment() {
    need_writable "$PWD"
    need_space "$PWD" 400
    say "Creating .venv with $("$1" -V)."
    rm -rf .venv
    "$1" -m venv .venv >&2 || die "The virtual environment .venv could not be created."
    pwd -P >.venv/folder
}

has_installed() {
    [[ -f .venv/installed ]] && grep --quiet --line-regexp --fixed-strings \
        "$(sha256sum "$1")" .venv/installed
}

# .venv/installed is written last, so that an interrupted installation is repeated.
install_lock() {
    local lock=$1 locks=("$1")
    need_space "$PWD" 400
    # The packages for development include those of the service, in the same versions.
    [[ $lock == requirements-dev.txt ]] && locks+=(requirements.txt)
    say "Installing the packages of $lock; the first time takes a minute."
    rm -f .venv/installed
    pip_install < <(lock_part "$lock" others)
    sha256sum "${locks[@]}" >.venv/installed
}

# pip_install OPTION…: install the locked packages that are read from standard input. The lock
# includes all dependencies; if pip resolved them itself, it would fail for a package that is
# required with an extra as soon as there is a newer release of it.
pip_install() {
    local log=.venv/pip.log
    cat >.venv/requirements.part
    .venv/bin/python -m pip install --require-hashes --no-deps \
        --requirement .venv/requirements.part --quiet --no-input --disable-pip-version-check \
        "$@" </dev/null >"$log" 2>&1 && return
    if grep --quiet 'cancelled by user' "$log"; then exit 130; fi # Ctrl-C
    grep --quiet 'No space left' "$log" &&
        die "The disk is full; installing packages needs 400 MB here and in ${TMPDIR:-/tmp}."
    die "Packages could not be installed ($(grep '^ERROR' "$log" | tail -n 1)); for details, see $log."
}

# lock_part LOCK uwsgi|others: print the entries of uWSGI, or all others.
lock_part() {
    awk -v wanted="$2" '/^[^ ]/ { part = /^uwsgi==/ ? "uwsgi" : "others" } part == wanted' "$1"
}

# --- uWSGI --------------------------------------------------------------------

# It is a source package, and only installed where it is needed.

# Run it, since a uWSGI that was built for a removed Python exists, but does not start.
has_uwsgi() {
    local version
    version=$(.venv/bin/uwsgi --version 2>/dev/null) &&
        grep --quiet --fixed-strings "uwsgi==$version " "$1"
}

# Do not use the cache: a wheel for another Python would crash. Without isolation, the locked
# setuptools builds it instead of the newest.
build_uwsgi() {
    say "Building uWSGI; this takes a minute."
    (pip_install --no-cache-dir --no-build-isolation < <(lock_part "$1" uwsgi)) || true
}

# ensure_uwsgi LOCK: install it, and a compiler if there is none.
ensure_uwsgi() {
    has_uwsgi "$1" || have_compiler || install_compiler
    has_uwsgi "$1" || build_uwsgi "$1"
    has_uwsgi "$1" || die "uWSGI could not be built; for details, see $PWD/.venv/pip.log."
}

have_compiler() {
    { have gcc || have cc || have clang; } && .venv/bin/python -c '
import pathlib, sys, sysconfig
sys.exit(not pathlib.Path(sysconfig.get_path("include"), "Python.h").exists())'
}

# The headers must match the Python in .venv; one that was not installed as a package has them.
install_compiler() {
    local version
    version=$(.venv/bin/python -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    install_packages build-essential "python$version-dev"
}

# --- Locks --------------------------------------------------------------------

# Print the first line of both lock files, which identifies the dependencies they lock.
lock_header() {
    .venv/bin/python - <<'PYTHON'
import hashlib, json, tomllib

with open("pyproject.toml", "rb") as stream:
    document = tomllib.load(stream)
project = document["project"]
wanted = [
    project["requires-python"],
    project["dependencies"],
    document["dependency-groups"],
]
digest = hashlib.sha256(json.dumps(wanted).encode()).hexdigest()
print(f"# Made by script/lock from pyproject.toml's dependencies: {digest[:16]}")
PYTHON
}
