#!/bin/sh
# Installs muster-worker-agent from this Muster server, then runs it with the arguments given:
#
#   curl -fsSL BASE/install.sh | sh -s -- --token 'machine_...:worker_...'     install, and run the worker
#   curl -fsSL BASE/install.sh | sh -s -- setup                                install, and set up workers that stay
#   curl -fsSL BASE/install.sh | sh                                            install
#
# MUSTER_INSTALL_DIR says where to put the program, unless that is ~/.local/bin. Nothing else is changed.
set -eu

base='@BASE@'
# For each kind of machine: the SHA-256 of the program, and its bytes.
programs='@PROGRAMS@'

say() {
    printf '%s\n' "$*" >&2
}

fail() {
    say "muster: $*"
    # EX_UNAVAILABLE of sysexits.h, as the worker-agent's own.
    exit 69
}

has() {
    command -v "$1" >/dev/null 2>&1
}

kind_of_machine() {
    case $(uname -s) in
        Linux) os=linux ;;
        Darwin) os=macos ;;
        *) fail "there is no worker-agent for $(uname -s) yet; on Windows use WSL" ;;
    esac
    case $(uname -m) in
        x86_64 | amd64) printf '%s' "$os-x86_64" ;;
        aarch64 | arm64) printf '%s' "$os-aarch64" ;;
        *) fail "there is no worker-agent for the processor $(uname -m) yet" ;;
    esac
}

# fetch URL FILE
fetch() {
    if has curl; then
        # Redirects leave neither HTTPS nor, on this computer alone, HTTP.
        progress=--silent
        if [ -t 2 ]; then progress=--progress-bar; fi
        curl --fail --show-error --location "$progress" --proto "=${base%%:*}" --output "$2" "$1"
    elif has wget; then
        # Not every wget can be told to follow none. Wherever it ends, what comes must be what was announced.
        stay=
        if wget --help 2>&1 | grep -q -e --max-redirect; then stay=--max-redirect=0; fi
        wget -q ${stay:+"$stay"} -O "$2" "$1"
    else
        fail "neither curl nor wget is here: install one of them"
    fi
}

hash_of() {
    if has sha256sum; then
        sha256sum "$1" | cut -d ' ' -f 1
    elif has shasum; then
        shasum -a 256 "$1" | cut -d ' ' -f 1
    elif has openssl; then
        openssl dgst -sha256 -r "$1" | cut -d ' ' -f 1
    else
        fail "neither sha256sum nor shasum nor openssl is here to check what was fetched"
    fi
}

# All of it is read before any of it is done.
main() {
    target=$(kind_of_machine)
    wanted=$(printf '%s\n' "$programs" | sed -n "s/^$target //p")
    if [ -z "$wanted" ]; then
        say "muster: this server has no program for $target. From a checkout of Muster:"
        fail "cargo install --path services/worker-agent"
    fi
    directory=${MUSTER_INSTALL_DIR:-"${HOME:?"muster: there is no HOME; set MUSTER_INSTALL_DIR"}/.local/bin"}
    program=$directory/muster-worker-agent

    mkdir -p "$directory" || fail "$directory cannot be made; name another by MUSTER_INSTALL_DIR"
    new=$(mktemp "$directory/.muster-worker-agent.XXXXXX") || fail "$directory cannot be written to; name another by MUSTER_INSTALL_DIR"
    trap 'rm -f "$new"' EXIT
    trap 'exit 130' INT TERM HUP
    if [ -x "$program" ] && [ "$(hash_of "$program")" = "${wanted% *}" ]; then
        say "$program is this server's already."
    else
        say "Fetching muster-worker-agent for $target ($((${wanted#* } / 1048576 + 1)) MB)."
        fetch "$base/download/worker-agent/$target" "$new" || fail "the program could not be fetched from $base"
        [ "$(hash_of "$new")" = "${wanted% *}" ] || fail "what was fetched is not what this server announced: try again"
        chmod 755 "$new"
        mv -f "$new" "$program"
        say "Installed $program."
    fi
    rm -f "$new"
    trap - EXIT

    case :$PATH: in
        *":$directory:"*) ;;
        *) say "$directory is not on the PATH: to call it by its name, add it there." ;;
    esac
    if [ $# -eq 0 ]; then return; fi
    # Whoever reads this script from a pipe still answers questions at the terminal.
    if [ ! -t 0 ] && [ -t 2 ] && [ -r /dev/tty ]; then exec </dev/tty; fi
    case $1 in
        -*) exec "$program" run --server "$base" "$@" ;;
        run | setup | doctor) command=$1 && shift && exec "$program" "$command" --server "$base" "$@" ;;
        *) exec "$program" "$@" ;;
    esac
}

main "$@"
