#!/usr/bin/env bash
# Installs what is missing, builds, and runs every test through ctest. Exits
# non-zero if anything failed. Needs no terminal and works from any folder.
set -uo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root" || exit 1
umask 077  # tests make keys and records: nobody else needs to read them

usage() {
  cat <<'TEXT'
usage: tests/run.sh [--asan | --tsan] [ctest options]
  (nothing)   build everything as preset release and run every test
  --asan      the same with the address and undefined-behaviour sanitizers
  --tsan      only the rooms labelled pure, with the thread sanitizer
  --help      this text
Everything else goes to ctest: -R NAME, -L LABEL, -j N, --repeat until-fail:20
TEXT
}

say() { printf 'run.sh: %s\n' "$*" >&2; }
fail() { say "$*"; exit 1; }

preset=release
ctest_options=()
for option in "$@"; do
  case $option in
    --asan) preset=asan ;;
    --tsan) preset=tsan ;;
    -h | --help) usage; exit 0 ;;
    *) ctest_options+=("$option") ;;
  esac
done

.ci/deps || fail "some packages are missing; see above"

# GCC 12's thread sanitizer does not know the wider address randomisation of
# newer kernels; the tests are also run while building, to list themselves.
steady=()
if [ "$preset" = tsan ] && setarch "$(uname -m)" -R true 2>/dev/null; then
  steady=(setarch "$(uname -m)" -R)
fi

jobs=${CMAKE_BUILD_PARALLEL_LEVEL:-$(nproc)}
cmake --preset "$preset" || fail "configuring preset $preset failed; see above"
${steady[@]+"${steady[@]}"} cmake --build --preset "$preset" -j "$jobs" ||
  fail "building preset $preset failed; see above"

failed=()
.ci/includes || failed+=("the layer check (.ci/includes)")
${steady[@]+"${steady[@]}"} ctest --preset "$preset" --output-on-failure \
  ${ctest_options[@]+"${ctest_options[@]}"} || failed+=("ctest")

for what in ${failed[@]+"${failed[@]}"}; do say "failed: $what"; done
[ "${#failed[@]}" -eq 0 ]
