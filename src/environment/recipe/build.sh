#!/bin/sh
# Carries one stage of an environment out, as root in its container: build.sh inspect|system|python|frameworks|packages|lock.
# Lies with its inputs in /run/berth, which is memory and no part of the image that is made afterwards.
#
# Says to berth, in lines of standard output that begin with `@berth`:
#   @berth step TEXT       what is being done
#   @berth fact NAME=VALUE
#   @berth package NAME==VERSION and @berth system NAME: what is there
#   @berth locked STAGE NAME==VERSION FROM [HASH…]: what the stage installs, to the file
#   @berth failed REASON   why it ends (src/environment/build_failure.cpp knows the reasons)
# Everything else is the log. Any POSIX shell has to do: images are old, and small.
set -eu
cd /run/berth
# shellcheck source=/dev/null
. ./plan # PYTHON_SERIES, FRAMEWORKS, INSTALL_PYTHON, CACHE_BYTES
# shellcheck source=/dev/null
. ./surroundings # proxies, certificates, pip's configuration
# shellcheck source=/dev/null
[ ! -f variables ] || . ./variables # for what is compiled
CACHE=/var/cache/berth
umask 022

step() { printf '@berth step %s\n' "$*"; }
fact() { printf '@berth fact %s\n' "$*"; }
# What is left of the engine's disk, which / is on in a container: "free total", in KiB.
disk() { df -Pk / 2>/dev/null | { read -r _ && read -r _ total _ free _ && echo "$free $total"; }; }
failed() {
  fact "disk=$(disk || true)"
  for loader in /lib/ld-musl-*; do [ ! -e "$loader" ] || fact libc=musl; done
  printf '@berth failed %s\n' "$*"
  exit 1
}
counted() { # counted NUMBER THING: "1 package", "2 packages"
  if [ "$1" -eq 1 ]; then echo "$1 $2"; else echo "$1 $2s"; fi
}
has() { command -v "$1" >/dev/null 2>&1; }

# --- the distribution's packages -------------------------------------------------------------------

APT_OPTIONS="-o APT::Sandbox::User=root -o Acquire::Retries=3"
[ ! -f ca.crt ] || APT_OPTIONS="$APT_OPTIONS -o Acquire::https::CaInfo=/run/berth/ca.crt"

apt() { # apt COMMAND…: the machine's lists, or the copy that revive_sources() has made
  # shellcheck disable=SC2086  # these are words
  DEBIAN_FRONTEND=noninteractive apt-get -q $APT_OPTIONS "$@"
}

# Whether there is a package to install; `show` knows names as well that others only provide.
offers() {
  # shellcheck disable=SC2086
  apt-cache $APT_OPTIONS policy "$1" 2>/dev/null | grep -q 'Candidate: *[^ (]'
}

# Lists that nobody serves any more: NVIDIA's (signed with a key that was withdrawn in 2022), those of
# distributions that have moved to an archive. The image's own lists stay as they are.
revive_sources() {
  rm -rf etc-apt
  cp -r /etc/apt etc-apt
  APT_OPTIONS="$APT_OPTIONS -o Dir::Etc=/run/berth/etc-apt"
  grep -rlE 'developer\.download\.nvidia\.com|nvidia\.github\.io' etc-apt/sources.list.d 2>/dev/null |
    while read -r list; do rm -f "$list"; done
  local_lists=$(find etc-apt -name '*.list' -o -name '*.sources')
  codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
  # shellcheck disable=SC2086  # names of files without blanks
  [ -n "$codename" ] || codename=$(grep -ohE '(jessie|stretch|xenial|trusty)' $local_lists | head -n 1)
  case $codename in
    jessie | stretch | buster)
      # shellcheck disable=SC2086
      sed -i -e 's#https\{0,1\}://[a-z.]*debian.org/debian-security#http://archive.debian.org/debian-security#' \
        -e 's#https\{0,1\}://security.debian.org[^ ]*#http://archive.debian.org/debian-security#' \
        -e 's#https\{0,1\}://[a-z.]*debian.org/debian\([ /]\)#http://archive.debian.org/debian\1#' \
        -e "/$codename-updates/d" $local_lists
      # What is archived is dated, and the oldest is signed with keys that have expired.
      APT_OPTIONS="$APT_OPTIONS -o Acquire::Check-Valid-Until=false"
      ;;
    groovy | hirsute | impish | kinetic | lunar | mantic | oracular)
      # shellcheck disable=SC2086
      sed -i -e 's#http://[a-z.]*archive.ubuntu.com#http://old-releases.ubuntu.com#' \
        -e 's#http://security.ubuntu.com#http://old-releases.ubuntu.com#' $local_lists
      ;;
  esac
}

read_lists() {
  [ -z "${LISTS_READ:-}" ] || return 0
  has apt-get || failed no-apt
  step "reading the distribution's lists of packages"
  # apt ends well although it could not read a list.
  apt update 2>&1 | tee lists.log
  if grep -qE 'NO_PUBKEY|EXPKEYSIG|404 |does not have a Release file|no longer has a Release file|is not signed' lists.log; then
    step "reading them again, from where old releases are kept"
    revive_sources
    apt update 2>&1 | tee lists.log
  fi
  ! grep -qE '^(E:|W: Failed)' lists.log || failed system-index
  LISTS_READ=yes
}

install_system() { # install_system PACKAGE…
  read_lists
  archives=$CACHE/apt
  mkdir -p "$archives/partial"
  # Two builds at once share the archives, one after the other.
  set -- -o Dir::Cache::archives="$archives" -o APT::Keep-Downloaded-Packages=true \
    install -y --no-install-recommends "$@"
  if has flock; then
    (
      flock 9
      apt "$@"
    ) 9>"$archives/lock-of-berth" || return 1
  else
    apt "$@" || return 1
  fi
}

stage_system() {
  # shellcheck disable=SC2046  # names have no blanks
  set -- $(cat system.txt)
  has apt-get || failed no-apt
  read_lists
  step "installing $*"
  install_system "$@" || failed system-package
}

# --- Python ----------------------------------------------------------------------------------------

series_of() { "$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null; }

# The Python of the plan; where the plan knows none, the one that the image means.
find_python() {
  for candidate in "python$PYTHON_SERIES" python python3 /opt/conda/bin/python; do
    if has "$candidate" && { [ -z "$PYTHON_SERIES" ] || [ "$(series_of "$candidate")" = "$PYTHON_SERIES" ]; }; then
      PYTHON=$(command -v "$candidate")
      fact "interpreter=$PYTHON"
      fact "python=$("$PYTHON" -c 'import platform; print(platform.python_version())')"
      fact "machine=$("$PYTHON" -c 'import platform; print(platform.machine())')"
      return 0
    fi
  done
  return 1
}

other_python() {
  for candidate in python3 python; do
    ! has "$candidate" || { series_of "$candidate" && return; }
  done
}

# A series that the distribution does not have: uv knows where relocatable builds of it are, and their
# checksums. UV_PYTHON_INSTALL_MIRROR names another place. uv itself comes from the index, through the
# distribution's own Python.
standalone_python() {
  PATH="$PATH:$CACHE/tools/bin"
  if ! has uv; then
    install_system python3 python3-pip || return 1
    PIP_CACHE_DIR=$CACHE/pip PIP_BREAK_SYSTEM_PACKAGES=1 PIP_DISABLE_PIP_VERSION_CHECK=1 \
      python3 -m pip install --target "$CACHE/tools" uv || return 1
  fi
  UV_NATIVE_TLS=1 UV_SYSTEM_CERTS=1 UV_PYTHON_INSTALL_DIR=/opt/python UV_PYTHON_INSTALL_BIN=0 \
    uv python install "$PYTHON_SERIES" || return 1
  found=$(UV_PYTHON_INSTALL_DIR=/opt/python uv python find --managed-python "$PYTHON_SERIES") || return 1
  ln -sf "$found" "/usr/local/bin/python$PYTHON_SERIES"
  ln -sf "$found" /usr/local/bin/python
  # It belongs to this image alone, and pip may write there.
  find /opt/python -name EXTERNALLY-MANAGED -exec rm -f {} +
}

# On a CUDA base image there is none yet: the distribution's, if it has the series.
install_interpreter() {
  [ "$INSTALL_PYTHON" = yes ] || [ -z "$(other_python)" ] || failed "other-python $(other_python)"
  [ "$INSTALL_PYTHON" = yes ] || failed no-python
  has apt-get || failed no-python
  read_lists
  wanted=python${PYTHON_SERIES:-3}
  step "installing Python${PYTHON_SERIES:+ $PYTHON_SERIES}"
  offers "$wanted" || {
    standalone_python || failed "no-such-python $wanted"
    return
  }
  set -- "$wanted"
  for extra in "$wanted-venv" "$wanted-distutils"; do
    ! offers "$extra" || set -- "$@" "$extra"
  done
  install_system "$@" || failed system-package
  # What a project's scripts call.
  has python || ln -s "$(command -v "$wanted")" /usr/local/bin/python
}

install_pip() {
  step "installing pip"
  "$PYTHON" -m ensurepip >ensurepip.log 2>&1 && return
  cat ensurepip.log
  if has apt-get; then
    install_system python3-pip || failed no-pip
  elif has apk; then
    apk add --no-cache py3-pip || failed no-pip
  fi
  has_pip || pip_of_index || failed no-pip
}

# The distribution's pip is for its own Python. It fetches the latest one that the image's runs.
pip_of_index() {
  [ "$(series_of python3)" != "$(series_of "$PYTHON")" ] || return 1
  PIP_CACHE_DIR=$CACHE/pip python3 -m pip download --no-deps --only-binary :all: \
    --python-version "$(series_of "$PYTHON")" -d pip-wheels pip setuptools wheel || return 1
  PYTHONPATH=$(echo pip-wheels/pip-*.whl) "$PYTHON" -m pip install --no-deps --no-index pip-wheels/*.whl
}

stage_python() {
  find_python || install_interpreter
  find_python || failed no-python
  has_pip || install_pip
}

has_pip() { pip_is=$("$PYTHON" -m pip --version 2>/dev/null); }

# From 24.1 on pip counts bytes in lines of their own, if asked to; the ones before refuse the word.
pip_counter() {
  case ${pip_is:-} in
    pip\ [0-9].* | pip\ 1[0-9].* | pip\ 2[0-3].* | pip\ 24.0* | '') echo off ;;
    *) echo raw ;;
  esac
}

# uv where it is there: in the image, or in the cache. What is locked is installed by what every engine
# finds in the image.
find_installer() {
  if ! { [ -f locked.txt ] && has_pip; }; then PATH="$PATH:$CACHE/tools/bin"; fi
  if has uv && [ "${BERTH_INSTALLER:-}" != pip ]; then
    INSTALLER=uv
    fact "installer=$(uv --version)"
    return
  fi
  has_pip || failed no-pip
  INSTALLER=pip
  fact "installer=pip $("$PYTHON" -m pip --version | cut -d ' ' -f 2)"
}

# Everything but the requirements comes as variables, which old versions ignore where they would refuse
# an option. Only pip's own log says that an index refuses access; with it, some versions show what a
# compiler has said nowhere else.
with_pip() { # with_pip COMMAND…
  PIP_LOG=/run/berth/pip.log PIP_CACHE_DIR=$CACHE/pip PIP_NO_INPUT=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_PROGRESS_BAR=$(pip_counter) PIP_ROOT_USER_ACTION=ignore \
    PIP_BREAK_SYSTEM_PACKAGES=1 PIP_NO_WARN_SCRIPT_LOCATION=1 \
    "$PYTHON" -m pip "$@"
}
with_uv() {
  UV_CACHE_DIR=$CACHE/uv UV_LINK_MODE=copy UV_NO_PROGRESS=1 UV_NATIVE_TLS=1 UV_SYSTEM_CERTS=1 \
    UV_INDEX_STRATEGY=unsafe-best-match \
    uv pip "$@"
}
try_installing() {
  case $INSTALLER in
    uv) with_uv install --python "$PYTHON" --break-system-packages "$@" ;;
    *) with_pip install "$@" ;;
  esac
}
package_failed() {
  [ ! -f pip.log ] || {
    sed -n 's/.*\(Could not fetch URL.*\)/\1/p' pip.log | sort -u | tail -n 5
    sed 's/^[-0-9]*T[0-9:,]* *//' pip.log | grep -v '^pip\._' | grep -E 'rror: |not found' | tail -n 40
  }
  failed python-package
}
requirement_count() { counted "$(grep -c -v '^--' requirements.txt || true)" requirement; }
install_python() { try_installing "$@" || package_failed; }

# Just what is in locked.txt, and that only as the files whose hashes stand there.
install_locked() { # install_locked [OPTION…]
  [ -s locked.txt ] || return 0
  install_python --no-deps --require-hashes "$@" -r locked.txt
}

# --- the cache of downloads ------------------------------------------------------------------------

# All builds on the engine use it. Who is alone with it in the end keeps it small; where others are at work,
# the last of them does.
hold_cache() {
  if has flock && [ -w "$CACHE" ]; then
    exec 8>>"$CACHE/lock-of-berth"
    flock -s 8 || true
    CACHE_HELD=yes
  fi
}

trim_cache() {
  [ -n "${CACHE_HELD:-}" ] && flock -n -x 8 || return 0
  "$PYTHON" trim_cache.py "$CACHE" "$CACHE_BYTES" || true
}

# --- the stages ------------------------------------------------------------------------------------

stage_frameworks() {
  find_python || failed no-python
  find_installer
  if [ -f locked.txt ]; then
    step "installing what berth.lock says: $(counted "$(wc -l <locked.txt)" package)"
    # shellcheck disable=SC2046  # addresses have no blanks
    install_locked $(framework_places)
  else
    install_frameworks
  fi
  check_frameworks
}

install_frameworks() {
  while read -r place url requirements; do
    step "installing $requirements"
    # shellcheck disable=SC2086  # requirements are words here
    case $place in
      index) install_python --index-url "$url" $requirements ;;
      links) install_python --find-links "$url" $requirements ;;
      *) install_python $requirements ;;
    esac
  done <frameworks.txt
}

# Options for all places of frameworks.txt at once; it is for hashes to say which of the files is meant.
framework_places() {
  index_option=--index-url
  ! grep -qv '^index ' frameworks.txt || index_option=--extra-index-url
  while read -r place url _; do
    case $place in
      index)
        echo "$index_option $url"
        index_option=--extra-index-url
        ;;
      links) echo "--find-links $url" ;;
    esac
  done <frameworks.txt
}

# git looks for it in the home folder and nowhere else. A link into memory; the image gets none.
lend_netrc() {
  [ -f netrc ] && [ -n "${HOME:-}" ] && [ -d "$HOME" ] || return 0
  [ ! -e "$HOME/.netrc" ] && [ ! -L "$HOME/.netrc" ] || return 0
  ln -s /run/berth/netrc "$HOME/.netrc"
  # shellcheck disable=SC2064  # HOME as it is now
  trap "rm -f '$HOME/.netrc'" EXIT
}

# Editable packages are installed as what is at /workspace, where the project is at run time. Here that
# is a volume of this container.
lend_workspace() {
  [ ! -d files/workspace ] || cp -R files/workspace/. /workspace/
}

# What the build has left there is lost with it: an extension would be missing at run time. Older
# setuptools keep what a package says of itself beside its sources.
take_workspace() {
  [ -d files/workspace ] || return 0
  (cd /workspace && find . -name '*.so') | while read -r made; do
    [ -e "files/workspace/$made" ] || echo "${made#./}"
  done >extensions.log
  [ ! -s extensions.log ] || {
    cat extensions.log
    failed "editable-extension $(head -n 1 extensions.log)"
  }
  site=$("$PYTHON" -c 'import sysconfig; print(sysconfig.get_paths()["purelib"])')
  for link in "$site"/*.egg-link /usr/local/lib/python3*/dist-packages/*.egg-link; do
    [ -f "$link" ] || continue
    name=$(basename "$link" .egg-link | tr '.-' '__')
    from=$(head -n 1 "$link")
    [ ! -d "$from/$name.egg-info" ] || cp -R "$from/$name.egg-info" "$(dirname "$link")/"
  done
}

prepare_for_sources() {
  lend_netrc
  lend_workspace
  # What `-e git+…` checks out is part of the environment.
  export PIP_SRC=/usr/local/src/berth GIT_TERMINAL_PROMPT=0
}

# What the stages frameworks and packages install, to the file; of this container no image is made. With a
# between.txt it is an image of both already.
stage_lock() {
  find_python || failed no-python
  find_installer
  prepare_for_sources
  if [ ! -f between.txt ]; then
    install_frameworks
    "$PYTHON" inspect_environment.py list | sed 's/^@berth package //' >between.txt
    step "finding out what is installed for $(requirement_count)"
    install_for_lock
  fi
  step "asking for the hashes of what is installed"
  "$PYTHON" lock_environment.py pins
  framework_places >frameworks.options
  grep '^--' requirements.txt | grep -v '^--require-hashes' >packages.options || true
  hash_pins frameworks
  hash_pins packages
}

# What was locked before stays, where it still goes with the rest.
install_for_lock() {
  grep -q -v '^--' requirements.txt || return 0
  [ ! -s kept.txt ] ||
    ! try_installing -c kept.txt -c held.txt -c constraints.txt -r requirements.txt || return 0
  install_python -c held.txt -c constraints.txt -r requirements.txt
}

# pip downloads once more, most of it from its cache, and so knows the one file. uv does not say what it has
# installed, so where the image has uv alone it gets a pip here: from the index, or where that has none as images do.
hash_pins() { # hash_pins STAGE
  stage=$1
  [ -s "$stage.pins" ] || return 0
  has_pip || { try_installing pip && has_pip; } || install_pip
  cat "$stage.options" "$stage.pins" >"$stage.in"
  files=/var/tmp/berth-files-$stage
  rm -f pip.log
  with_pip download --no-deps -d "$files" -r "$stage.in" || download_each
  "$PYTHON" lock_environment.py files "$stage" "$files"
}

# pip before 20.1 does not note that a package is from no index. A line has brought each of these.
download_each() {
  missing=0
  direct=$(grep -c -E '^-e |^[./]|@' requirements.txt || true)
  [ "$direct" -gt 0 ] || package_failed
  while read -r pin; do
    with_pip download --no-deps -d "$files" -r "$stage.options" "$pin" </dev/null || missing=$((missing + 1))
  done <"$stage.pins"
  [ "$missing" -le "$direct" ] || package_failed
}

# What is there already; changes nothing.
stage_inspect() {
  if has dpkg-query; then dpkg-query -W -f '${db:Status-Status} ${Package}\n' | sed -n 's/^installed /@berth system /p'; fi
  ! has uv || fact "uv=$(uv --version)"
  ! has git || fact "git=$(git --version)"
  ! find_python || "$PYTHON" inspect_environment.py list
  exit
}

stage_packages() {
  find_python || failed no-python
  find_installer
  prepare_for_sources
  if [ -f locked.txt ]; then
    step "installing what berth.lock says: $(counted "$(cat locked.txt direct.txt | wc -l)" package)"
    install_locked -r requirements.txt
    # For these pip has no hashes: berth has compared their content with the lock, or their commit is in it.
    [ ! -s direct.txt ] || install_python --no-deps -r requirements.txt -r direct.txt
  else
    step "installing $(requirement_count)"
    install_python -c held.txt -c constraints.txt -r requirements.txt
  fi
  take_workspace
  [ ! -d "$PIP_SRC" ] || find "$PIP_SRC" -name .git -prune -exec rm -rf {} +
  "$PYTHON" inspect_environment.py clean
  [ -z "$FRAMEWORKS" ] || check_frameworks
}

# What was decided on must be what is there, whatever was installed beside it.
check_frameworks() {
  step "importing $(echo "$FRAMEWORKS" | sed 's/@cuda=[^ ]*//g')"
  # shellcheck disable=SC2086  # names
  "$PYTHON" inspect_environment.py check $FRAMEWORKS || failed framework
}

finish() {
  [ -z "${LISTS_READ:-}" ] || rm -rf /var/lib/apt/lists/*
  [ -n "${PYTHON:-}" ] || return 0
  "$PYTHON" inspect_environment.py list
  trim_cache
}

[ "$1" = inspect ] || hold_cache
"stage_$1"
finish
