#!/usr/bin/env bash
# Makes sure that a Docker engine answers. An engine that answers is used as it is; on Debian and
# Ubuntu as root one is installed and started; anywhere else the commands to run are printed.
set -euo pipefail

log=${ULTRAINTERACT_ENGINE_LOG:-/var/log/ultrainteract-dockerd.log}
patience=60

say() { echo "engine: $*"; }

answers() { timeout 10 docker info >/dev/null 2>&1; }

advise() {
  cat >&2 <<TEXT
engine: no Docker engine answers, and this script installs one only on Debian or Ubuntu as root.
Run one of these, then try again:
  sudo docker/engine.sh                                    # Debian, Ubuntu: install and start
  sudo systemctl start docker                              # installed, not started
  sudo usermod -aG docker "\$USER" && newgrp docker         # started, not allowed to use it
  export DOCKER_HOST=unix:///path/to/docker.sock           # an engine somewhere else
TEXT
  exit 1
}

# Runs a command with its output in a file that is shown only when the command fails.
quietly() {
  local out
  out=$(mktemp)
  if ! DEBIAN_FRONTEND=noninteractive "$@" >"$out" 2>&1 </dev/null; then
    say "failed: $*" >&2
    tail -n 30 "$out" >&2
    rm -f "$out"
    exit 1
  fi
  rm -f "$out"
}

install_engine() {
  command -v apt-get >/dev/null || advise
  say "installing docker.io and debootstrap with apt (about a minute)"
  quietly apt-get update -qq
  # The package tries to start a service; where no service manager runs that is refused, not fatal.
  quietly apt-get install -y -qq --no-install-recommends docker.io debootstrap iptables ca-certificates
}

start_engine() {
  if [ -d /run/systemd/system ]; then
    say "starting the docker service"
    quietly systemctl start docker
    return
  fi
  say "starting dockerd in the background (log: $log)"
  # A pid file left by an engine that was killed keeps the next one from starting. Its number may
  # belong to another process by now, or to a zombie that nobody buries.
  forget_dead /var/run/docker.pid dockerd
  forget_dead /var/run/docker/containerd/containerd.pid containerd
  nohup setsid dockerd >>"$log" 2>&1 </dev/null &
  engine=$!
}

# forget_dead FILE NAME: remove a pid file unless a living process of that name has the number.
forget_dead() {
  local pid
  pid=$(cat "$1" 2>/dev/null) || return 0
  if ! grep -qsE "^[0-9]+ \($2\) [^ZX]" "/proc/$pid/stat"; then
    rm -f "$1"
  fi
}

await_engine() {
  local deadline=$((SECONDS + patience))
  until answers; do
    if [ -n "${engine:-}" ] && ! kill -0 "$engine" 2>/dev/null; then
      say "dockerd ended; the last lines of $log:" >&2
      tail -n 20 "$log" >&2
      exit 1
    fi
    if [ $SECONDS -ge $deadline ]; then
      say "dockerd does not answer after $patience s; the last lines of $log:" >&2
      tail -n 20 "$log" >&2 || true
      exit 1
    fi
    sleep 0.3
  done
}

if command -v docker >/dev/null && answers; then
  say "an engine answers: $(docker version --format '{{.Server.Version}}')"
  exit 0
fi
# An engine chosen by DOCKER_HOST is the user's to mend.
if [ "$(id -u)" -ne 0 ] || [ -n "${DOCKER_HOST:-}" ]; then advise; fi
command -v dockerd >/dev/null || install_engine
start_engine
await_engine
say "started: $(docker version --format '{{.Server.Version}}')"
