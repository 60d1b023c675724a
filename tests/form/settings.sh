#!/bin/sh
# Every row of conf/settings.def is in ov.conf(5), with the default it has now.
set -eu
tr '\n' ' ' <conf/settings.def | grep -oE 'SETTING\([a-z0-9_]+, [a-z_]+, [0-9]+, [0-9]+, [0-9]+, "[^"]*"' |
    tr -d '",' | {
        status=0
        count=0
        while read -r _ name initial _ _ unit; do
            count=$((count + 1))
            grep -A 2 "^\.It Li $name\$" docs/man/ov.conf.5 | grep -q "^Default $initial $unit\.\$" || {
                echo "docs/man/ov.conf.5 does not say: $name, Default $initial $unit."
                status=1
            }
        done
        [ "$count" -gt 0 ] || exit 1
        exit $status
    }
