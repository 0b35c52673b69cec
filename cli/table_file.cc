#include "cli/table_file.h"

#include <unistd.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "cli/ask.h"
#include "core/base/csv_reader.h"
#include "core/base/status_macros.h"
#include "core/base/utf8.h"
#include "core/link/policy_file.h"
#include "core/link/text_config.h"
#include "core/query/catalogue.h"

namespace cairn {
namespace {

constexpr size_t kMaxRows = 1'000'000;
constexpr size_t kColumnsNamed = 12;

std::string Trimmed(absl::string_view text) {
  return std::string(absl::StripAsciiWhitespace(text));
}

std::vector<std::string> HeaderOf(const CsvReader& reader) {
  std::vector<std::string> names;
  for (const std::string& name : reader.header()) {
    names.push_back(Trimmed(name));
  }
  return names;
}

std::string Named(const std::vector<std::string>& names) {
  std::vector<std::string> shown;
  for (const std::string& name : names) {
    if (shown.size() == kColumnsNamed) break;
    shown.push_back(ShortText(name));
  }
  return absl::StrCat(absl::StrJoin(shown, ", "),
                      names.size() > kColumnsNamed ? ", ..." : "");
}

// The place of a column; -1 if it is not there.
int PlaceOf(const std::vector<std::string>& header, const std::string& name) {
  const auto at = std::find(header.begin(), header.end(), name);
  return at == header.end() ? -1 : static_cast<int>(at - header.begin());
}

absl::Status NoColumn(const std::string& path,
                      const std::vector<std::string>& header,
                      const std::string& name, const std::string& flag) {
  const std::string near = Nearest(name, header);
  return absl::InvalidArgumentError(absl::StrCat(
      PrintableUtf8(path), ":1: there is no column '", ShortText(name), "'",
      flag.empty() ? "" : absl::StrCat(" (", flag, ")"), "; ",
      near.empty() ? "" : absl::StrCat("did you mean ", ShortText(near), "? "),
      "there are ", Named(header)));
}

absl::StatusOr<std::vector<std::string>> SplitDims(const std::string& dims) {
  std::vector<std::string> names;
  for (const absl::string_view piece : absl::StrSplit(dims, ',')) {
    names.push_back(Trimmed(piece));
    if (names.back().empty()) {
      return absl::InvalidArgumentError(
          "--dims: a column is missing beside a comma, or all are");
    }
    for (const char* taken : {"value", "status", "low", "high"}) {
      if (names.back() != taken) continue;
      return absl::InvalidArgumentError(
          absl::StrCat("--dims: '", taken,
                       "' is a column of the result; name yours otherwise"));
    }
  }
  if (names.size() > TidyTable::kMaxDims) {
    return absl::InvalidArgumentError(
        absl::StrCat("--dims names ", names.size(), " columns; at most ",
                     TidyTable::kMaxDims, " can be crossed"));
  }
  return names;
}

}  // namespace

absl::StatusOr<TableFile> ReadTableFile(
    const std::string& path, const std::string& dims,
    const std::vector<TableColumn>& columns) {
  TableFile file;
  file.rows.source = path;
  CAIRN_ASSIGN_OR_RETURN(file.rows.dims, SplitDims(dims));
  CAIRN_ASSIGN_OR_RETURN(const std::unique_ptr<CsvReader> reader,
                         CsvReader::Open(path, CsvOptions()));
  const std::vector<std::string> header = HeaderOf(*reader);
  std::vector<int> dim_places, places;
  for (const std::string& dim : file.rows.dims) {
    dim_places.push_back(PlaceOf(header, dim));
    if (dim_places.back() < 0) return NoColumn(path, header, dim, "--dims");
  }
  for (const TableColumn& column : columns) {
    places.push_back(PlaceOf(header, column.name));
    if (places.back() < 0 && !column.optional) {
      return NoColumn(path, header, column.name, column.flag);
    }
    if (PlaceOf(file.rows.dims, column.name) < 0) continue;
    return absl::InvalidArgumentError(absl::StrCat("--dims and ", column.flag,
                                                   " name the same column, ",
                                                   ShortText(column.name)));
  }
  file.columns.resize(columns.size());
  std::vector<absl::string_view> fields;
  for (;;) {
    CAIRN_ASSIGN_OR_RETURN(const bool more, reader->Next(&fields));
    if (!more) break;
    if (file.rows.lines.size() == kMaxRows) {
      return absl::InvalidArgumentError(
          absl::StrCat(PrintableUtf8(path), ": the table has more than ",
                       Grouped(kMaxRows), " rows; use coarser codes"));
    }
    file.rows.lines.push_back(reader->line());
    for (const int place : dim_places) {
      file.rows.codes.push_back(Trimmed(fields[place]));
    }
    for (size_t i = 0; i < places.size(); ++i) {
      if (places[i] < 0) continue;
      file.columns[i].push_back(Trimmed(fields[places[i]]));
    }
  }
  return file;
}

absl::StatusOr<TidyHierarchy> ReadHierarchyFile(const std::string& path) {
  TidyHierarchy hierarchy;
  hierarchy.source = path;
  if (path.empty()) return hierarchy;
  CAIRN_ASSIGN_OR_RETURN(const std::unique_ptr<CsvReader> reader,
                         CsvReader::Open(path, CsvOptions()));
  const std::vector<std::string> header = HeaderOf(*reader);
  std::vector<int> places;
  for (const char* name : {"dim", "tree", "parent", "child"}) {
    places.push_back(PlaceOf(header, name));
    if (places.back() < 0) return NoColumn(path, header, name, "--hierarchy");
  }
  std::vector<absl::string_view> fields;
  for (;;) {
    CAIRN_ASSIGN_OR_RETURN(const bool more, reader->Next(&fields));
    if (!more) break;
    if (hierarchy.triples.size() == kMaxRows) {
      return absl::InvalidArgumentError(
          absl::StrCat(PrintableUtf8(path), ": more than ", Grouped(kMaxRows),
                       " rows; a hierarchy has one row a code and tree"));
    }
    hierarchy.triples.push_back({Trimmed(fields[places[0]]),
                                 Trimmed(fields[places[1]]),
                                 Trimmed(fields[places[2]]),
                                 Trimmed(fields[places[3]]), reader->line()});
  }
  return hierarchy;
}

absl::StatusOr<int64_t> ReadFigure(const std::string& text,
                                   const std::string& column) {
  const bool digits = !text.empty() && std::all_of(text.begin(), text.end(),
                                                   absl::ascii_isdigit);
  int64_t figure = 0;
  if (digits && absl::SimpleAtoi(text, &figure) &&
      figure <= TidyTable::kMaxFigure) {
    return figure;
  }
  const std::string what =
      text.empty()
          ? absl::StrCat(ShortText(column), " is empty")
          : absl::StrCat(ShortText(column), " is '", ShortText(text), "'");
  const bool negative = text.size() > 1 && text[0] == '-' &&
                        absl::ascii_isdigit(static_cast<uint8_t>(text[1]));
  return absl::InvalidArgumentError(
      absl::StrCat(what, "; it must be a whole number",
                   digits     ? absl::StrCat(" up to ", TidyTable::kMaxFigure)
                   : negative ? ", 0 or more"
                              : ", in digits only"));
}

absl::StatusOr<DisclosurePolicy> ReadCountPolicy(const std::string& path) {
  CAIRN_ASSIGN_OR_RETURN(DisclosurePolicy policy, ReadPolicy(path));
  if (!policy.cell_key.has_value()) return policy;
  return absl::InvalidArgumentError(absl::StrCat(
      PrintableUtf8(path),
      ": method CELL_KEY makes its noise from records, and a table "
      "has none; use SUPPRESS_AND_ROUND"));
}

absl::StatusOr<std::string> ListFormatFor(const std::string& asked,
                                          const std::string& file) {
  if (asked.empty()) {
    const bool terminal = file.empty() && isatty(STDOUT_FILENO) == 1;
    return terminal ? "table" : "csv";
  }
  for (const char* known : {"table", "csv", "json"}) {
    if (asked == known) return asked;
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "-o ", PrintableUtf8(asked.substr(0, 20)), ": use table, csv or json"));
}

std::string Grouped(int64_t number) {
  std::string text = absl::StrCat(number);
  for (size_t i = text.size(); i > 3; i -= 3) text.insert(i - 3, ",");
  return text;
}

}  // namespace cairn
