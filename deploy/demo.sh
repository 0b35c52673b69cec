#!/usr/bin/env bash
# From nothing to a working partnership on this machine, and back: see --help.
set -euo pipefail
umask 077  # keys and records: nobody else on this machine reads them

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(dirname "$here")
lib=$here/lib
bin=$root/build/release/bin
dir=$root/build/demo
action=run
police_data=
agency_limit=
rows=
programs=(cairn-agent cairn-coordinator cairn)

usage() {
  cat <<'TEXT'
usage: deploy/demo.sh [--keep] [--dir DIR] [--agents N] [--rows N]
                      [--police-data DIR]
       deploy/demo.sh --stop [--dir DIR]
Installs what is missing, builds, makes certificates and data, starts one
coordinator and the agents of a partnership on loopback over mTLS, asks a few
questions, verifies every ledger, stops everything and exits 0.
  --keep             leave it running and say how to use it
  --stop             stop what --keep left running
  --dir DIR          all state goes here (default build/demo); made anew each time
  --police-data DIR  real street files of data.police.uk (.csv or .csv.gz), one
                     agent per force, instead of the synthetic partnership
  --agents N         only the first N agencies
  --rows N           size of the synthetic data (see cairn-synthetic --help)
TEXT
}

# shellcheck source=deploy/lib/common.sh
. "$lib/common.sh"
# shellcheck source=deploy/lib/processes.sh
. "$lib/processes.sh"
# shellcheck source=deploy/lib/configs.sh
. "$lib/configs.sh"
# shellcheck source=deploy/lib/questions.sh
. "$lib/questions.sh"

bad_usage() {
  printf 'demo.sh: %s; see demo.sh --help\n' "$*" >&2
  exit 2
}

read_options() {
  while [ $# -gt 0 ]; do
    case $1 in
      -h | --help) usage; exit 0 ;;
      --keep) action=keep ;;
      --stop) action=stop ;;
      --dir | --police-data | --agents | --rows)
        [ -n "${2:-}" ] || bad_usage "$1 needs a value"
        read_value "$1" "$2"
        shift
        ;;
      *) bad_usage "unknown option '$1'" ;;
    esac
    shift
  done
  [ -z "$rows" ] || [ -z "$police_data" ] ||
    bad_usage "--rows is for the synthetic partnership; the police files are read whole"
}

read_value() {
  case $1 in
    --dir) dir=$(realpath -m "$2") ;;
    --police-data)
      [ -d "$2" ] || bad_usage "--police-data: $2 is not a folder"
      police_data=$(realpath "$2")
      ;;
    *)
      [[ $2 =~ ^[1-9][0-9]{0,8}$ ]] || bad_usage "$1 takes a whole number from 1"
      if [ "$1" = --agents ]; then agency_limit=$2; else rows=$2; fi
      ;;
  esac
}

build() {
  step "Packages"
  "$root/.ci/deps" || die "some packages are missing; see above"
  say "Everything needed is installed."
  step "Building ${programs[*]}"
  (cd "$root" && cmake --preset release &&
    cmake --build --preset release --target "${programs[@]}" \
      -j "${CMAKE_BUILD_PARALLEL_LEVEL:-$(nproc)}") ||
    die "the build failed; the compiler's words stand above"
}

make_certificates() {
  local name ids
  name=$(partnership)
  mapfile -t ids < <(agencies)
  "$here/pki/make-certificates" "$dir/certificates" "$name" \
    --coordinator localhost --agent "${ids[@]}" --analyst demo \
    --auditor demo >/dev/null || die "could not make the certificates"
  say "One root, one coordinator, ${#ids[@]} agents, one analyst: $dir/certificates"
}

load_records() {
  local id
  while read -r id; do
    "$bin/cairn-agent" load --config "$dir/config/$id.textproto" \
      </dev/null 2>&1 9>&- | tee -a "$dir/log/$id.log" ||
      die_with_log "$id" "$id could not load its records"
  done < <(agencies)
}

start_everything() {
  local id ids
  mapfile -t ids < <(agencies)
  start_program coordinator cairn-coordinator
  wait_for_coordinator
  for id in "${ids[@]}"; do start_program "$id" cairn-agent; done
  wait_for_agents "${ids[@]}"
  say "One coordinator on 127.0.0.1:$port and ${#ids[@]} agents attached over mTLS."
}

# finish: the exit trap. Nothing of a demo that failed or ended runs on.
finish() {
  local code=$?
  trap - EXIT
  [ "$action" = kept ] || stop_everything
  exit "$code"
}

how_to_use() {
  step "Left running"
  say "Ask for yourself:"
  say "  source $(printf %q "$dir/env")"
  example_questions
  say "Stop it:"
  say "  $(printf %q "$here/demo.sh") --stop --dir $(printf %q "$dir")"
}

stop_kept() {
  local running
  mapfile -t running < <(names_running)
  if [ "${#running[@]}" -eq 0 ]; then
    say "Nothing of a demo runs in $dir."
  else
    stop_everything
    say "Stopped: ${running[*]}"
  fi
}

run() {
  check_folder
  lock_folder
  trap finish EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
  build
  stop_everything
  fresh_state

  step "Records"
  prepare_data
  step "Certificates"
  make_certificates
  port=$(free_port)
  printf '%s\n' "$port" >"$dir/port"
  write_configs
  make_ledger_keys
  write_env
  # shellcheck source=/dev/null
  . "$dir/env"

  step "Loading, each agency its own"
  load_records
  step "Starting"
  start_everything
  step "Questions"
  ask_questions
  step "Ledgers, from the first entry to the last"
  verify_ledgers

  if [ "$action" = keep ]; then
    how_to_use
    action=kept
    return
  fi
  stop_everything
  step "Done: everything asked was answered, every ledger verifies, all is stopped"
  say "Logs, ledgers and configuration of this run: $dir"
}

read_options "$@"
if [ "$action" = stop ]; then
  stop_kept
  exit 0
fi
if [ -n "$police_data" ]; then
  # shellcheck source=deploy/lib/police.sh
  . "$lib/police.sh"
else
  # shellcheck source=deploy/lib/synthetic.sh
  . "$lib/synthetic.sh"
fi
run
