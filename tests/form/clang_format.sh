#!/bin/sh
# Every C file is as the formatter prints it.
set -eu
. tests/form/files.sh
tree_files '*.c' '*.h' | xargs "$1" --dry-run --Werror
