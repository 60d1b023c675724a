#!/bin/sh
# The shared library shows its users the functions of client/knarr.h, and nothing else.
set -eu
exported=$(nm -D --defined-only "$1" | awk '{ print $3 }' | sort)
declared=$(grep -v '^typedef' client/knarr.h | grep -oE '\bknarr_[a-z_]+\(' | tr -d '(' | sort -u)
[ "$exported" = "$declared" ] || {
    echo "exported: $exported"
    echo "declared: $declared"
    exit 1
}
