#ifndef CAIRN_AGENT_LOADER_H_
#define CAIRN_AGENT_LOADER_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "agent/mapping.h"
#include "agent/moment.h"
#include "agent/month_versions.h"
#include "agent/places.h"
#include "cairn/v1/config.pb.h"
#include "core/base/csv_reader.h"
#include "core/query/catalogue.h"

namespace cairn {

// What to load, and for whom. References must outlive the call.
struct LoadRequest {
  const Catalogue& catalogue;
  const DataSet& data_set;         // of the catalogue
  v1::Source source;               // its paths are final
  const Places* places = nullptr;  // null: the agent has none
  std::string state_dir = {};
  std::string pseudonym_key = {};  // ReadOrMakeKey()

  // How much of all is done, 0 to 1, and what is being done; now and then.
  std::function<void(double fraction, absl::string_view doing)> progress = {};
  // Sentences with a value from the records in them. To be given only when
  // they go to the steward's own terminal, never to a file or a log.
  std::function<void(const std::string& sentence)> on_terminal = {};
  // Set from elsewhere (a signal) to stop the load.
  const std::atomic<bool>* stop = nullptr;
  // Adds to the new extract, a whole and closed file at this path, before it
  // takes the place of the old one. Its error is the load's.
  std::function<absl::Status(const std::string& path)> complete = {};
  // Digest of the disclosure policy (Sha256Hex).
  std::string rule = {};
  // The data set's epochs of which figures were released (ReleaseStore).
  std::vector<std::string> released = {};
  // Where the extract does not know all of these: begin without it.
  bool start_anew = false;
};

struct LoadReport {
  std::string data_set;
  std::string epoch;
  uint64_t rows = 0;                 // stored
  uint64_t rows_outside_period = 0;  // left out
  // Stored without a person; all of them if the mapping has no person_key.
  uint64_t rows_without_person = 0;
  bool has_person = false;
  std::vector<ColumnCounts> columns;
  std::vector<MonthChange> months;
  // Figures were released before of records that these cannot be held against.
  bool stands_apart = false;
  bool in_place = false;  // the records stay where they are
  double seconds = 0;
};

// Reads all records of a source into <state_dir>/extract/<data set>.db, or, in
// place, looks at them where they are (agent/in_place.h). The
// earlier extract stays, untouched, unless and until all of the new one is
// written. Months of which too few records changed stay as they were
// (agent/month_versions.h). The same content under the same catalogue, codes,
// period, places, policy and key has the same epoch.
//
// No message has a value from the records.
// INVALID_ARGUMENT: the mapping, the months covered or the files are wrong.
//   For rows that cannot be read, the first line says how many, and up to ten
//   lines "file:line: column 'X': what" follow.
// NOT_FOUND: there is no such file. CANCELLED: stopped. Of a database, all
//   errors of RecordReader.
// FAILED_PRECONDITION: another load of the data set is running, or the earlier
//   extract does not know what was released (a backup was restored).
absl::StatusOr<LoadReport> LoadDataSet(const LoadRequest& request);

// The months a source covers, in order. INVALID_ARGUMENT if there are none, or
// one is not a month, is there twice, or lies outside the catalogue's period.
absl::StatusOr<std::vector<std::string>> CoveredMonths(const v1::Source& source,
                                                       const DataSet& data_set);

// How finely the source's dates are known, as the first date in its records
// shows; to the month if there is none, or if they are asked in place.
absl::StatusOr<Precision> FindPrecision(const v1::Source& source,
                                        const v1::Mapping& mapping);

// The mapping's delimiter and encoding. INVALID_ARGUMENT names the mapping.
absl::StatusOr<CsvOptions> CsvOptionsOf(const v1::Mapping& mapping,
                                        const std::string& path);

// The agent's key for pseudonyms, <state_dir>/pseudonym.key: 32 bytes, made at
// the first use, readable by its owner only. Without it the same person would
// become another one, so it is never replaced: DATA_LOSS if it has not 32
// bytes, PERMISSION_DENIED if others may read it.
absl::StatusOr<std::string> ReadOrMakeKey(const std::string& state_dir);

}  // namespace cairn

#endif  // CAIRN_AGENT_LOADER_H_
