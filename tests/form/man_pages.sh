#!/bin/sh
# The man pages have nothing that mandoc would warn about.
set -eu
for page in docs/man/*.[158]; do
    "$1" -T lint -W warning "$page"
done
