#!/bin/sh
# The table of settings in docs/OPERATIONS.md is what conf/settings.def says, row by row.
#
#     operations.sh           compare
#     operations.sh print     the rows, to be put there
set -eu

rows()
{
    tr '\n' ' ' <conf/settings.def | tr -s ' ' |
        grep -oE 'SETTING\([a-z0-9_]+, [a-z_]+, [0-9]+, [0-9]+, [0-9]+, "[^"]*", "[^"]*"\)' |
        sed -E 's/SETTING\([a-z0-9_]+, ([a-z_]+), ([0-9]+), ([0-9]+), ([0-9]+), "([^"]*)", "([^"]*)"\)/| `\1` | \2 \5 | \3 to \4 | \6 |/'
}

if [ "${1-}" = print ]; then
    rows
    exit
fi
rows >"${TMPDIR:-/tmp}/settings.$$"
trap 'rm -f "${TMPDIR:-/tmp}/settings.$$"' EXIT
sed -n '/^<!-- settings -->$/,/^<!-- end of settings -->$/p' docs/OPERATIONS.md | grep '^| `' |
    diff -u - "${TMPDIR:-/tmp}/settings.$$" || {
    echo "The rows come from: tests/form/operations.sh print" >&2
    exit 1
}
[ -s "${TMPDIR:-/tmp}/settings.$$" ]
