#ifndef CAIRN_CORE_BASE_CSV_READER_H_
#define CAIRN_CORE_BASE_CSV_READER_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace cairn {

struct CsvOptions {
  enum Encoding {
    kUtf8OrWindows1252,  // each field that is not UTF-8 is Windows-1252
    kUtf8,               // anything else is an error
    kWindows1252,
  };

  char delimiter = ',';  // printable ASCII or tab, not a quote
  Encoding encoding = kUtf8OrWindows1252;

  // Bytes read at a time, 1 or more. Only tests have a reason to change it.
  size_t chunk_bytes = size_t{512} * 1024;
};

// Reads the records of one CSV file from first to last, in bounded memory.
//
// The form is RFC 4180, with what agencies really export: LF beside CRLF, a
// UTF-8 byte order mark, no line end after the last record, blank lines after
// it, a quote inside a field that does not begin with one (it stands for
// itself), gzip (found by content, not by name; several members in a row are
// one file). All text comes out as UTF-8. In Windows-1252 the five bytes
// without a meaning become U+FFFD. Fields are not trimmed.
//
// A blank line before the last record is an empty value if the file has one
// column, and an error if it has more. A carriage return outside quotes ends a
// line only before a line feed; alone it is an error.
//
// Every failure is one sentence that starts "path:line: " (or "path: "), with
// the path as it was given, and is INVALID_ARGUMENT, except a missing file,
// which is NOT_FOUND. No message ever repeats a field, not even a column's
// name, since a file without a header has a person's record in its place:
// columns are numbered from 1. After a failure every call fails alike. Damage
// to a gzip file may show only at its end: rows read before a failure must be
// thrown away with it.
class CsvReader {
 public:
  static constexpr size_t kMaxFieldBytes = size_t{1} << 20;  // as written
  static constexpr size_t kMaxRecordBytes = size_t{16} << 20;
  static constexpr size_t kMaxColumns = 10'000;

  // Opens `path` and reads its header. Fails when the file is missing, empty,
  // a folder or unreadable, when the header has a column with no name or two
  // with the same, and wherever Next() would.
  static absl::StatusOr<std::unique_ptr<CsvReader>> Open(
      const std::string& path, const CsvOptions& options);

  CsvReader(const CsvReader&) = delete;
  CsvReader& operator=(const CsvReader&) = delete;
  ~CsvReader();

  // The names of the columns, at least one, as written.
  const std::vector<std::string>& header() const { return header_; }

  // Puts the next record into `fields`, one for each column; false when there
  // is none. The views are valid until the next call. Fails on a record with
  // too few or too many fields, a NUL byte, a quote that is not closed or is
  // followed by text, a field or record over the limits above, bytes that are
  // not in the declared encoding, damaged gzip, or a failed read.
  absl::StatusOr<bool> Next(std::vector<absl::string_view>* fields);

  // The physical line, from 1, at which the last record read starts.
  uint64_t line() const { return line_; }

  // How much of the file, as stored, has been read: 0 to 1, never falling,
  // and 0 until the end if its size is not known (a pipe).
  double fraction_read() const;

 private:
  class Source;
  enum class Scanned { kRecord, kNeedMore, kFailed };

  CsvReader(const std::string& path, const CsvOptions& options,
            std::unique_ptr<Source> source);

  absl::Status ReadHeader();
  absl::Status CheckNames();
  absl::Status SkipByteOrderMark();
  absl::StatusOr<uint64_t> SkipBlankLines();
  absl::StatusOr<bool> ReadRecord(std::vector<absl::string_view>* fields);
  absl::Status Fill();

  Scanned Scan(std::vector<absl::string_view>* fields);
  // kRecord: the field is whole.
  Scanned ScanQuoted(const char** cursor,
                     std::vector<absl::string_view>* fields);
  Scanned NeedMore(const char* field, uint64_t line, bool quoted);
  Scanned Misplaced(char byte);
  Scanned Refuse(uint64_t line, absl::string_view why);
  absl::Status Finish(std::vector<absl::string_view>* fields);
  absl::Status Decode(std::vector<absl::string_view>* fields);

  const char* begin() const { return buffer_.data() + begin_; }
  const char* end() const { return buffer_.data() + end_; }
  absl::Status Fail(uint64_t line, absl::string_view why);

  const std::string path_;
  const CsvOptions options_;
  std::unique_ptr<Source> source_;
  std::vector<std::string> header_;
  std::array<bool, 256> stops_{};  // bytes that may end an unquoted field
  absl::Status failure_;

  // Unread bytes are [begin_, end_); buffer_[end_] is always NUL, so that a
  // scan needs no other check for the end.
  std::vector<char> buffer_;
  size_t begin_ = 0;
  size_t end_ = 0;
  bool at_end_of_file_ = false;

  // Of the record being scanned.
  size_t record_bytes_ = 0;
  uint64_t newlines_ = 0;        // inside its quotes
  std::vector<size_t> doubled_;  // fields with doubled quotes
  std::string decoded_;          // fields that were not UTF-8

  uint64_t line_ = 1;
  uint64_t next_line_ = 1;
  uint64_t blank_records_ = 0;  // read, not yet handed out
};

}  // namespace cairn

#endif  // CAIRN_CORE_BASE_CSV_READER_H_
