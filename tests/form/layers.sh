#!/bin/sh
# cli > client > transport > base and actors > {transport, backends, conf} > base:
# no include points up or sideways.
set -eu
status=0

only()
{
    layer=$1
    shift
    allowed=$(echo "$layer $*" | tr ' ' '|')
    found=$(grep -rnE '^[[:space:]]*#include "' "$layer" --include='*.[ch]' |
        grep -vE "#include \"($allowed)/") || return 0
    echo "$found"
    status=1
}

only base
only conf base
only transport base
only backends base
only client transport base
only actors transport backends conf base
only cli client transport actors conf backends base
exit $status
