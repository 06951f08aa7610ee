#!/bin/sh
# `make run`: sets up what is missing, then starts Marquee: the window where there is a display, else the server.
# Arguments, when there are any, go to `marquee` as they are: packaging/run.sh serve --port 0
set -eu
cd "$(dirname "$0")/.."
. packaging/parts/common.sh

sh packaging/setup.sh run
if [ $# -gt 0 ]; then exec .venv/bin/marquee "$@"; fi
if has_display; then exec .venv/bin/marquee; fi
say 'no display here, so this serves without a window'
exec .venv/bin/marquee serve
