# The web client: built by the Node of the locked Python wheel (the distribution's may be too old), types from the API.

WEB=server/web

api_key() {
    hash_of_tree hub server -name node_modules -prune -o -name '*.py'
}

packages_key() {
    hash_of "$WEB/package.json" "$WEB/package-lock.json"
}

web_key() {
    hash_of_tree "$WEB" assets/icons \( -name node_modules -o -name dist -o -name schema.d.ts \) -prune -o -type f
}

api_is_current() {
    is_current api "$(api_key)" && [ -e "$WEB/openapi.json" ]
}

web_is_current() {
    api_is_current && is_current web "$(web_key)" && [ -e "$WEB/dist/index.html" ]
}

set_up_web() {
    if ! api_is_current; then
        key=$(api_key)
        .venv/bin/python -m server.openapi >"$WEB/openapi.json.new" || die 'describing the API failed; see above'
        # An unchanged description keeps its file, and with it the built client.
        if cmp -s "$WEB/openapi.json.new" "$WEB/openapi.json"; then
            rm "$WEB/openapi.json.new"
        else
            mv "$WEB/openapi.json.new" "$WEB/openapi.json"
        fi
        set_current api "$key"
    fi
    if ! is_current packages "$(packages_key)" || [ ! -e "$WEB/node_modules/.package-lock.json" ]; then
        say 'installing what the web client is built with'
        key=$(packages_key)
        in_web npm ci --no-audit --no-fund --loglevel=error || die 'npm ci failed; see above'
        set_current packages "$key"
    fi
    if ! is_current web "$(web_key)" || [ ! -e "$WEB/dist/index.html" ]; then
        say 'building the web client'
        key=$(web_key)
        in_web npm run --silent build || die 'building the web client failed; see above'
        set_current web "$key"
    fi
}

# npm's own scripts find their `node` on PATH.
in_web() {
    (PATH=$PWD/.venv/bin:$PATH && cd "$WEB" && "$@") >&2
}
