# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2034
# What deploy/* and tests/run share: messages, small questions about the host, and the two build
# steps. To be sourced; it defines functions and these variables and does nothing else.
BERTH_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
BERTH_CACHE=${BERTH_CACHE:-/var/cache/berth}
BERTH_JOBS=${BERTH_JOBS:-$(nproc)}
# Clones at different places share what the compiler made.
export CCACHE_BASEDIR=$BERTH_ROOT CCACHE_NOHASHDIR=1

# Where Berth lives on this machine. BERTH_PREFIX moves all of it, for a trial beside a real one.
BERTH_PREFIX=${BERTH_PREFIX:-}
BERTH_BIN=$BERTH_PREFIX/usr/local/bin
BERTH_ETC=$BERTH_PREFIX/etc/berth
BERTH_STATE=$BERTH_PREFIX/var/lib/berth
BERTH_LOGS=$BERTH_PREFIX/var/log/berth
BERTH_RUN=$BERTH_PREFIX/run/berth

# A heading, so that a reader sees what the next minutes are about.
step() { printf '\n== %s\n' "$*"; }
say() { printf '   %s\n' "$*"; }
warn() { printf '   warning: %s\n' "$*" >&2; }
die() {
  printf '%s: %s\n' "${0##*/}" "$*" >&2
  exit 1
}

need_root() {
  [ "$(id -u)" = 0 ] || die "this needs root, since $1; run it as: sudo $0"
}

have_systemd() { [ -d /run/systemd/system ]; }

# wait_until SECONDS COMMAND...: runs COMMAND until it succeeds, ten times a second. Fails when it
# never did.
wait_until() {
  local deadline=$((SECONDS + $1))
  shift
  until "$@"; do
    [ "$SECONDS" -lt "$deadline" ] || return 1
    sleep 0.1
  done
}

# The pid in FILE if that process still lives and runs PROGRAM, else nothing (status 1). The name is
# checked because a pid file outlives a host crash and pids are given out again.
live_pid() {
  local file=$1 program=$2 pid
  pid=$(cat "$file" 2>/dev/null) || return 1
  [ -n "$pid" ] && [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = "$program" ] && echo "$pid"
}

# stop_by_pid FILE PROGRAM SECONDS: asks the process of a pid file to end and waits for it; KILLs it
# after SECONDS. Not running: nothing happens.
stop_by_pid() {
  local file=$1 program=$2 patience=$3 pid
  if pid=$(live_pid "$file" "$program"); then
    kill -TERM "$pid" 2>/dev/null || true  # It may have ended since we looked.
    if ! wait_until "$patience" process_gone "$pid"; then
      warn "$program ($pid) is still there after $patience s: killing it"
      kill -KILL "$pid" 2>/dev/null || true
      wait_until 5 process_gone "$pid" || die "$program ($pid) cannot be killed"
    fi
  fi
  rm -f "$file"
}

# True when the process has ended. A zombie has: only its parent has not noticed yet.
process_gone() {
  local state
  state=$(sed -n 's/^State:[[:space:]]*\(.\).*/\1/p' "/proc/$1/status" 2>/dev/null) || return 0
  [ -z "$state" ] || [ "$state" = Z ]
}

# configure_and_build PRESET [TARGET...]: into build/PRESET. Ninja's own counter is the progress.
configure_and_build() {
  local preset=$1
  shift
  if [ ! -f "$BERTH_ROOT/build/$preset/build.ninja" ]; then
    (cd "$BERTH_ROOT" && cmake --preset "$preset")
  fi
  ninja -C "$BERTH_ROOT/build/$preset" -j "$BERTH_JOBS" "$@"
}
