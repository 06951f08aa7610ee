# The virtual environment: exactly the locked versions, their hashes checked, and Marquee itself in editable form.

find_python() {
    for name in ${PYTHON:-} python3 python3.13 python3.12 python3.11; do
        if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            PYTHON=$(command -v "$name")
            return
        fi
    done
    die 'Marquee needs Python 3.11 or newer as python3; name another one with PYTHON=/path/to/python'
}

# A development set-up holds all that a plain one holds, so a plain `make run` does not take it apart.
python_locks() { # LEVEL
    if [ "$1" = run ] && [ ! -e "$STAMPS/python-dev" ]; then
        echo requirements/run.txt requirements/build.txt
    else
        echo requirements/dev.txt
    fi
}

python_key() { # LEVEL
    # shellcheck disable=SC2046 # file names without spaces
    hash_of pyproject.toml requirements/bootstrap.txt $(python_locks "$1")
}

python_stamp() { # LEVEL
    case $(python_locks "$1") in *dev*) echo python-dev ;; *) echo python-run ;; esac
}

python_is_current() { # LEVEL
    is_current "$(python_stamp "$1")" "$(python_key "$1")" && [ -x .venv/bin/marquee ]
}

set_up_python() { # LEVEL
    # A virtual environment whose interpreter is gone (an upgraded system) is made anew.
    if ! .venv/bin/python -c '' 2>/dev/null; then
        say "making a virtual environment with $PYTHON"
        "$PYTHON" -m venv --clear .venv
    fi
    say 'installing Python packages (some 200 MB to fetch the first time)'
    if ! .venv/bin/python -m pip --version >/dev/null 2>&1; then .venv/bin/python -m ensurepip >&2; fi
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes \
        -r requirements/bootstrap.txt >&2
    locks=''
    for lock in $(python_locks "$1"); do locks="$locks -r $lock"; done
    # shellcheck disable=SC2086 # words
    VIRTUAL_ENV=$PWD/.venv .venv/bin/uv pip install --quiet --compile-bytecode --require-hashes $locks >&2
    VIRTUAL_ENV=$PWD/.venv .venv/bin/uv pip install --quiet --no-deps --no-build-isolation --editable . >&2
    # Half of a start's time is compiling, where Python may not keep what it compiled (PYTHONDONTWRITEBYTECODE).
    .venv/bin/python -m compileall -q hub server gui >&2
    if [ "$1" != run ]; then mkdir -p "$STAMPS" && : >>"$STAMPS/python-dev"; fi
    set_current "$(python_stamp "$1")" "$(python_key "$1")"
}
