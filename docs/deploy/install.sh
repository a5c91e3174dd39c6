#!/bin/sh
# Installs takedown with its intake into a new environment: install.sh FOLDER [PYTHON].
#
# Every package is pinned with its hashes, and only wheels are taken: nothing is compiled, and no administrator is
# needed. takedown itself comes from the clone that this file is in. The folder must not be there yet.
set -eu

if [ $# -lt 1 ] || [ $# -gt 2 ]; then
    echo "usage: install.sh FOLDER [PYTHON]" >&2
    exit 2
fi
folder=$1
python=${2:-python3}
source=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)

if [ -e "$folder" ]; then
    echo "There is something at $folder already. Name a folder that is not there yet. Nothing was changed." >&2
    exit 2
fi
if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    echo "takedown needs Python 3.11 or later. Name it as the second argument. Nothing was changed." >&2
    exit 2
fi

umask 022  # the account that serves reads this, and only the one that installs may change it
finished=
clean_up() {
    [ -n "$finished" ] || { rm -rf -- "$folder" && echo "Nothing was installed." >&2; }
}
trap clean_up EXIT
trap 'exit 1' HUP INT TERM

export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
"$python" -m venv "$folder"
"$folder/bin/python" -m pip install --quiet --require-hashes --only-binary :all: -r "$source/docs/requirements/intake.txt"
"$folder/bin/python" -m pip install --quiet --no-deps --no-index --no-build-isolation "$source"
installed=$("$folder/bin/takedown" --version)
finished=yes
echo "Installed $installed as $folder/bin/takedown"
