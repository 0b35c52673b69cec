#!/usr/bin/env bash
# Fuzzes what reads bytes from outside, one target after another, with
# libFuzzer, ASan and UBSan (Debian's clang):
#   tests/fuzz/run.sh [SECONDS for each, default 600] [TARGET...]
# Begins with tests/fuzz/corpus/TARGET. Works in build/fuzz, where what was
# learned and each finding stay. Exits non-zero if there is a finding. To look
# at one: build/fuzz/bin/fuzz_TARGET FILE
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$root"

say() { printf 'tests/fuzz/run.sh: %s\n' "$*" >&2; }
case ${1:-} in
  -h | --help) sed -n '2,7s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit 0 ;;
esac
seconds=${1:-600}
[[ $seconds =~ ^[0-9]+$ ]] || { say "'$seconds' is no number of seconds"; exit 2; }
[ $# -eq 0 ] || shift

command -v clang++ >/dev/null || .ci/deps --lint ||
  { say "clang is missing; run: .ci/deps --lint"; exit 1; }
cmake --preset fuzz >/dev/null
mapfile -t known <build/fuzz/tests/fuzz/targets.txt
targets=("$@")
[ $# -gt 0 ] || targets=("${known[@]}")
for target in "${targets[@]}"; do
  printf '%s\n' "${known[@]}" | grep -qxF -- "$target" ||
    { say "there is no target '$target'; there are: ${known[*]}"; exit 2; }
done
cmake --build --preset fuzz -j "${CMAKE_BUILD_PARALLEL_LEVEL:-$(nproc)}" \
  --target "${targets[@]/#/fuzz_}" >build/fuzz/build.log 2>&1 ||
  { tail -n 40 build/fuzz/build.log; exit 1; }

# The words a target's inputs are made of.
dictionary_of() {
  case $1 in
    filter_text) echo filter_text ;;
    csv_reader | protect_table) echo csv ;;
    ledger_*) echo ledger ;;
    enrol_*) echo enrolment ;;
    *) echo text_proto ;;
  esac
}

export ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1
export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
export LSAN_OPTIONS=suppressions=$root/.ci/lsan.supp:print_suppressions=0
found=0
for target in "${targets[@]}"; do
  work=build/fuzz/found/$target
  mkdir -p "$work/learned"
  code=0
  nice "build/fuzz/bin/fuzz_$target" -max_total_time="$seconds" -timeout=20 \
    -rss_limit_mb=2048 -max_len=20000 -print_final_stats=1 \
    -dict="tests/fuzz/dict/$(dictionary_of "$target").dict" \
    -artifact_prefix="$work/" "$work/learned" "tests/fuzz/corpus/$target" \
    >"$work/log" 2>&1 || code=$?
  runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$work/log")
  covered=$(grep -oE 'cov: [0-9]+' "$work/log" | tail -n 1) || covered=
  if [ "$code" -eq 0 ]; then
    printf '%-18s ok    %9s runs in %s s, %s\n' "$target" "$runs" "$seconds" "$covered"
  else
    found=1
    printf '%-18s FOUND %s\n' "$target" "$work"
    grep -vE '^#[0-9]+\s' "$work/log" | tail -n 30
  fi
done
exit "$found"
