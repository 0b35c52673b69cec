#ifndef CAIRN_CORE_LINK_STRUCTURAL_ZERO_ENTRIES_H_
#define CAIRN_CORE_LINK_STRUCTURAL_ZERO_ENTRIES_H_

#include "absl/status/status.h"
#include "cairn/v1/catalogue.pb.h"
#include "core/query/catalogue.h"

namespace cairn {

// Adds the structural zeros of a data set, whose dimensions are all there.
// INVALID_ARGUMENT: one that does not speak of categories with one code a
// record, of two of them at least, and of codes that they have, other than not
// known; or there are too many.
absl::Status AddStructuralZeros(const v1::DataSet& message, DataSet* data_set);

}  // namespace cairn

#endif  // CAIRN_CORE_LINK_STRUCTURAL_ZERO_ENTRIES_H_
