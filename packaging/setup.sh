#!/bin/sh
# Brings a checkout up to date: system packages, virtual environment, web client. Does nothing, quickly, when nothing
# has changed.
#
#   packaging/setup.sh run     what `make run` needs
#   packaging/setup.sh check   what `make check` needs: no web client
#   packaging/setup.sh test    what `make test` needs
#   packaging/setup.sh bench   and what `make bench` compares with
set -eu
cd "$(dirname "$0")/.."
. packaging/parts/common.sh
. packaging/parts/system.sh
. packaging/parts/python.sh
. packaging/parts/web.sh

level=${1:?run, check, test or bench}
case $level in run | check | test | bench) ;; *) die "no such level: $level (run, check, test or bench)" ;; esac

system_key() { packages_for "$level" | sha256sum | cut -d ' ' -f 1; }

web_is_ready() { [ "$level" = check ] || web_is_current; }

if is_current "system-$level" "$(system_key)" && python_is_current "$level" && web_is_ready; then exit 0; fi

# Two set-ups at once would trip over each other; the second waits and then finds little to do.
if command -v flock >/dev/null 2>&1; then
    exec 9>.setup.lock
    flock 9
fi

if ! is_current "system-$level" "$(system_key)"; then
    if [ ! -x .venv/bin/python ]; then find_python; else PYTHON=$PWD/.venv/bin/python; fi
    check_system "$level"
fi
if ! python_is_current "$level"; then
    find_python
    set_up_python "$level"
fi
set_current "system-$level" "$(system_key)"
if ! web_is_ready; then set_up_web; fi
