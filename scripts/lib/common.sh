# shellcheck shell=bash
# What the scripts share: messages, root rights, packages. Sourced, not run.

export LC_ALL=C.UTF-8
export PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"
REPO=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
export REPO

say() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }
die() {
  say "error: $*"
  exit 1
}

# Runs a command with root's rights: through sudo where the caller has none.
as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    die "'$*' needs root: run as root, or install sudo"
  fi
}

has_command() { command -v "$1" >/dev/null; }
has_package() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

# install_packages PACKAGE…: package lists that are too old get one refresh and a second try. A service in a package
# is not started: a script that needs one starts it where everybody can see it.
install_packages() {
  [ $# -gt 0 ] || return 0
  has_command apt-get || die "apt-get is missing: on this system install by hand what corresponds to: $*"
  say "installing $*"
  as_root bash -s -- "$@" <<'END' || die "could not install: $*"
    set -u
    export DEBIAN_FRONTEND=noninteractive
    policy=/usr/sbin/policy-rc.d
    if [ ! -e $policy ]; then
      trap 'rm -f $policy' EXIT
      printf '#!/bin/sh\nexit 101\n' >$policy
      chmod 755 $policy
    fi
    install() {
      apt-get -q -y -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 --no-install-recommends install "$@" \
        </dev/null >&2
    }
    install "$@" || { apt-get -q update >&2 && install "$@"; }
END
}
