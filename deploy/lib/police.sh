# shellcheck shell=bash disable=SC2154,SC2034  # set by deploy/demo.sh
# A partnership of police forces over the street files of data.police.uk: one
# agent per force, each with the months its files really hold.

catalogue=$root/policies/catalogue-police-uk.textproto
mapping=$root/deploy/synthetic/mappings/police-uk.textproto
lookup=$police_data/../uk_geography/lsoa21_lookup.csv.gz

# prepare_data: DIR/agencies.tsv with id, name, kind, data set, area, spans and
# files of each force.
prepare_data() {
  local data_set
  [ -r "$mapping" ] || die "$mapping is missing"
  data_set=$(data_set_of "$mapping")
  lookup=$(realpath -m "$lookup")
  python3 "$lib/police_sources.py" "$police_data" "$lookup" \
    >"$dir/data/forces.tsv" || exit 1
  awk -F '\t' -v OFS='\t' -v data_set="$data_set" \
    '{ print $1, $2, "police", data_set, $3, $4, $5 }' "$dir/data/forces.tsv" |
    head -n "${agency_limit:-1000}" >"$dir/agencies.tsv"
  say "Forces and the months their files hold:"
  cut -f2,6 "$dir/agencies.tsv" | tr '\t' ' ' | sed 's/^/  /'
}

write_places() {
  local area=-
  [ "$1" = coordinator ] || area=$(field "$1" 5)
  # British Transport Police has no area: its places lie in everybody's.
  [ "$area" != - ] || printf 'places_overlap: true\n'
  printf 'places {\n  file: %s\n' "$(text "$lookup")"
  write_column lsoa21cd lsoa lsoa21nm
  write_column msoa21cd msoa msoa_hcl_name
  write_column ward25cd_best ward ward25nm_best
  write_column lad_cd lad lad_nm
  write_column utla_cd utla utla_nm
  write_column rgn_cd region rgn_nm
  write_column pfa_cd pfa pfa_nm
  write_column imd2019_decile_eng imd_decile
  printf '  population_column: "pop_census2021"\n'
  [ "$area" = - ] || printf '  area { variable: "pfa" code: "%s" }\n' "$area"
  printf '}\n'
}

write_source() {
  local file files
  IFS='|' read -r -a files <<<"$(field "$1" 7)"
  printf 'source {\n  data_set: %s\n' "$(text "$(field "$1" 4)")"
  for file in "${files[@]}"; do
    printf '  file: %s\n' "$(text "$(realpath "$file")")"
  done
  printf '  mapping: %s\n' "$(text "$mapping")"
  write_spans "$(field "$1" 6)"
  printf '}\n'
}

ask_questions() {
  local data_set id area purpose=(--purpose needs_assessment)
  data_set=$(data_set_of "$mapping")
  # The last force that has an area of its own is looked at closely.
  id=$(awk -F '\t' '$5 != "-" { print $1 }' "$dir/agencies.tsv" | tail -n 1)
  [ -n "$id" ] || id=$(agencies | tail -n 1)
  area=$(field "$id" 5)
  ask "Crime recorded by all forces: kind of offence by month" \
    query --from "$data_set" --by offence_class,month "${purpose[@]}"
  ask "Robbery by month, force by force" \
    query --from "$data_set" --by month --split agency \
    --where "offence_class = 'ROB'" "${purpose[@]}"
  if [ "$area" != - ]; then
    ask "Crime in the area of $(field "$id" 2) by authority, with what British Transport Police adds" \
      query --from "$data_set" --by lad --where "pfa = '$area'" "${purpose[@]}"
  fi
  with_agency_offline "$id" \
    "Possession of weapons by month while $id is offline: a partial answer" \
    query --from "$data_set" --by month --split agency \
    --where "offence_class = 'WEAP'" "${purpose[@]}"
}

# Lines for people who go on by themselves after --keep.
example_questions() {
  local data_set
  data_set=$(data_set_of "$mapping")
  cat <<TEXT
  cairn datasets
  cairn describe $data_set
  cairn query --from $data_set --by offence_class,month --split agency --purpose needs_assessment
  cairn query --from $data_set --by lad --where "offence_class = 'ROB'" --split agency --purpose needs_assessment
TEXT
}
