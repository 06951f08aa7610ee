#!/bin/sh
# Writes requirements/*.txt from pyproject.toml and requirements/bootstrap.in.
#
#   packaging/lock.sh [--upgrade | --upgrade-package NAME]...
#
# Versions already locked stay unless an option says otherwise. The files hold names, versions and hashes, and no
# address of a package index: each machine uses the index it is configured for.
set -eu
cd "$(dirname "$0")/.."

compile() {
    .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
        --no-emit-index-url --no-emit-find-links --annotation-style line "$@"
}

compile "$@" requirements/bootstrap.in -o requirements/bootstrap.txt
# dev holds everything the others hold, so it decides the versions and the others follow.
compile "$@" --extra dev pyproject.toml -o requirements/dev.txt
compile -c requirements/dev.txt pyproject.toml -o requirements/run.txt
compile -c requirements/dev.txt requirements/build.in -o requirements/build.txt

if grep -nE '[a-z]+://' requirements/*.txt; then
    echo "lock: a lock file names an address; see the lines above" >&2
    exit 1
fi
