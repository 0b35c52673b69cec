#ifndef CAIRN_TESTS_BENCH_INCIDENT_EXTRACT_H_
#define CAIRN_TESTS_BENCH_INCIDENT_EXTRACT_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/query/catalogue.h"

namespace cairn {

// A made-up table of incidents for measuring, written as load writes it:
//   d0 month 60  d1 lsoa 1,500 in 188 wards in 10 districts  d2 offence 12
//   d3 weapon 6  d4 sex 3  d5 age 0..99 in 10 bands  d6 ethnicity 6
//   q0 cost, 0..50,000; a key for each record
// Four records of five are of a new person, the fifth repeats one; codes are
// spread evenly, months and places too.
inline constexpr int kIncidentMonths = 60;
inline constexpr int kLsoasPerWard = 8;
inline constexpr int kLsoasPerDistrict = 150;
inline constexpr int kYearsPerBand = 10;

absl::StatusOr<std::shared_ptr<const Catalogue>> IncidentCatalogue();

// <folder>/extract/incidents.db, of so many rows, without a snapshot.
absl::Status WriteIncidents(const std::string& folder, uint64_t rows,
                            const Catalogue& catalogue);

}  // namespace cairn

#endif  // CAIRN_TESTS_BENCH_INCIDENT_EXTRACT_H_
