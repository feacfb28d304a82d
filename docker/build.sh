#!/usr/bin/env bash
# Builds the sandbox image and tags it ultrainteract-sandbox:<content hash> and :latest.
# The base is a Python image where one can be pulled, else Debian's packages (debootstrap).
# Wheels come from the host's pip ($PYTHON, default python3), so the build needs no network.
set -euo pipefail
python=$(command -v "${PYTHON:-python3}") || { echo "image: no ${PYTHON:-python3}: set PYTHON" >&2; exit 1; }
case $python in /*) ;; *) python=$PWD/$python ;; esac
cd "$(dirname "$0")"

version=3.11
image=ultrainteract-sandbox
pulled=python:$version-slim-bookworm
debian=ultrainteract-base:bookworm

say() { echo "image: $*"; }

die() { say "$*" >&2; exit 1; }

have() { docker image inspect "$1" >/dev/null 2>&1; }

# Runs a command with its output in a file that is shown only when the command fails.
quietly() {
  if ! "$@" >"$work/log" 2>&1 </dev/null; then
    tail -n 30 "$work/log" >&2
    die "failed: $*"
  fi
}

# The first line of a pull comes when the registry has answered: without it there is none to wait for.
pull() {
  local first pid
  exec 3< <(exec timeout 600 docker pull "$pulled" 2>/dev/null)
  pid=$!
  if read -r -t 20 -u 3 first && [[ $first == *Pulling* ]]; then
    say "pulling $pulled"
    cat <&3 >/dev/null
  else
    kill "$pid" 2>/dev/null || true
  fi
  exec 3<&-
  have "$pulled"
}

bootstrap() {
  [ "$(id -u)" -eq 0 ] || die "no base image can be pulled, and debootstrap needs root: run sudo docker/build.sh"
  if ! command -v debootstrap >/dev/null; then
    command -v apt-get >/dev/null || die "no base image can be pulled, and debootstrap is not installed"
    say "installing debootstrap with apt"
    export DEBIAN_FRONTEND=noninteractive
    quietly apt-get update -qq
    quietly apt-get install -y -qq --no-install-recommends debootstrap debian-archive-keyring
  fi
  say "no base image can be pulled: building one from Debian packages (about two minutes)"
  quietly debootstrap --variant=minbase --include=python3,python3-pip bookworm "$work/root"
  rm -rf "$work"/root/var/cache/apt/archives/*.deb "$work"/root/var/lib/apt/lists/*
  tar -C "$work/root" --one-file-system -c . | docker import - "$debian" >/dev/null
  rm -rf "$work/root"
}

# Wheels for the image's Python and the engine's architecture, whatever this host runs.
download() {
  local arch tags=() glibc
  arch=$(docker version --format '{{.Server.Arch}}')
  arch=${arch/amd64/x86_64}
  arch=${arch/arm64/aarch64}
  for glibc in 2_36 2_35 2_34 2_31 2_28 2_27 2_26 2_24 2_17 2_12 2_5; do
    tags+=(--platform "manylinux_${glibc}_$arch")
  done
  tags+=(--platform "manylinux2014_$arch")
  say "downloading packages with $python -m pip"
  quietly "$python" -m pip download --disable-pip-version-check --only-binary=:all: \
    --implementation cp --python-version "$version" "${tags[@]}" \
    --dest "$work/context/wheels" --requirement requirements.txt
}

docker info >/dev/null 2>&1 || die "no Docker engine answers: run docker/engine.sh"
hash=$(sha256sum Dockerfile build.sh requirements.txt | sha256sum | cut -c1-12)
if have "$image:$hash"; then
  docker tag "$image:$hash" "$image:latest"
  say "$image:$hash is there"
  exit 0
fi

"$python" -m pip --version >/dev/null 2>&1 || die "$python has no pip: set PYTHON to one that has"
work=$(mktemp -d "${TMPDIR:-/tmp}/ultrainteract-image.XXXXXX")
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/context/wheels"
download
if have "$pulled" || pull; then
  base=$pulled
else
  have "$debian" || bootstrap
  base=$debian
fi
cp Dockerfile requirements.txt "$work/context"
say "building $image:$hash on $base"
quietly env DOCKER_BUILDKIT=0 docker build --force-rm --network none --build-arg "BASE=$base" \
  --tag "$image:$hash" --tag "$image:latest" "$work/context"
# The stage that installed would lie there untagged.
docker image prune --force --filter label=ultrainteract=install >/dev/null
say "built $image:$hash"
