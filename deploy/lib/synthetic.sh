# shellcheck shell=bash disable=SC2154,SC2034  # set by deploy/demo.sh
# The synthetic partnership of Riverside: up to eight agencies, with records
# that cairn-synthetic makes. No record is about a real person.

catalogue=$root/policies/catalogue.textproto
programs+=(cairn-synthetic)

synthetic_agencies() {
  cat <<'TEXT'
riverside-police	Riverside Police	police	police_incidents
st-marys-ed	St Mary's Hospital emergency department	ed	ed_attendances
queens-ed	Queen's Hospital emergency department	ed	ed_attendances
riverside-ambulance	Riverside Ambulance Service	ambulance	ambulance_callouts
riverside-council	Riverside Council children's services	council	children_social_care
riverside-schools	Riverside Schools Trust	schools	school_exclusions
riverside-yjs	Riverside Youth Justice Service	youth_justice	youth_justice
riverside-probation	Riverside Probation Delivery Unit	probation	probation
TEXT
}

# prepare_data: the records of all agencies, their places, and who takes part.
prepare_data() {
  local rows_option=() id
  [ -z "$rows" ] || rows_option=(--rows "$rows")
  "$bin/cairn-synthetic" --out "$dir/data" \
    ${rows_option[@]+"${rows_option[@]}"} ||
    die "cairn-synthetic could not make the records; its words stand above"
  synthetic_agencies | head -n "${agency_limit:-8}" >"$dir/agencies.tsv"
  while read -r id; do
    [ -s "$dir/data/$id.csv" ] || die "cairn-synthetic made no $dir/data/$id.csv"
  done < <(agencies)
}

# Only the levels that the places file really has.
write_places() {
  local column label header
  header=,$(head -n 1 "$dir/data/places.csv"),
  printf 'places {\n  file: "../data/places.csv"\n'
  for column in lsoa msoa ward lad utla pfa region imd_decile; do
    [[ $header == *",$column,"* ]] || continue
    label=
    [[ $header != *",${column}_name,"* ]] || label=${column}_name
    write_column "$column" "$column" "$label"
  done
  printf '  population_column: "population"\n}\n'
}

write_source() {
  local mapping=$root/deploy/synthetic/mappings/$1.textproto
  local spans=2024-04:2025-03
  # December 2024 is missing at Queen's: a gap is not a zero.
  [ "$1" != queens-ed ] || spans=2024-04:2024-11,2025-01:2025-03
  [ -r "$mapping" ] || die "$mapping is missing"
  printf 'source {\n  data_set: %s\n' "$(text "$(field "$1" 4)")"
  printf '  file: "../data/%s.csv"\n  mapping: %s\n' "$1" "$(text "$mapping")"
  write_spans "$spans"
  printf '}\n'
}

# has AGENCY: takes part in this demo.
has() { agencies | grep -qxF "$1"; }

ask_questions() {
  local purpose=(--purpose needs_assessment)
  ask "Crime recorded by the police: district by month" \
    query --from police_incidents --by lad,month "${purpose[@]}"
  ask "Crimes with a knife or against people under 25, by district" \
    query --from police_incidents --by lad \
    --where "weapon = 'KNIFE' OR age_u25 = 'under_25'" \
    "${purpose[@]}"
  ask "Distinct victims known to the police, by age" \
    query --from police_incidents --by age_core \
    --measure count --measure distinct_persons "${purpose[@]}"
  if has st-marys-ed; then
    picture "Violence with injury, as the police and as emergency departments see it" \
      "police: violence with injury" "hospitals: assault attendances" \
      "$dir/data/places.csv" lad lad_name -- \
      query --from police_incidents --by lad \
      --where "offence_class = 'VWI'" "${purpose[@]}" -- \
      query --from ed_attendances --by lad \
      --where "intent = 'ASSAULT'" "${purpose[@]}"
  fi
  ask_with_one_offline "${purpose[@]}"
}

# The agency that is offline is a hospital, where one takes part.
ask_with_one_offline() {
  local offline=riverside-police data_set=police_incidents id
  for id in st-marys-ed queens-ed; do
    if has "$id"; then offline=$id data_set=ed_attendances; fi
  done
  with_agency_offline "$offline" \
    "Records by quarter while $offline is offline: a partial answer" \
    query --from "$data_set" --by quarter "$@"
}

# Lines for people who go on by themselves after --keep.
example_questions() {
  cat <<'TEXT'
  cairn datasets
  cairn describe police_incidents
  cairn query --from police_incidents --by lad,quarter --purpose needs_assessment
  cairn query --from ed_attendances --by age_core --where "intent = 'ASSAULT'" --split agency --purpose needs_assessment
TEXT
}
