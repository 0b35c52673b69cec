#include "cli/result_xlsx.h"

#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "cli/result_words.h"
#include "core/output/workbook.h"

namespace cairn {
namespace {

std::vector<WorkbookLine> CoverOf(const v1::Result& result) {
  std::vector<WorkbookLine> lines = {{QuestionInWords(result)}};
  if (!result.where_text().empty()) {
    lines.push_back({absl::StrCat("where ", result.where_text())});
  }
  lines.push_back({"Who answered, and how", true});
  for (const ResultLine& line : LinesUnder(result)) {
    lines.push_back({absl::StrCat(line.head, ": ", line.text)});
  }
  lines.push_back({"What the status of a cell means", true});
  for (const char* line :
       {"published: value is the number, rounded by the rule; the true number "
        "lies between low and high.",
        "suppressed: confidential. The number is small, or would give a small "
        "number away; low and high are all that is said of it.",
        "bounded: part of the number is hidden; the true number lies between "
        "low and high.",
        "unavailable: an agency that was asked gave no figure. This is not "
        "zero; low is what the others hold.",
        "not_applicable: the agency does not hold this."}) {
    lines.push_back({line});
  }
  return lines;
}

WorkbookCell NumberCell(const std::optional<double>& number) {
  if (!number.has_value()) return {};
  return *number;
}

std::vector<WorkbookCell> CellsOf(const v1::Result& result,
                                  const v1::ResultRow& row) {
  std::vector<WorkbookCell> cells;
  for (int i = 0; i < result.dimension_size(); ++i) {
    cells.emplace_back(std::string(KeyOf(row, i)));
  }
  if (result.split_by_agency()) cells.emplace_back(row.agency());
  cells.emplace_back(std::string(MeasureName(result, row)));
  cells.push_back(NumberCell(ShownValue(row)));
  cells.emplace_back(std::string(StatusName(row.status())));
  cells.push_back(NumberCell(LowOf(row)));
  cells.push_back(NumberCell(HighOf(row)));
  return cells;
}

}  // namespace

absl::Status WriteResultXlsx(const v1::Result& result,
                             const std::string& path) {
  WorkbookContents book;
  book.title = QuestionInWords(result);
  book.comments = result.query_id();
  book.cover = CoverOf(result);
  book.table.name = "result";
  book.table.title = QuestionInWords(result);
  book.table.sentence =
      result.row().empty()
          ? "This worksheet contains no table: there are no figures to show."
          : "This worksheet contains one table. A value is empty where it is "
            "not published; the column status says why, and Cover_sheet what "
            "it means.";
  book.table.columns = TidyColumns(result);
  for (const v1::ResultRow& row : result.row()) {
    book.table.rows.push_back(CellsOf(result, row));
  }
  return WriteWorkbook(book, path);
}

}  // namespace cairn
