#ifndef CAIRN_CORE_QUERY_ATOM_H_
#define CAIRN_CORE_QUERY_ATOM_H_

#include <vector>

#include "absl/status/statusor.h"
#include "core/query/catalogue.h"
#include "core/query/filter.h"

namespace cairn {

// What one condition of a filter means on the codes of its variable: which of
// them it admits. `atom` is a kCompare, kIn, kBetween or kIsNull on `level`.
//
//   age_band < 18          the bands that end below 18; a band that 18 cuts
//   through
//                          is refused, with the nearest edges
//   month >= '2024-04-01'  from April on; '2024-04-15' cuts through a month
//   sex <> 'M'             every code but M, U too; < and > never admit U
//
// INVALID_ARGUMENT: one sentence that names the nearest condition that works.
absl::StatusOr<std::vector<bool>> AdmittedCodes(const Level& level,
                                                bool is_time,
                                                const Filter& atom);

}  // namespace cairn

#endif  // CAIRN_CORE_QUERY_ATOM_H_
