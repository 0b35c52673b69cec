#ifndef CAIRN_AGENT_OPEN_SOURCE_H_
#define CAIRN_AGENT_OPEN_SOURCE_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "agent/config.h"
#include "agent/data_source.h"
#include "agent/places.h"

namespace cairn {

// The places of the configuration; null: it has none. Errors of Places::Read.
absl::StatusOr<std::unique_ptr<Places>> ReadPlaces(
    const AgentSettings& settings);

// The source that answers for a data set, as load left it at `path`: an extract
// of copied records, or the agency's own database. That is not looked at until
// a table is asked for. Errors of SqliteSource::Open or OpenInPlace.
absl::StatusOr<std::unique_ptr<DataSource>> OpenDataSource(
    const AgentSettings& settings, const DataSet& data_set,
    const std::string& path);

// Looks at the database of a source as `check` does: can it be reached, may the
// account write, has the table the mapping's columns; and in place, can each
// record be read, and are they as load saw them. What it is, in words. Errors
// of ConnectToRead, OdbcSource::See; ABORTED.
absl::StatusOr<std::string> CheckDatabase(const AgentSettings& settings,
                                          const v1::Source& source,
                                          const Places* places);

}  // namespace cairn

#endif  // CAIRN_AGENT_OPEN_SOURCE_H_
