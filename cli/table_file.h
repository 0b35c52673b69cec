#ifndef CAIRN_CLI_TABLE_FILE_H_
#define CAIRN_CLI_TABLE_FILE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/disclosure/policy.h"
#include "core/disclosure/tidy_table.h"

namespace cairn {

// A tidy CSV table as it stands in a file, with the columns asked for.
struct TableFile {
  TidyRows rows;
  // By column asked for: its text, one a row; empty where an optional column is
  // not there.
  std::vector<std::vector<std::string>> columns;
};

struct TableColumn {
  std::string name;
  std::string flag = {};  // that names it, for messages; empty: the form does
  bool optional = false;
};

// `dims`: the dimension columns, comma separated. Text is trimmed. Every
// failure is one sentence: INVALID_ARGUMENT with the file and the line, or
// NOT_FOUND.
absl::StatusOr<TableFile> ReadTableFile(
    const std::string& path, const std::string& dims,
    const std::vector<TableColumn>& columns);

// Columns dim, tree, parent, child. An empty path: no triples.
absl::StatusOr<TidyHierarchy> ReadHierarchyFile(const std::string& path);

// A whole number from 0 to TidyTable::kMaxFigure. Otherwise INVALID_ARGUMENT,
// a sentence that begins with `column`.
absl::StatusOr<int64_t> ReadFigure(const std::string& text,
                                   const std::string& column);

// Reads a policy for a table of counts. INVALID_ARGUMENT also for one that
// makes noise: that is drawn from the records, which a table does not have.
absl::StatusOr<DisclosurePolicy> ReadCountPolicy(const std::string& path);

// `asked`, or table on a terminal and csv elsewhere. INVALID_ARGUMENT if it is
// not table, csv or json.
absl::StatusOr<std::string> ListFormatFor(const std::string& asked,
                                          const std::string& file);
// 29376 -> "29,376"
std::string Grouped(int64_t number);

}  // namespace cairn

#endif  // CAIRN_CLI_TABLE_FILE_H_
