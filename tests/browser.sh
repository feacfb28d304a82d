#!/usr/bin/env bash
# Makes sure that a Chromium is there for the browser tests: on Debian as root it is installed;
# anywhere else nothing happens, and those tests are skipped with their reason.
set -euo pipefail

for name in chromium chromium-browser google-chrome; do
  if command -v "$name" >/dev/null; then
    echo "browser: $name is there"
    exit 0
  fi
done
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
  echo "browser: none found; the browser tests will be skipped"
  exit 0
fi
echo "browser: installing chromium with apt (about a minute)"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
export DEBIAN_FRONTEND=noninteractive
if ! { apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium; } >"$log" 2>&1 </dev/null; then
  echo "browser: the installation failed" >&2
  tail -n 30 "$log" >&2
  exit 1
fi
