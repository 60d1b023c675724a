#!/bin/sh
# What cmake --install puts in place is whole: programs under both names, man
# pages, unit, and a library that a stranger's program finds by pkg-config.
set -eu
build=$1
compiler=$2
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT

cmake --install "$build" --prefix "$place" >"$place/log"
"$place/bin/knarr" --version
"$place/bin/openviking" --version
"$place/bin/knarrd" --version
"$place/bin/openviking-server" --version
[ -s "$place/lib/systemd/system/knarr.service" ]
grep -q "^ExecStart=$place/bin/knarrd " "$place/lib/systemd/system/knarr.service"
for page in man1/knarr.1 man5/ov.conf.5 man8/knarrd.8; do
    [ -s "$place/share/man/$page" ]
done
for text in README.md LICENSE OPERATIONS.md PROTOCOL.md minimal.conf; do
    [ -s "$place/share/doc/knarr/$text" ]
done

cat >"$place/stranger.c" <<'C'
#include <knarr.h>
#include <stdio.h>

int
main(void)
{
    struct knarr_result result = { 0 };
    struct knarr_identity identity = { .timeout_ms = 200 };
    struct knarr *knarr = knarr_open("ipc:///nonexistent/knarr.sock", &identity, &result);
    printf("%s\n", result.reason);
    knarr_close(&knarr);
    return result.outcome == KNARR_DONE;
}
C
libraries=$(dirname "$(find "$place" -name libknarr.so)")
flags=$(PKG_CONFIG_PATH="$libraries/pkgconfig" pkg-config --cflags --libs knarr)
"$compiler" -o "$place/stranger" "$place/stranger.c" $flags
LD_LIBRARY_PATH="$libraries" "$place/stranger"
