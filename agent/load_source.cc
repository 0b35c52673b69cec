// What has to be known of a source before its rows are read.

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "agent/loader.h"
#include "agent/record_reader.h"
#include "core/base/digest.h"
#include "core/base/status_macros.h"
#include "core/link/text_config.h"
#include "core/store/sqlite.h"

namespace cairn {
namespace {

constexpr size_t kKeyBytes = 32;

// Position of the column, or -1.
int FindColumn(const std::vector<std::string>& header,
               const std::string& name) {
  for (size_t i = 0; i < header.size(); ++i) {
    if (absl::StripAsciiWhitespace(header[i]) == name) {
      return static_cast<int>(i);
    }
  }
  return -1;
}

}  // namespace

absl::StatusOr<std::string> ReadOrMakeKey(const std::string& state_dir) {
  if (mkdir(state_dir.c_str(), 0700) != 0 && errno != EEXIST) {
    return absl::InternalError(absl::StrCat(
        state_dir, ": the folder cannot be made: ", std::strerror(errno)));
  }
  const std::string path = state_dir + "/pseudonym.key";
  if (access(path.c_str(), F_OK) != 0) {
    CAIRN_RETURN_IF_ERROR(MakeSecretFile(path, RandomBytes(kKeyBytes)));
  }
  CAIRN_RETURN_IF_ERROR(CheckSecretFile(path));
  CAIRN_ASSIGN_OR_RETURN(std::string key, ReadFile(path));
  if (key.size() == kKeyBytes) return key;
  return absl::DataLossError(absl::StrCat(
      path, ": a key has ", kKeyBytes, " bytes, this file has ", key.size(),
      "; restore it from a backup, since a new one makes other pseudonyms"));
}

absl::StatusOr<std::vector<std::string>> CoveredMonths(
    const v1::Source& source, const DataSet& data_set) {
  const auto fail = [&](absl::string_view what) {
    return absl::InvalidArgumentError(
        absl::StrCat("source of ", data_set.id, ": ", what));
  };
  std::set<std::string> covered;
  for (const v1::Source::Span& span : source.covers()) {
    const auto months = MonthsBetween(span.from(), span.to());
    if (!months.ok()) return fail(months.status().message());
    for (const std::string& month : *months) {
      if (!covered.insert(month).second) {
        return fail(absl::StrCat("covers has the month ", month, " twice"));
      }
      if (std::find(data_set.months.begin(), data_set.months.end(), month) ==
          data_set.months.end()) {
        return fail(absl::StrCat(
            "covers has the month ", month, ", but the catalogue's period is ",
            data_set.months.front(), " to ", data_set.months.back()));
      }
    }
  }
  if (covered.empty()) {
    return fail(
        "covers is missing; say which whole months the records hold, such as "
        "covers { from: \"2024-01\" to: \"2024-03\" }");
  }
  return std::vector<std::string>(covered.begin(), covered.end());
}

absl::StatusOr<CsvOptions> CsvOptionsOf(const v1::Mapping& mapping,
                                        const std::string& path) {
  CsvOptions options;
  if (!mapping.delimiter().empty()) options.delimiter = mapping.delimiter()[0];
  const char c = options.delimiter;
  if (mapping.delimiter().size() > 1 || c == '"' ||
      (c != '\t' && !absl::ascii_isprint(static_cast<unsigned char>(c)))) {
    return absl::InvalidArgumentError(absl::StrCat(
        path, ": the delimiter must be one printable character or a tab"));
  }
  switch (mapping.encoding()) {
    case v1::UTF_8:
      options.encoding = CsvOptions::kUtf8;
      break;
    case v1::WINDOWS_1252:
      options.encoding = CsvOptions::kWindows1252;
      break;
    default:
      break;
  }
  return options;
}

absl::StatusOr<Precision> FindPrecision(const v1::Source& source,
                                        const v1::Mapping& mapping) {
  std::string name;
  std::set<absl::string_view> not_dates;  // listed as not known
  for (const v1::Mapping::Column& column : mapping.column()) {
    if (!column.occurred_at()) continue;
    name = column.name();
    for (const v1::Mapping::Value& value : column.value()) {
      not_dates.insert(absl::StripAsciiWhitespace(value.from()));
    }
  }
  if (source.database().in_place()) return Precision::kMonth;
  for (int part = 0; part < RecordReader::PartsOf(source); ++part) {
    CAIRN_ASSIGN_OR_RETURN(const auto records,
                           RecordReader::Open(source, part, mapping));
    const int column = FindColumn(records->header(), name);
    if (column < 0) break;  // said better when the columns are bound
    std::vector<absl::string_view> fields;
    for (;;) {
      CAIRN_ASSIGN_OR_RETURN(const bool more, records->Next(&fields));
      if (!more) break;
      const absl::string_view text = absl::StripAsciiWhitespace(fields[column]);
      const auto moment = ParseMoment(text);
      if (moment.ok() && not_dates.count(text) == 0) return moment->precision;
    }
  }
  return Precision::kMonth;
}

}  // namespace cairn
