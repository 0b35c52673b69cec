# shellcheck shell=bash disable=SC2154  # set by deploy/demo.sh
# Asking with the analyst's program, and showing what comes back.

# heading WORDS
heading() { printf '\n%s\n%s\n' "$*" "${*//?/-}"; }

# run_cairn EXPECTED-EXIT WORD...: cairn, its exit code checked.
run_cairn() {
  local expected=$1 code=0
  shift
  timeout --foreground 120 "$bin/cairn" "$@" || code=$?
  [ "$code" = "$expected" ] ||
    die "cairn ended with exit code $code where $expected was expected ($(meaning "$code")); the coordinator's log is $dir/log/coordinator.log"
}

# meaning CODE: `cairn help exit-codes` in a few words.
meaning() {
  case $1 in
    0) printf 'a complete answer' ;;
    1) printf 'it failed' ;;
    2) printf 'it did not understand the question' ;;
    3) printf 'an agency did not answer' ;;
    4) printf 'not signed in, or not allowed' ;;
    5) printf 'refused by a rule' ;;
    124) printf 'no answer in 120 seconds' ;;
    *) printf 'it crashed or is missing' ;;
  esac
}

# ask HEADING WORD...: one question with a complete answer, as a table.
ask() { ask_expecting 0 "$@"; }

# ask_expecting EXIT HEADING WORD...
ask_expecting() {
  local expected=$1
  heading "$2"
  shift 2
  printf '$ cairn %s\n\n' "$(quoted "$@")"
  run_cairn "$expected" "$@" -o table
}

# picture HEADING LABEL-A LABEL-B PLACES CODE NAME -- QUESTION-A -- QUESTION-B:
# one indicator as two kinds of agency see it, side by side, never added.
picture() {
  local title=$1 label_a=$2 label_b=$3 places=$4 code=$5 name=$6
  local a=() b=()
  shift 7
  while [ "$1" != -- ]; do a+=("$1"); shift; done
  shift
  b=("$@")
  heading "$title"
  printf '$ cairn %s\n$ cairn %s\n\n' "$(quoted "${a[@]}")" "$(quoted "${b[@]}")"
  run_cairn 0 "${a[@]}" -o csv --out "$dir/answers/left.csv"
  run_cairn 0 "${b[@]}" -o csv --out "$dir/answers/right.csv"
  python3 "$lib/tables.py" side-by-side "$dir/answers/left.csv" \
    "$dir/answers/right.csv" "$label_a" "$label_b" "$places" "$code" "$name" ||
    die "could not put $dir/answers/left.csv and right.csv side by side"
}

# with_agency_offline AGENCY HEADING WORD...: the same, one agency stopped on
# purpose. The answer is partial (exit 3) and says who is missing.
with_agency_offline() {
  local id=$1
  shift
  stop_programs "$id"
  wait_until_detached "$id"
  say ""
  say "($id is stopped on purpose for the next question.)"
  ask_expecting 3 "$@" --timeout 5s
  start_program "$id" cairn-agent
  wait_for_agents "$id"
  say ""
  say "($id is back.)"
}

# verify_ledgers: every log is checked from its first entry to its last.
verify_ledgers() {
  local id
  while read -r id; do
    verify_ledger "$id" cairn-agent
  done < <(agencies)
  verify_ledger coordinator cairn-coordinator
}

verify_ledger() {
  printf '%s: ' "$1"
  "$bin/$2" audit verify --config "$dir/config/$1.textproto" 2>&1 9>&- |
    tail -n 1 || die_with_log "$1" "the ledger of $1 does not verify"
}
