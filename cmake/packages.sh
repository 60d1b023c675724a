# packages.sh - what Debian must have installed, said once; sourced, not run.
#
#     . cmake/packages.sh
#     packages_install $packages_build $packages_test
#
# Only what is missing is installed, so a machine that has everything needs no
# network and no root.

packages_build="
    gcc libc6-dev cmake ninja-build pkg-config
    libzmq3-dev libczmq-dev libmsgpack-dev libjansson-dev
    libxxhash-dev libpcre2-dev libsqlite3-dev libpopt-dev libssl-dev uthash-dev
"

# The tests also drive clang (fuzzers), clang-format, a Python client, system
# call injection, loop-mounted file systems, a kernel to kill, a clock
# to turn, and a .deb.
packages_test="
    g++ clang llvm clang-format libclang-rt-14-dev git binutils dpkg-dev file
    python3 python3-zmq python3-msgpack
    strace e2fsprogs xfsprogs mount util-linux mandoc procps user-mode-linux libfaketime
"

# Side by side with knarr in bench/: what people use today, and where time goes.
packages_bench="python3 rsync lsyncd e2fsprogs mount util-linux procps"

packages_missing()
{
    for package in "$@"; do
        dpkg-query -W -f='${db:Status-Abbrev}' "$package" 2>/dev/null | grep -q '^ii' ||
            echo "$package"
    done
}

as_root()
{
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null 2>&1; then
        sudo -n "$@"
    else
        echo "This needs root or sudo: $*" >&2
        return 1
    fi
}

packages_install()
{
    missing=$(packages_missing "$@")
    [ -n "$missing" ] || return 0
    if ! command -v apt-get >/dev/null 2>&1; then
        echo "No apt-get here. Please install what Debian calls:" $missing >&2
        return 1
    fi
    echo "Installing:" $missing
    # Ask for the password where there is somebody to ask.
    if [ "$(id -u)" -ne 0 ] && [ -t 0 ] && command -v sudo >/dev/null 2>&1; then
        sudo -v
    fi
    apt="env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 -o Acquire::Retries=3"
    log=$(mktemp)
    if as_root $apt update >"$log" 2>&1 </dev/null &&
        as_root $apt install -y --no-install-recommends $missing >>"$log" 2>&1 </dev/null; then
        rm -f "$log"
        return 0
    fi
    tail -n 30 "$log" >&2
    rm -f "$log"
    return 1
}
