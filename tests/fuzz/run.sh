#!/usr/bin/env bash
# Fuzzes the ledger's readers with libFuzzer, ASan and UBSan (Debian's clang):
#   tests/fuzz/run.sh [SECONDS for each, default 600]
# Works in build/fuzz, where a finding stays. Exits non-zero if there is one.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
seconds=${1:-600}
work=$root/build/fuzz
mkdir -p "$work"
cd "$root"

clang++ --version >/dev/null || {
  echo "tests/fuzz/run.sh: clang is missing; run: .ci/deps --lint" >&2
  exit 1
}
sources=(core/base/{digest,utf8}.cc
  core/ledger/{checkpoint,ed25519,entry,entry_reader,key,merkle,note,proof}.cc
  core/ledger/{strict_text,tiles,tlog_proof}.cc)
flags=(-std=c++20 -O1 -g -I. "-fsanitize=fuzzer,address,undefined"
  -fno-sanitize-recover=all)
libs=(-labsl_status -labsl_statusor -labsl_strings -labsl_str_format_internal
  -labsl_cord -labsl_throw_delegate -labsl_raw_logging_internal -labsl_time
  -labsl_int128 -labsl_bad_variant_access -labsl_strings_internal -lcrypto)

seed() { mkdir -p "$work/corpus-$1" && printf '%b' "$3" >"$work/corpus-$1/$2"; }
hash=CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=
line="\xe2\x80\x94 log AAAAAAA=\n"
seed ReadEntry a '{"v":1,"seq":4,"t":9,"type":"query.failed","qid":"9f","a":-1,"b":"\\u0001\\""}'
seed ReadCheckpoint a "log\n5\n$hash\n\n$line"
seed ReadCheckpoint b "log\n5\n$hash\n"
seed ReadCheckpoint c 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW'
seed ReadProof a "c2sp.org/tlog-proof@v1\nindex 5\n$hash\n\nlog\n9\n$hash\n\n$line"
seed ReadABundle a '\x01\x00\x01a\x00\x02bc'

for reader in ReadEntry ReadCheckpoint ReadProof ReadABundle; do
  clang++ "${flags[@]}" -DCAIRN_FUZZ_READER="$reader" \
    tests/fuzz/ledger_readers.cc "${sources[@]}" "${libs[@]}" -o "$work/$reader"
  echo "$reader, $seconds seconds"
  "$work/$reader" -max_total_time="$seconds" -max_len=20000 -print_final_stats=1 \
    -artifact_prefix="$work/$reader-" "$work/corpus-$reader" \
    >"$work/$reader.log" 2>&1 || {
    tail -n 40 "$work/$reader.log"
    exit 1
  }
  grep -E 'number_of_executed_units|average_exec' "$work/$reader.log"
done
