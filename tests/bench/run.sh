#!/usr/bin/env bash
# shellcheck disable=SC2034,SC2154  # set for deploy/lib, and by it
# Takes the figures of docs/performance.md again: see --help.
set -euo pipefail
umask 077

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(dirname "$(dirname "$here")")
lib=$root/deploy/lib
bin=$root/build/release/bin
bench=$bin
work=$root/build/bench
memory=/dev/shm
police_data=
passes=7
questions=100
big_rows=2300000
scan_rows=1000000
scale_agents="100 1000"  # 5000 take some minutes and 10,200 open files
postgres=

usage() {
  cat <<'TEXT'
usage: tests/bench/run.sh [--quick] [--rows N] [--dir DIR] [--bin DIR] [--bench DIR]
                          [--police-data DIR] [--postgres]
Measures what docs/performance.md says and closes with one line a figure, and one
line of all ratios. Takes about ten minutes, one with --quick; everything runs on
127.0.0.1 and is stopped at the end. Build first: cmake --build --preset release.
  --quick            a tenth of the rows and fewer passes: does it run at all?
  --rows N           rows of the table that snapshots are measured with
                     (default 1000000; 10000000 take ten minutes more)
  --dir DIR          where everything is written (default build/bench)
  --bin DIR          the programs (default build/release/bin)
  --bench DIR        the bench programs, where they are elsewhere
  CAIRN_DUCKDB=FILE  in the environment: libduckdb.so, as a yardstick beside
                     SQLite (npm pack @duckdb/node-bindings-linux-x64 has it)
  --postgres         also against PostgreSQL: an agency's own database, and five
                     agencies against postgres_fdw, 1 M rows each (half an hour,
                     3 GB of disk; with --quick 20,000 rows)
  --police-data DIR  street files of data.police.uk; without it those figures
                     are left out
TEXT
}

die() {
  printf 'tests/bench/run.sh: %s\n' "$*" >&2
  exit 1
}

read_options() {
  while [ $# -gt 0 ]; do
    case $1 in
      -h | --help) usage; exit 0 ;;
      --quick)
        passes=3 questions=20 big_rows=230000 scan_rows=100000 scale_agents=100
        ;;
      --postgres) postgres=yes ;;
      --rows)
        scan_rows=${2:-}
        [[ $scan_rows =~ ^[1-9][0-9]*$ ]] || die "--rows needs a number; see --help"
        shift
        ;;
      --dir | --bin | --bench | --police-data)
        [ -n "${2:-}" ] || die "$1 needs a folder; see --help"
        case $1 in
          --dir) work=$(realpath -m "$2") ;;
          --bin) bin=$(realpath "$2") bench=$bin ;;
          --bench) bench=$(realpath "$2") ;;
          --police-data) police_data=$(realpath "$2") ;;
        esac
        shift
        ;;
      *) die "unknown option '$1'; see --help" ;;
    esac
    shift
  done
}

# figure WORDS: kept for the closing lines.
figure() { printf '%s\n' "$*" >>"$work/figures"; }

# fresh NAME: an empty folder of ours, its path in $dir.
fresh() {
  dir=$work/$1
  rm -rf "${dir:?}"
  mkdir -p "$dir"/{config,data,log,run,state}
}

# with_lib SYNTHETIC-OR-POLICE: the demo's own functions, without its builds.
with_lib() {
  agency_limit=${AGENCIES:-1000} rows=${ROWS:-} programs=()
  # shellcheck source=deploy/lib/common.sh
  . "$lib/common.sh"
  # shellcheck source=deploy/lib/processes.sh
  . "$lib/processes.sh"
  # shellcheck source=deploy/lib/configs.sh
  . "$lib/configs.sh"
  # shellcheck source=deploy/lib/synthetic.sh
  . "$lib/$1.sh"
}

# load_timed ID: loads, and appends "ID rows own-seconds wall cpu" to loads.
load_timed() {
  local id=$1 log=$dir/log/$1.log times rows seconds
  local TIMEFORMAT='%R %U %S'
  times=$({ time "$bin/cairn-agent" load --config "$dir/config/$id.textproto" \
    >"$log" 2>&1 </dev/null; } 2>&1) || die_with_log "$id" "$id did not load"
  read -r rows seconds < <(sed -n \
    's/.*: \([0-9]*\) rows loaded in \([0-9.]*\) s.*/\1 \2/p' "$log")
  awk -v id="$id" -v n="$rows" -v own="$seconds" -v t="$times" \
    'BEGIN { split(t, s, " "); print id, n, own, s[1], s[2] + s[3] }' |
    tee -a "$dir/loads"
}

# rate LOADS: rows a second over all loads, by the wall clock and by the core.
rate() {
  awk '{ n += $2; wall += $4; cpu += $5 }
    END { printf "%d rows: %d rows/s, %d rows/s of one core", n, n / wall, n / cpu }' "$1"
}

bench_tabulate() (
  fresh tabulate
  ROWS=$big_rows AGENCIES=1 with_lib synthetic
  printf '\n== A cross-tab with all margins against SQLite'\''s GROUP BY\n'
  prepare_data
  port=1
  write_agent_config riverside-police
  load_timed riverside-police
  # The same records as an agency without a person key would hold them.
  grep -v person_key "$root/deploy/synthetic/mappings/riverside-police.textproto" \
    >"$dir/config/keyless-mapping.textproto"
  sed -e 's|mapping: .*|mapping: "keyless-mapping.textproto"|' \
    -e 's|^state_dir: .*|state_dir: "../state/keyless"|' \
    "$dir/config/riverside-police.textproto" >"$dir/config/keyless.textproto"
  load_timed keyless
  figure "load, synthetic police with a person key: $(rate <(head -n 1 "$dir/loads"))"
  figure "load, the same without: $(rate <(tail -n 1 "$dir/loads"))"
  local state
  for state in keyless riverside-police; do
    "$bench/cairn-bench-tabulate" "$catalogue" \
      "$dir/state/$state/extract/police_incidents.db" "$passes" |
      tee "$dir/$state.txt"
    while read -r line; do figure "tabulate, $line"; done < <(
      awk -F '|' '/cells/ { sub(/ +[0-9]+ cells.*/, "", $1)
        printf "%s: %s x SQLite%s\n", $1, $3 + 0,
          $4 == "" ? "" : "; " $4 }' "$dir/$state.txt")
  done
)

bench_scan() (
  fresh scan
  printf '\n== Tables from a snapshot against SQLite'\''s GROUP BY\n'
  "$bench/cairn-bench-scan" "$dir/data" "$scan_rows" "$passes" \
    --benchmark_format=console | tee "$dir/scan.txt"
  while read -r line; do figure "snapshot, $line"; done < <(
    awk '/ratio=/ { sub("/.*", "", $1); name = $1
      for (i = 2; i <= NF; i++) if ($i ~ /^(cpu_ms|ratio|duckdb|plan_s)=/) name = name " " $i
      print name }' "$dir/scan.txt")
  rm -rf "$dir/data"
)

bench_fan_out() (
  fresh fan_out
  with_lib synthetic
  local certificates=$work/certificates ids
  mapfile -t ids < <(seq -f 'bench-%03g' 1 200)
  printf '\n== What the coordinator adds to the slowest agent\n'
  "$root/deploy/pki/make-certificates" "$certificates" "$(partnership)" \
    --coordinator localhost --agent "${ids[@]}" --analyst bench >/dev/null
  in_memory=$(mktemp -d "$memory/cairn-bench.XXXXXX")
  trap 'rm -rf "$in_memory"' EXIT
  "$bench/cairn-bench-fan-out" "$bin/cairn-coordinator" "$catalogue" \
    "$root/policies/standard.textproto" "$certificates" "$dir/run" \
    "$in_memory" "$questions" | tee "$dir/fan_out.txt"
  while read -r line; do figure "overhead, $line"; done <"$dir/fan_out.txt"
)

bench_scale() (
  fresh scale
  with_lib synthetic
  local certificates=$dir/certificates
  printf '\n== A coordinator with agents that wait\n'
  "$root/deploy/pki/make-certificates" "$certificates" "$(partnership)" \
    --coordinator localhost --analyst bench >/dev/null
  # shellcheck disable=SC2086  # several numbers
  "$bench/cairn-bench-scale" "$bin/cairn-coordinator" "$catalogue" \
    "$root/policies/standard.textproto" "$certificates" "$dir/run" \
    "$questions" $scale_agents | tee "$dir/scale.txt"
  while read -r line; do figure "scale, $line"; done <"$dir/scale.txt"
  rm -rf "$certificates"
)

bench_postgres() (
  local each=1000000
  [ "$passes" = 7 ] || each=20000
  export CAIRN_BIN=$bin
  printf '\n== An agency'\''s own PostgreSQL against psql; a federation against postgres_fdw\n'
  while read -r line; do figure "database, $line"; done < <(
    "$root/tests/support/with_postgres" 1 \
      python3 -B "$here/own_database.py" --rows "$each" | tee /dev/stderr)
  while read -r line; do figure "federation, $line"; done < <(
    "$root/tests/support/with_postgres" 6 \
      python3 -B "$here/federation.py" --rows "$each" | tee /dev/stderr)
)

bench_merge() (
  fresh merge
  with_lib synthetic
  printf '\n== An answer, from its bytes to its part in the sum\n'
  "$bench/cairn-bench-merge" "$catalogue" "$root/policies/standard.textproto" \
    "$passes" | tee "$dir/merge.txt"
  while read -r line; do figure "merge, $line"; done <"$dir/merge.txt"
)

# The ratios of all figures that have one, in one line.
ratios() {
  awk '{
      name = $0; sub(/^[a-z]+, /, "", name)
      if ($1 == "snapshot," && match($0, /ratio=[0-9.e+-]+m?/))
        { split(name, w, " "); value = substr($0, RSTART + 6, RLENGTH - 6)
          if (value ~ /m$/) value /= 1000 }
      else if ($1 == "tabulate," && match($0, /[0-9.]+ x SQLite/))
        { sub(/:.*/, "", name); w[1] = name; value = substr($0, RSTART, RLENGTH - 9) }
      else if ($1 == "merge," && match($0, /ratio=[0-9.]+/))
        { sub(/:.*/, "", name); w[1] = "merge of " name
          value = substr($0, RSTART + 6, RLENGTH - 6) }
      else if ($1 == "scale," && match($0, /[0-9.]+ x one/))
        { sub(/:.*/, "", name); w[1] = name; value = substr($0, RSTART, RLENGTH - 6) }
      else if ($1 == "database," && match($0, /[0-9.]+ x$/))
        { sub(/,.*/, "", name); gsub(/ /, "", name)
          w[1] = name; value = substr($0, RSTART, RLENGTH - 2) }
      else next
      line = line (line == "" ? "" : "; ") w[1] " " value
    }
    END { print "ratios: " line }' "$1"
}

# resident ID: VmRSS and RssAnon in MB.
resident() {
  awk '/^VmRSS|^RssAnon/ { printf "%s%s %.1f MB", (n++ ? ", " : ""), $1, $2 / 1024 }' \
    "/proc/$(process_of "$1")/status"
}

# spread COLUMN FILE [AGENCY]: of a column of what questions.py wrote.
spread() {
  awk -F, -v c="$1" -v id="${3:-}" \
    'NR > 1 && (id == "" || $1 == id) { print $c }' "$2" | sort -n |
    awk '{ v[NR] = $1; sum += $1 }
      END { printf "median %g, mean %.1f, p90 %g ms", v[int(NR / 2) + 1],
        sum / NR, v[int(NR * 0.9) + 1] }'
}

bench_agents() (
  local kind=$1 watched=$2 id ids
  fresh "agents_$kind"
  with_lib "$kind"
  printf '\n== Agents at rest, first answers and pinned answers: %s\n' "$kind"
  trap stop_everything EXIT
  prepare_data >/dev/null
  mapfile -t ids < <(agencies)
  "$root/deploy/pki/make-certificates" "$dir/certificates" "$(partnership)" \
    --coordinator localhost --agent "${ids[@]}" --analyst demo >/dev/null
  port=$(free_port)
  write_configs
  make_ledger_keys >/dev/null
  write_env
  # shellcheck source=/dev/null
  . "$dir/env"
  for id in "${ids[@]}"; do load_timed "$id"; done
  figure "load, $kind partnership: $(rate "$dir/loads")"
  start_program coordinator cairn-coordinator
  wait_for_coordinator
  for id in "${ids[@]}"; do start_program "$id" cairn-agent; done
  wait_for_agents "${ids[@]}"
  figure "resident, $watched, $(field_rows "$watched") rows, idle after start: $(resident "$watched")"
  local pass
  for pass in first pinned; do
    python3 "$here/questions.py" "$bin/cairn" police_incidents "$kind" \
      "$dir/$pass.csv" || die "a question was not answered; see $dir/log"
    [ "$pass" = pinned ] ||
      figure "resident, $watched, after 20 answers: $(resident "$watched")"
  done
  figure "resident, coordinator of ${#ids[@]}, after 40 questions: $(resident coordinator)"
  for pass in first pinned; do
    figure "$pass answers, $kind, all agents, their own time: $(spread 2 "$dir/$pass.csv")"
    figure "$pass answers, $kind, $watched, its own time: $(spread 2 "$dir/$pass.csv" "$watched")"
    figure "$pass answers, $kind, the whole program cairn: $(spread 3 "$dir/$pass.csv" "$watched")"
  done
)

field_rows() { awk -v id="$1" '$1 == id { print $2 }' "$dir/loads"; }

main() {
  local program
  for program in "$bin"/{cairn,cairn-agent,cairn-coordinator,cairn-synthetic} \
    "$bench"/cairn-bench-{tabulate,scan,fan-out,scale,merge}; do
    [ -x "$program" ] || die "$program is missing; run: cmake --build --preset release"
  done
  mkdir -p "$work"
  : >"$work/figures"
  bench_tabulate
  bench_scan
  bench_fan_out
  bench_scale
  bench_merge
  bench_agents synthetic riverside-police
  if [ -n "$postgres" ]; then
    bench_postgres
  else
    figure "postgres: left out, no --postgres"
  fi
  if [ -n "$police_data" ]; then
    bench_agents police thames-valley
  else
    figure "police: left out, no --police-data"
  fi
  printf '\n== Figures (%s)\n' "$(uptime | sed 's/^ *//')"
  cat "$work/figures"
  ratios "$work/figures"
}

read_options "$@"
main
