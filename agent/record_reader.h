#ifndef CAIRN_AGENT_RECORD_READER_H_
#define CAIRN_AGENT_RECORD_READER_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "cairn/v1/config.pb.h"

namespace cairn {

// The records of one part of a source, from first to last, as texts: of a CSV
// file (core/base/csv_reader.h), or of a table or view of the agency's own
// database, where NULL is empty. No error has a text of theirs.
class RecordReader {
 public:
  // How many parts a source has: its files, or one table.
  static int PartsOf(const v1::Source& source);

  // INVALID_ARGUMENT: the mapping's delimiter or encoding; else errors of
  // CsvReader::Open, or of ConnectToRead and OdbcConnection,
  // which then name the table.
  static absl::StatusOr<std::unique_ptr<RecordReader>> Open(
      const v1::Source& source, int part, const v1::Mapping& mapping);
  virtual ~RecordReader() = default;

  // "file", or "table".
  virtual const std::string& name() const = 0;
  // The columns: all of a file's, the mapping's of a table.
  virtual const std::vector<std::string>& header() const = 0;
  // Valid until the next call. False: there is none.
  virtual absl::StatusOr<bool> Next(std::vector<absl::string_view>* fields) = 0;
  // Of the last one, in words: "file:line", or "table: record 17".
  virtual std::string where() const = 0;
  // 0 to 1; of a table as of when it was opened.
  virtual double fraction_read() const = 0;
};

}  // namespace cairn

#endif  // CAIRN_AGENT_RECORD_READER_H_
