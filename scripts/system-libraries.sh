#!/bin/sh
# The shared libraries that Qt loads and pip can't install, and Python's venv module.
# As root on Debian and Ubuntu they are installed; otherwise one line says what to run.
set -eu

missing=""
need() {  # need FILE-PATTERN PACKAGE: the package is missing when no such library is known to ldconfig
    ldconfig -p 2>/dev/null | grep -q "$1" || missing="$missing $2"
}

[ "$(uname -s)" = Linux ] || exit 0
PATH="$PATH:/sbin:/usr/sbin"
need 'libglib-2.0.so.0' libglib2.0-0
need 'libEGL.so.1' libegl1
need 'libGL.so.1' libgl1
need 'libfontconfig.so.1' libfontconfig1
need 'libdbus-1.so.3' libdbus-1-3
need 'libxkbcommon-x11.so.0' libxkbcommon-x11-0
need 'libxcb-cursor.so.0' libxcb-cursor0
need 'libxcb-icccm.so.4' libxcb-icccm4
need 'libxcb-keysyms.so.1' libxcb-keysyms1
need 'libxcb-shape.so.0' libxcb-shape0
need 'libxcb-image.so.0' libxcb-image0
need 'libxcb-render-util.so.0' libxcb-render-util0
need 'libxcb-xinerama.so.0' libxcb-xinerama0
"${PYTHON:-python3}" -c 'import ensurepip' 2>/dev/null || missing="$missing python3-venv"
# A font, else every text of the window is empty boxes.
ls /usr/share/fonts/*/*/*.ttf >/dev/null 2>&1 || missing="$missing fonts-dejavu-core"

[ -n "$missing" ] || exit 0
if ! command -v apt-get >/dev/null 2>&1; then
    echo "Qt needs these libraries (Debian's names):$missing. Install them with your package manager." >&2
    exit 0
fi
if [ "$(id -u)" = 0 ]; then
    apt-get update -qq
    # shellcheck disable=SC2086  # one word per package is meant
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
else
    echo "Some system libraries are missing. Please run: sudo apt-get install$missing" >&2
fi
