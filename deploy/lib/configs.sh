# shellcheck shell=bash disable=SC2154  # set by deploy/demo.sh
# Writes the configuration of one coordinator, its agents and one analyst. The
# schema is proto/cairn/v1/config.proto. What differs between the synthetic
# partnership and the police one comes from three functions of theirs:
# write_places AGENCY, write_source AGENCY, and the file DIR/agencies.tsv.

# agencies: the ids, one a line.
agencies() { cut -f1 "$dir/agencies.tsv"; }

# field AGENCY NUMBER: one field of DIR/agencies.tsv (id, name, kind, data set).
field() { awk -F '\t' -v id="$1" -v n="$2" '$1 == id { print $n }' "$dir/agencies.tsv"; }

# partnership: its name, as the catalogue says it and certificates carry it.
partnership() {
  local name
  name=$(sed -n 's/^partnership: *"\([^"]*\)".*/\1/p' "$catalogue" | head -n 1)
  [ -n "$name" ] || die "$catalogue does not say which partnership it is for"
  printf '%s\n' "$name"
}

# data_set_of MAPPING: the data set a mapping file is for.
data_set_of() {
  local name
  name=$(sed -n 's/^data_set: *"\([^"]*\)".*/\1/p' "$1" | head -n 1)
  [ -n "$name" ] || die "$1 does not say which data set it maps to"
  printf '%s\n' "$name"
}

# write_credentials FOLDER NAME: who the program is.
write_credentials() {
  cat <<TEXT
credentials {
  certificate: "$1/$2.pem"
  key: "$1/$2.key"
  authority: "$1/ca.pem"
}
TEXT
}

# write_column NAME VARIABLE LABEL: a column of the places table, left out where
# the catalogue has no such level.
write_column() {
  grep -q "variable: *\"$2\"" "$catalogue" || return 0
  printf '  column { name: "%s" variable: "%s"' "$1" "$2"
  [ -z "${3:-}" ] || printf ' label_column: "%s"' "$3"
  printf ' }\n'
}

# write_spans SPANS: 2024-01:2024-03,2024-05:2024-05
write_spans() {
  local span
  for span in ${1//,/ }; do
    printf '  covers { from: "%s" to: "%s" }\n' "${span%:*}" "${span#*:}"
  done
}

write_agent_config() {
  local id=$1
  {
    printf 'agency: %s\n' "$(text "$id")"
    printf 'name: %s\n' "$(text "$(field "$id" 2)")"
    printf 'coordinator: "127.0.0.1:%s"\n' "$port"
    write_credentials ../certificates "agent-$id"
    printf 'state_dir: "../state/%s"\n' "$id"
    printf 'catalogue: %s\n' "$(text "$catalogue")"
    printf 'policy: %s\n' "$(text "$root/policies/standard.textproto")"
    printf 'ledger_keys: "ledger-keys.textproto"\n'
    write_places "$id"
    write_source "$id"
  } >"$dir/config/$id.textproto"
  mkdir -p "$dir/state/$id"
}

write_coordinator_config() {
  local id name kind data_set
  {
    printf 'listen: "127.0.0.1:%s"\n' "$port"
    write_credentials ../certificates coordinator
    printf 'state_dir: "../state/coordinator"\n'
    printf 'catalogue: %s\n' "$(text "$catalogue")"
    printf 'ledger_keys: "ledger-keys.textproto"\n'
    while IFS=$'\t' read -r id name kind data_set _; do
      printf 'agency {\n  id: %s\n  name: %s\n' "$(text "$id")" "$(text "$name")"
      printf '  kind: %s\n  data_set: %s\n}\n' "$(text "$kind")" "$(text "$data_set")"
    done <"$dir/agencies.tsv"
  } >"$dir/config/coordinator.textproto"
  mkdir -p "$dir/state/coordinator"
}

write_configs() {
  local id
  write_coordinator_config
  while read -r id; do write_agent_config "$id"; done < <(agencies)
  {
    printf 'coordinator: "127.0.0.1:%s"\n' "$port"
    write_credentials certificates analyst-demo
  } >"$dir/analyst.textproto"
}

# make_ledger_keys: each member makes its own; their public halves become the
# partnership's file, which every member's configuration names.
make_ledger_keys() {
  local id
  {
    "$bin/cairn-coordinator" keys --config "$dir/config/coordinator.textproto"
    while read -r id; do
      "$bin/cairn-agent" keys --config "$dir/config/$id.textproto" </dev/null
    done < <(agencies)
  } >"$dir/config/ledger-keys.textproto" ||
    die "could not make the keys of the ledgers"
  say "The keys of $(grep -c '^  log:' "$dir/config/ledger-keys.textproto") ledgers and their witnesses: $dir/config/ledger-keys.textproto"
}

# write_env: what a shell needs to talk to this demo: source DIR/env.
write_env() {
  cat >"$dir/env" <<TEXT
export CAIRN_PROFILE=$(printf %q "$dir/analyst.textproto")
case ":\$PATH:" in
  *:$(printf %q "$bin"):*) ;;
  *) export PATH=$(printf %q "$bin"):"\$PATH" ;;
esac
# gRPC would send loopback traffic to a proxy, where one is set.
export no_proxy="127.0.0.1,localhost\${no_proxy:+,\$no_proxy}"
TEXT
}
