#!/bin/sh
# cmake/tsan-libraries.sh DIRECTORY - libzmq and czmq, built there from Debian's
# source with the thread sanitizer (about a minute).
#
# With the packaged libraries it reports races that are none, and suppressing
# them hides real ones: the stack of every actor runs through libczmq.  Then
#     cmake --preset tsan && cmake --build --preset tsan && ctest --preset tsan
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/cmake/packages.sh"
mkdir -p "$1"
prefix=$(cd "$1" && pwd)
[ ! -f "$prefix/complete" ] || exit 0
packages_install $packages_build g++ dpkg-dev libsodium-dev

place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
mkdir -p lists/partial
mirror=$(cat /etc/apt/sources.list.d/*.sources /etc/apt/sources.list 2>/dev/null |
    sed -n 's/^URIs: *//p; s/^deb \(http[^ ]*\) .*/\1/p' | head -n 1)
echo "deb-src $mirror bookworm main" >sources.list
apt="apt-get -qq -o Dir::Etc::sourcelist=$place/sources.list -o Dir::Etc::sourceparts=/dev/null"
apt="$apt -o Dir::State::lists=$place/lists -o APT::Sandbox::User=root"
$apt update
$apt source --only-source zeromq3 czmq >/dev/null

build()
{
    cmake -G Ninja -S "$1" -B "build-$2" -DCMAKE_BUILD_TYPE=RelWithDebInfo \
        -DCMAKE_C_FLAGS="-fsanitize=thread -g -O1" -DCMAKE_CXX_FLAGS="-fsanitize=thread -g -O1" \
        -DCMAKE_INSTALL_PREFIX="$prefix" -DCMAKE_INSTALL_LIBDIR=lib -DCMAKE_PREFIX_PATH="$prefix" \
        -DENABLE_CPACK=OFF -DENABLE_DRAFTS=OFF -DWITH_DOCS=OFF "$3" "$4" >/dev/null
    ninja -C "build-$2" install >/dev/null
}

build zeromq3-* zmq -DBUILD_TESTS=OFF -DWITH_LIBSODIUM=ON
build czmq-* czmq -DBUILD_TESTING=OFF -DENABLE_CURVE=ON
touch "$prefix/complete"
