#!/usr/bin/env bash
# Sets up sandboxes without an engine: bubblewrap, and the packages of requirements.txt in the
# user's cache, for the Python that runs the project ($PYTHON, default python3).
set -euo pipefail
python=$(command -v "${PYTHON:-python3}") || { echo "bubblewrap: no ${PYTHON:-python3}: set PYTHON" >&2; exit 1; }
case $python in /*) ;; *) python=$PWD/$python ;; esac
cd "$(dirname "$0")"

say() { echo "bubblewrap: $*"; }

die() { say "$*" >&2; exit 1; }

# Runs a command with its output in a file that is shown only when the command fails.
quietly() {
  if ! DEBIAN_FRONTEND=noninteractive "$@" >"$work/log" 2>&1 </dev/null; then
    tail -n 30 "$work/log" >&2
    die "failed: $*"
  fi
}

install_bwrap() {
  if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
    die "there is no bwrap: ask for the package 'bubblewrap', or put a bwrap of your own on PATH"
  fi
  say "installing bubblewrap with apt"
  quietly apt-get update -qq
  quietly apt-get install -y -qq --no-install-recommends bubblewrap
}

# Other users read these, where root gives every notebook a user id of its own.
umask 022
cache=${XDG_CACHE_HOME:-$HOME/.cache}/ultrainteract
mkdir -p "$cache"
work=$(mktemp -d "$cache/.packages.XXXXXX")
trap 'rm -rf "$work"' EXIT

command -v bwrap >/dev/null || install_bwrap
tag=$("$python" -c 'import platform, sys; print("%d.%d" % sys.version_info[:2], platform.machine(), sep="-")')
packages=$cache/packages-$tag-$(sha256sum requirements.txt | cut -c1-12)
if [ -d "$packages" ]; then
  say "$packages is there"
  exit 0
fi
"$python" -m pip --version >/dev/null 2>&1 || die "$python has no pip: set PYTHON to one that has"
say "installing packages with $python -m pip"
chmod 755 "$work"
quietly "$python" -m pip install --disable-pip-version-check --root-user-action ignore \
  --only-binary=:all: --no-compile --target "$work/packages" --requirement requirements.txt
quietly "$python" -m compileall -q -j 0 "$work/packages"
# Whole or not at all: a folder of that name is complete.
mv -T "$work/packages" "$packages" 2>/dev/null || [ -d "$packages" ] || die "cannot write $packages"
say "installed $packages"
