#ifndef CAIRN_AGENT_IN_PLACE_H_
#define CAIRN_AGENT_IN_PLACE_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "agent/data_source.h"
#include "agent/loader.h"
#include "agent/odbc_source.h"

namespace cairn {

// What load does for records that stay in the agency's own database: it looks
// at all of them there once and writes down, where an extract would stand, what
// it saw, so that each table can be held against it.
//
// A closed month stays as it was: its records are no longer there to hold new
// figures against once they have changed, so a load that finds others than the
// one before leaves all as it was.
//
// INVALID_ARGUMENT: the mapping has what a database cannot give.
// FAILED_PRECONDITION: records of which figures were released have changed, or
// are no longer covered by what load knows; another load is running.
// Other errors of OdbcSource::See.
absl::StatusOr<LoadReport> LoadInPlace(const LoadRequest& request);

// Whether all that load asks of the database can be had; writes nothing. Errors
// of LoadInPlace.
absl::Status TryInPlace(const v1::Source& source, const DataSet& data_set,
                        const Catalogue& catalogue, const Places* places);

// The source of what LoadInPlace() wrote to `path`. Errors as
// SqliteSource::Open; also DATA_LOSS: the mapping, the places or the catalogue
// are others since then.
absl::StatusOr<std::unique_ptr<OdbcSource>> OpenInPlace(
    const std::string& path, const v1::Source& source, const DataSet& data_set,
    const Catalogue& catalogue, const Places* places,
    const std::string& agent_key);

}  // namespace cairn

#endif  // CAIRN_AGENT_IN_PLACE_H_
