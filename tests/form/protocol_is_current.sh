#!/bin/sh
# docs/PROTOCOL.md says what the message table says.
set -eu
"$1" docs/protocol-intro.md | diff -u docs/PROTOCOL.md - || {
    echo "Make it anew: cmake --build build/dev --target docs" >&2
    exit 1
}
