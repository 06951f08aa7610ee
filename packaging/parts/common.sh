# Shared by the set-up parts. Everything said goes to stderr: stdout belongs to the program that is started.

say() { printf 'set-up: %s\n' "$*" >&2; }

die() {
    printf 'set-up: %s\n' "$*" >&2
    exit 1
}

# A stamp holds the key (a hash of all inputs) with which a part was last brought up to date. Stamps live in the virtual
# environment and vanish with it.
STAMPS=.venv/stamps

is_current() { # NAME KEY
    [ -r "$STAMPS/$1" ] && [ "$(cat "$STAMPS/$1")" = "$2" ]
}

set_current() { # NAME KEY
    mkdir -p "$STAMPS"
    printf '%s\n' "$2" >"$STAMPS/$1.new"
    mv "$STAMPS/$1.new" "$STAMPS/$1"
}

hash_of() { # FILE...
    cat -- "$@" | sha256sum | cut -d ' ' -f 1
}

# The names count beside the contents, so that a removed or renamed file changes the key.
hash_of_tree() { # find's arguments, without an action
    { find "$@" -print | LC_ALL=C sort && find "$@" -print0 | LC_ALL=C sort -z | xargs -0 cat; } | sha256sum | cut -d ' ' -f 1
}

has_display() {
    [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}${QT_QPA_PLATFORM:-}" ] || [ "$(uname)" = Darwin ]
}
