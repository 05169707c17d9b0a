# shellcheck shell=bash
# What `engine` and `images` share: where things are, and the Engine API through curl. Sourced, not run.

. "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib/common.sh"

readonly HOME_DIR=${BERTH_ENGINES_DIR:-/var/cache/berth-engines}
readonly ENGINES=(docker-20 docker-20-no-gpu docker-28 docker-28-tls podman-5)
export HOME_DIR ENGINES

# Engines need root; the caller's group may use their sockets.
become_root() {
  [ "$(id -u)" = 0 ] || exec sudo BERTH_ENGINES_DIR="$HOME_DIR" "$0" "$@"
  mkdir -p "$HOME_DIR"
}

state_of() { echo "$HOME_DIR/$1"; }
socket_of() { echo "$HOME_DIR/$1/docker.sock"; }

# api ENGINE METHOD PATH [curl option…]: the body of the answer; fails where the status is 400 or more.
# Not the docker command: the distribution's may be too old for the newest engine.
api() {
  local engine=$1 method=$2 path=$3
  shift 3
  curl -sSg --noproxy '*' --fail-with-body --max-time "${API_TIMEOUT:-30}" --unix-socket "$(socket_of "$engine")" \
    -X "$method" "$@" "http://engine$path"
}
answers() { API_TIMEOUT=5 api "$1" GET /_ping >/dev/null 2>&1; }

# fetch_package PACKAGE DIR: unpacks a package of the distribution without installing it, so that none of its
# services ends up on the machine.
fetch_package() {
  local work
  work=$(mktemp -d "$HOME_DIR/fetch.XXXXXX")
  chmod 755 "$work"
  (
    cd "$work"
    # As root apt warns that its sandbox user cannot write here.
    apt-get -q -o APT::Sandbox::User=root download "$1" || { apt-get -q update && apt-get -q -o APT::Sandbox::User=root download "$1"; }
  ) >&2 || die "cannot download $1"
  mkdir -p "$2"
  dpkg-deb -x "$work"/*.deb "$2"
  rm -rf "$work"
}

share() { # share FOLDER…: mounts them into ROOT
  local folder
  for folder; do
    mkdir -p "$ROOT$folder"
    mount --rbind "$folder" "$ROOT$folder"
  done
}

# Makes ROOT fit to live in: it gets the machine's own folders at their own paths, so that bind mounts mean the same to a
# client outside. Only in a mount namespace of its own. Uses STATE and ROOT.
enter_root() {
  # runc needs a root that is a mount point.
  mount --bind "$ROOT" "$ROOT"
  share /proc /sys /dev
  local folder
  for folder in /*; do
    case $folder in
      /bin | /boot | /dev | /etc | /lib* | /lost+found | /proc | /run | /sbin | /sys | /usr | /var) continue ;;
    esac
    [ ! -d "$folder" ] || [ -L "$folder" ] || share "$folder"
  done
  case $REPO in /usr/* | /var/*) share "$REPO" ;; esac
  share "$STATE"
  mkdir -p "$ROOT/etc/cdi"
  mount --bind "$STATE/cdi" "$ROOT/etc/cdi"
  mount -t tmpfs tmpfs "$ROOT/run"
}
