# shellcheck shell=bash disable=SC2154  # set by deploy/demo.sh
# Words, failure and the folder of a demo. Sourced by deploy/demo.sh, which sets
# root (the checkout) and dir (all state of the demo).

say() { printf '%s\n' "$*"; }

# step WORDS: what happens now, on a line that stands out.
step() { printf '\n== %s\n' "$*"; }

# die WORDS: the one way to fail. What runs is stopped by the exit trap.
die() {
  printf '\ndemo.sh: %s\n' "$*" >&2
  exit 1
}

# die_with_log NAME WORDS: fails with the end of a program's log and its path.
die_with_log() {
  local log=$dir/log/$1.log
  shift
  if [ -s "$log" ]; then
    printf '\nThe last lines of %s:\n' "$log" >&2
    tail -n 15 "$log" | sed 's/^/  | /' >&2
  fi
  die "$*; see $log"
}

# check_folder: refuses a folder that holds anything but a demo.
check_folder() {
  [ -d "$dir" ] || return 0
  [ -e "$dir/.cairn-demo" ] || [ -z "$(ls -A "$dir")" ] ||
    die "$dir holds other things than a demo; give another folder with --dir"
}

# lock_folder: one demo at a time in one folder; let go when the script ends.
lock_folder() {
  mkdir -p "$dir"
  exec 9>>"$dir/.cairn-demo"
  flock -n 9 || die "another demo is starting or running in $dir"
}

# fresh_state: an empty folder for this demo. Removes only what a demo made.
fresh_state() {
  local part
  for part in answers certificates config data log run state \
    agencies.tsv analyst.textproto env port; do
    rm -rf "${dir:?}/$part"
  done
  mkdir -p "$dir"/{answers,certificates,config,data,log,run,state}
}

# free_port: a loopback port that nobody listens on.
free_port() {
  python3 -c 'import socket
with socket.socket() as s:
    s.bind(("127.0.0.1", 0))
    print(s.getsockname()[1])'
}

# quoted WORD...: words as one would type them.
quoted() {
  local word line=
  for word in "$@"; do
    if [[ $word =~ ^[A-Za-z0-9_.,:=/-]+$ ]]; then
      line+=" $word"
    else
      line+=" \"$word\""
    fi
  done
  printf '%s' "${line# }"
}

# text VALUE: a textproto string.
text() {
  local value=${1//\\/\\\\}
  printf '"%s"' "${value//\"/\\\"}"
}
