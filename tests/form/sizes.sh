#!/bin/sh
# A file past 500 lines and a function past 60 hold two ideas.
set -eu
. tests/form/files.sh
status=0
for file in $(tree_files '*.c' '*.h'); do
    [ -f "$file" ] || continue
    awk -v file="$file" '
        /^\{/ { start = NR }
        /^\}/ { if (start && NR - start > 61) { print file ":" start ": a function of " NR - start " lines"; bad = 1 } start = 0 }
        END { if (NR > 500) { print file ": " NR " lines"; bad = 1 } exit bad }
    ' "$file" || status=1
done
exit $status
