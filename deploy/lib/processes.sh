# shellcheck shell=bash disable=SC2154  # set by deploy/demo.sh
# Starting and stopping the programs of a demo. Each has its process id in
# DIR/run/NAME.pid and its output in DIR/log/NAME.log. A process is only ever
# stopped after its command line was seen to name this demo's configuration, so
# a process id that now belongs to somebody else is left alone.

# process_of NAME: prints the id of the running program; false if none runs.
process_of() {
  local file=$dir/run/$1.pid pid
  [ -s "$file" ] || return 1
  pid=$(<"$file")
  [[ $pid =~ ^[0-9]+$ ]] || return 1
  { tr '\0' '\n' <"/proc/$pid/cmdline"; } 2>/dev/null |
    grep -xF "$dir/config/$1.textproto" >/dev/null || return 1
  printf '%s\n' "$pid"
}

# names_running: names of the programs of this demo that run.
names_running() {
  local file name
  for file in "$dir"/run/*.pid; do
    [ -e "$file" ] || continue
    name=$(basename "$file" .pid)
    if process_of "$name" >/dev/null; then printf '%s\n' "$name"; fi
  done
}

# start_program NAME PROGRAM: in a session of its own, so that --keep outlives
# the terminal and Ctrl-C reaches only this script, which then stops it.
start_program() {
  local name=$1 program=$2
  setsid "$bin/$program" run --config "$dir/config/$name.textproto" \
    </dev/null >>"$dir/log/$name.log" 2>&1 9>&- &
  local pid=$!
  disown
  printf '%s\n' "$pid" >"$dir/run/$name.pid"
  # Until the new process has become the program, it looks like this script.
  until process_of "$name" >/dev/null || ! kill -0 "$pid" 2>/dev/null; do
    sleep 0.02
  done
}

# stop_programs NAME...: asks politely, waits 10 seconds, then insists.
stop_programs() {
  local name pid deadline=$((SECONDS + 10))
  for name in "$@"; do
    if pid=$(process_of "$name"); then kill -TERM "$pid" 2>/dev/null || true; fi
  done
  for name in "$@"; do
    while process_of "$name" >/dev/null && [ "$SECONDS" -lt "$deadline" ]; do
      sleep 0.1
    done
    if pid=$(process_of "$name"); then
      printf 'demo.sh: %s did not stop in 10 seconds; ending it by force\n' \
        "$name" >&2
      kill -KILL "$pid" 2>/dev/null || true
    fi
    rm -f "$dir/run/$name.pid"
  done
}

# stop_everything: agents first, so that none reconnects to a coordinator that
# is going away.
stop_everything() {
  local running=() agents=() name
  mapfile -t running < <(names_running)
  for name in ${running[@]+"${running[@]}"}; do
    [ "$name" = coordinator ] || agents+=("$name")
  done
  stop_programs ${agents[@]+"${agents[@]}"}
  stop_programs coordinator
}

# all_alive NAME...: fails in words if one of the programs has ended by itself.
all_alive() {
  local name
  for name in "$@"; do
    process_of "$name" >/dev/null ||
      die_with_log "$name" "$name ended by itself just after its start"
  done
}

# wait_for_coordinator: until it answers an analyst, at most 30 seconds.
wait_for_coordinator() {
  local deadline=$((SECONDS + 30))
  until timeout --foreground 10 "$bin/cairn" agencies -o csv \
    >"$dir/run/agencies.csv" 2>"$dir/log/agencies.log"; do
    all_alive coordinator
    [ "$SECONDS" -lt "$deadline" ] || {
      sed 's/^/  | /' "$dir/log/agencies.log" >&2
      die_with_log coordinator "the coordinator did not answer in 30 seconds"
    }
    sleep 0.2
  done
}

# wait_for_agents NAME...: until the coordinator shows all of them attached.
wait_for_agents() {
  local deadline=$((SECONDS + 30)) missing
  while :; do
    wait_for_coordinator
    missing=$(python3 "$lib/tables.py" detached "$dir/run/agencies.csv" |
      grep -xF -f <(printf '%s\n' "$@") || true)
    [ -n "$missing" ] || return 0
    all_alive "$@"
    [ "$SECONDS" -lt "$deadline" ] || {
      missing=${missing//$'\n'/, }
      die_with_log "${missing%%,*}" "not attached after 30 seconds: $missing"
    }
    sleep 0.2
  done
}

# wait_until_detached NAME: the coordinator has noticed that an agent left.
wait_until_detached() {
  local deadline=$((SECONDS + 30))
  until wait_for_coordinator &&
    python3 "$lib/tables.py" detached "$dir/run/agencies.csv" |
    grep -qxF "$1"; do
    [ "$SECONDS" -lt "$deadline" ] ||
      die_with_log coordinator "the coordinator still shows $1 as attached 30 seconds after it stopped"
    sleep 0.2
  done
}
