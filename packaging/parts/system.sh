# System packages: what is missing is found by looking for the thing itself, and installed by apt where there is apt.

# One a line: what for | how to see that it is there | Debian package, alternatives by comma (the first apt knows).
# The probe is `lib SONAME`, `cmd NAME,NAME`, `file GLOB` or `venv`.
PACKAGES_PYTHON='
need|venv|python3-venv'

PACKAGES_WINDOW='
need|lib libglib-2.0.so.0|libglib2.0-0t64,libglib2.0-0
need|lib libEGL.so.1|libegl1
need|lib libGL.so.1|libgl1
need|lib libdbus-1.so.3|libdbus-1-3
need|lib libxkbcommon.so.0|libxkbcommon0
need|lib libfontconfig.so.1|libfontconfig1
need|lib libxcb-cursor.so.0|libxcb-cursor0
need|lib libxkbcommon-x11.so.0|libxkbcommon-x11-0
need|lib libxcb-icccm.so.4|libxcb-icccm4
need|lib libxcb-keysyms.so.1|libxcb-keysyms1
need|lib libxcb-shape.so.0|libxcb-shape0
need|lib libxcb-randr.so.0|libxcb-randr0
need|lib libwayland-cursor.so.0|libwayland-cursor0
need|lib libwayland-egl.so.1|libwayland-egl1
want|lib libvlc.so.5|libvlc5
want|file /usr/lib*/*/vlc/plugins/codec/libavcodec_plugin.so /usr/lib*/vlc/plugins/codec/libavcodec_plugin.so|vlc-plugin-base'

PACKAGES_TEST='
need|cmd Xvfb|xvfb
need|cmd xauth|xauth
need|cmd chromium,chromium-browser,google-chrome|chromium
need|cmd initdb /usr/lib/postgresql/*/bin/initdb|postgresql
need|file /usr/share/fonts/truetype/*/*.ttf /usr/share/fonts/*/*.ttf|fonts-dejavu-core
need|cmd openssl|openssl
need|cmd nginx /usr/sbin/nginx|nginx-light
need|cmd ffmpeg|ffmpeg'

PACKAGES_BENCH='
need|cmd wrk|wrk'

packages_for() { # LEVEL
    # On other systems the Python packages bring all they need; libvlc comes with VLC itself.
    if [ "$(uname)" != Linux ]; then return; fi
    printf '%s' "$PACKAGES_PYTHON"
    case $1 in
        run) if has_display; then printf '%s' "$PACKAGES_WINDOW"; fi ;;
        check | test) printf '%s%s' "$PACKAGES_WINDOW" "$PACKAGES_TEST" ;;
        bench) printf '%s%s%s' "$PACKAGES_WINDOW" "$PACKAGES_TEST" "$PACKAGES_BENCH" ;;
    esac
    printf '\n'
}

is_there() { # KIND ARGUMENTS
    kind=$1
    shift
    case $kind in
        venv) "$PYTHON" -c 'import ensurepip, venv' 2>/dev/null ;;
        lib) grep -qF "$1 " "$LIBRARIES" ;;
        cmd)
            for name in $(printf '%s' "$1" | tr , ' '); do
                if command -v "$name" >/dev/null 2>&1; then return 0; fi
            done
            shift
            for path in "$@"; do if [ -x "$path" ]; then return 0; fi; done
            return 1
            ;;
        file) for path in "$@"; do if [ -e "$path" ]; then return 0; fi; done; return 1 ;;
    esac
}

# Sets MISSING_NEED and MISSING_WANT to the package columns of what is not there.
find_missing() { # LEVEL
    MISSING_NEED='' MISSING_WANT=''
    LIBRARIES=$(mktemp)
    { PATH=$PATH:/sbin:/usr/sbin ldconfig -p 2>/dev/null || true; } >"$LIBRARIES"
    packages_for "$1" >"$LIBRARIES.list"
    while IFS='|' read -r weight probe package; do
        # shellcheck disable=SC2086 # the probe is words and globs
        if [ -z "$weight" ] || is_there $probe; then continue; fi
        case $weight in
            need) MISSING_NEED="$MISSING_NEED $package" ;;
            want) MISSING_WANT="$MISSING_WANT $package" ;;
        esac
    done <"$LIBRARIES.list"
    rm -f "$LIBRARIES" "$LIBRARIES.list"
}

# The way to root, as words before a command; fails where there is none.
as_root() {
    if [ "$(id -u)" = 0 ]; then
        echo env
    elif command -v sudo >/dev/null 2>&1 && { [ -t 0 ] || sudo -n true 2>/dev/null; }; then
        echo sudo env
    else
        return 1
    fi
}

# The first of several names that this release of the distribution knows.
known_package() { # NAME,NAME
    for name in $(printf '%s' "$1" | tr , ' '); do
        if apt-cache show "$name" >/dev/null 2>&1; then
            echo "$name"
            return
        fi
    done
    echo "${1##*,}"
}

# Needed and wished-for packages go in two calls: one that cannot be had must not stop the others.
install_packages() { # PACKAGE-COLUMN...
    names=''
    for column in "$@"; do names="$names $(known_package "$column")"; done
    say "installing system packages:$names"
    # shellcheck disable=SC2086 # $ROOT and names are words
    $ROOT DEBIAN_FRONTEND=noninteractive apt-get install -y -qq -o Dpkg::Use-Pty=0 --no-install-recommends $names >&2
}

install_missing() {
    if ! command -v apt-get >/dev/null 2>&1; then return; fi
    if ! ROOT=$(as_root); then
        say 'system packages are missing, and there is no root account and no sudo to install them with'
        return
    fi
    # shellcheck disable=SC2086 # $ROOT and package columns are words
    {
        $ROOT DEBIAN_FRONTEND=noninteractive apt-get update -qq >&2 || true
        if [ -n "$MISSING_NEED" ]; then install_packages $MISSING_NEED || true; fi
        if [ -n "$MISSING_WANT" ]; then install_packages $MISSING_WANT || true; fi
    }
}

check_system() { # LEVEL
    find_missing "$1"
    if [ -z "$MISSING_NEED$MISSING_WANT" ]; then return; fi
    install_missing
    find_missing "$1"
    if [ -n "$MISSING_WANT" ]; then
        say "missing and not installed:$MISSING_WANT. Marquee works without, but the window cannot play videos."
    fi
    if [ -n "$MISSING_NEED" ]; then
        names=''
        for column in $MISSING_NEED; do names="$names $(known_package "$column")"; done
        die "missing and not installed:$names.
        On Debian or Ubuntu: sudo apt-get install --no-install-recommends$names
        Elsewhere install what holds the same files, then start this again."
    fi
}
