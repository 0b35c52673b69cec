#include "agent/record_reader.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "agent/loader.h"
#include "agent/own_database.h"
#include "core/base/csv_reader.h"
#include "core/base/status_macros.h"

namespace cairn {
namespace {

class FileReader : public RecordReader {
 public:
  FileReader(std::string path, std::unique_ptr<CsvReader> file)
      : path_(std::move(path)), file_(std::move(file)) {}

  const std::string& name() const override { return path_; }
  const std::vector<std::string>& header() const override {
    return file_->header();
  }
  absl::StatusOr<bool> Next(std::vector<absl::string_view>* fields) override {
    return file_->Next(fields);
  }
  std::string where() const override {
    return absl::StrCat(path_, ":", file_->line());
  }
  double fraction_read() const override { return file_->fraction_read(); }

 private:
  const std::string path_;
  const std::unique_ptr<CsvReader> file_;
};

class TableReader : public RecordReader {
 public:
  static absl::StatusOr<std::unique_ptr<RecordReader>> Open(
      const v1::OwnDatabase& config, const v1::Mapping& mapping) {
    auto reader = std::make_unique<TableReader>(config.table());
    const absl::Status begun = reader->Begin(config, mapping);
    if (!begun.ok()) return reader->Named(begun);
    return reader;
  }
  explicit TableReader(std::string table) : table_(std::move(table)) {}

  const std::string& name() const override { return table_; }
  const std::vector<std::string>& header() const override { return header_; }
  absl::StatusOr<bool> Next(std::vector<absl::string_view>* fields) override {
    const auto more = texts_->Next(&row_);
    if (!more.ok()) return Named(more.status());
    if (!*more) return false;
    ++read_;
    fields->assign(row_.begin(), row_.end());
    return true;
  }
  std::string where() const override {
    return absl::StrCat(table_, ": record ", read_);
  }
  double fraction_read() const override {
    return rows_ <= 0 ? 0
                      : std::min(1.0, static_cast<double>(read_) /
                                          static_cast<double>(rows_));
  }

 private:
  absl::Status Begin(const v1::OwnDatabase& config,
                     const v1::Mapping& mapping) {
    const OdbcSettings settings = OdbcSettingsOf(config);
    std::string date;
    for (const v1::Mapping::Column& column : mapping.column()) {
      header_.push_back(column.name());
      if (column.occurred_at()) date = column.name();
    }
    CAIRN_ASSIGN_OR_RETURN(database_,
                           ConnectToRead(settings, date, Fetch::kPieceWise));
    std::vector<std::string> columns;
    for (const std::string& name : header_) {
      columns.push_back(database_.dialect.Quote(name));
    }
    const std::string from =
        absl::StrCat(" FROM ", settings.table.In(database_.dialect));
    CAIRN_ASSIGN_OR_RETURN(
        const auto count,
        database_.connection->Query(
            {absl::StrCat("SELECT ", database_.dialect.count, from), {}}, 1,
            settings.timeout));
    if (!count.empty()) rows_ = count[0][0].value_or(0);
    CAIRN_ASSIGN_OR_RETURN(
        texts_,
        database_.connection->Read(
            {absl::StrCat("SELECT ", absl::StrJoin(columns, ", "), from), {}},
            settings.timeout));
    return absl::OkStatus();
  }

  absl::Status Named(const absl::Status& error) const {
    return absl::Status(error.code(),
                        absl::StrCat(table_, ": ", error.message()));
  }

  const std::string table_;
  ReadingConnection database_;
  std::unique_ptr<OdbcConnection::Texts> texts_;  // ends before that
  std::vector<std::string> header_, row_;
  int64_t rows_ = 0;
  uint64_t read_ = 0;
};

}  // namespace

int RecordReader::PartsOf(const v1::Source& source) {
  return source.has_database() ? 1 : source.file_size();
}

absl::StatusOr<std::unique_ptr<RecordReader>> RecordReader::Open(
    const v1::Source& source, int part, const v1::Mapping& mapping) {
  if (source.has_database()) {
    return TableReader::Open(source.database(), mapping);
  }
  CAIRN_ASSIGN_OR_RETURN(const CsvOptions options,
                         CsvOptionsOf(mapping, source.mapping()));
  const std::string& path = source.file(part);
  CAIRN_ASSIGN_OR_RETURN(auto file, CsvReader::Open(path, options));
  return std::make_unique<FileReader>(path, std::move(file));
}

}  // namespace cairn
