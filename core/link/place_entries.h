#ifndef CAIRN_CORE_LINK_PLACE_ENTRIES_H_
#define CAIRN_CORE_LINK_PLACE_ENTRIES_H_

#include "absl/status/status.h"
#include "cairn/v1/catalogue.pb.h"
#include "core/query/catalogue.h"

namespace cairn {

// A place of a partnership (`place { id: "city_centre" area { .. } }`) becomes
// one more level of the place dimension: a variable of its own with the codes
// 1 and 0, that every level nests in which tells its areas apart. So a place is
// no filter but a tree over the same areas as wards are, and the proof holds it
// against wards and other places like any two trees.

// INVALID_ARGUMENT: a name or version that is none, no area, an area twice or
// of a variable that is no level of places, a code that stands for no area (U,
// OUT).
absl::Status CheckPlaces(const v1::Catalogue& catalogue);

// Adds to each place dimension of a data set the places all of whose variables
// are levels of it.
void AddPlaces(const v1::Catalogue& catalogue, DataSet* data_set);

}  // namespace cairn

#endif  // CAIRN_CORE_LINK_PLACE_ENTRIES_H_
