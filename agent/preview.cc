#include "agent/preview.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/base/status_macros.h"
#include "core/disclosure/merge.h"

namespace cairn {
namespace {

constexpr size_t kMaxRows = 400;

using Line = std::vector<std::string>;

std::string Number(double number) {
  return std::floor(number) == number ? absl::StrFormat("%.0f", number)
                                      : absl::StrFormat("%.6g", number);
}

std::string Shown(const Figure& figure) {
  switch (figure.status) {
    case CellStatus::kPublished:
      return Number(*figure.value);
    case CellStatus::kSuppressed:
      return "[c]";
    case CellStatus::kBounded:
      return figure.high ? absl::StrCat(Number(*figure.low), " to ",
                                        Number(*figure.high))
                         : absl::StrCat(Number(*figure.low), " or more");
    case CellStatus::kUnavailable:
      return "[x]";
    case CellStatus::kNotApplicable:
      break;
  }
  return "[z]";
}

const char* Why(HiddenWhy why) {
  switch (why) {
    case HiddenWhy::kShown:
      return "";
    case HiddenWhy::kSmall:
      return "small count";
    case HiddenWhy::kFewPersons:
      return "too few persons";
    case HiddenWhy::kDominated:
      return "one or two contributors dominate";
    case HiddenWhy::kAllTheSame:
      return "nearly all of a group are in this category";
    case HiddenWhy::kComplement:
      return "complement: would narrow a hidden cell";
    case HiddenWhy::kPinned:
      return "hidden in an earlier release";
    case HiddenWhy::kFewChanged:
      return "shown before the last load, which changed few of its records";
  }
  return "";
}

// Columns as wide as their widest entry.
void AppendTable(const std::vector<Line>& lines, std::string* out) {
  std::vector<size_t> widths;
  for (const Line& line : lines) {
    widths.resize(std::max(widths.size(), line.size()));
    for (size_t i = 0; i < line.size(); ++i) {
      widths[i] = std::max(widths[i], line[i].size());
    }
  }
  for (const Line& line : lines) {
    std::string text = "  ";
    for (size_t i = 0; i < line.size(); ++i) {
      absl::StrAppend(&text, line[i],
                      std::string(widths[i] - line[i].size() + 2, ' '));
    }
    text.erase(text.find_last_not_of(' ') + 1);
    absl::StrAppend(out, text, "\n");
  }
}

absl::Status AppendRows(const Answerer::Preview& preview, std::string* out) {
  AgencyRows own{"", true, {}};
  std::vector<int> decimals;
  for (const Answerer::PreviewTable& table : preview.tables) {
    CAIRN_ASSIGN_OR_RETURN(
        std::vector<AnswerRow> rows,
        Evaluate(preview.plan, table.table->shape(), table.table->cells(),
                 table.table->additive()));
    own.measures.push_back(std::move(rows));
    decimals.push_back(table.table->decimals());
  }
  std::vector<Line> lines(1, preview.plan.query.by);
  for (const Measure& measure : preview.plan.query.measures) {
    lines[0].push_back(measure.ToString());
  }
  for (const MergedRow& row : Merge(preview.plan, decimals, {own})) {
    if (lines.size() > kMaxRows) break;
    Line line = row.key;
    for (const Figure& figure : row.figures) line.push_back(Shown(figure));
    lines.push_back(std::move(line));
  }
  absl::StrAppend(out, "What the analyst would see of this agency:\n\n");
  AppendTable(lines, out);
  return absl::OkStatus();
}

std::string CellName(const TableShape& shape, size_t cell) {
  std::string name;
  for (size_t a = 0; a < shape.axes.size(); ++a) {
    const size_t at = shape.at(cell, a);
    absl::StrAppend(
        &name, a > 0 ? ", " : "", shape.axes[a].variable, " ",
        at == shape.axes[a].margin() ? kTotal : shape.axes[a].codes[at]);
  }
  return name.empty() ? kTotal : name;
}

void AppendCells(const Answerer::PreviewTable& table, std::string* out) {
  const ProtectedTable& released = *table.table;
  size_t shown = 0;
  for (const Cell& cell : released.cells()) {
    shown += cell.status == CellStatus::kPublished ? 1 : 0;
  }
  absl::StrAppend(
      out, "\nThe table that would leave: ", released.measure().ToString(),
      ", ", released.cells().size(), " cells, ", shown, " shown, ",
      released.cells().size() - shown, " hidden.\n");
  if (table.why.empty()) {
    absl::StrAppend(out,
                    "It was released before, and leaves again bit for bit.\n");
    return;
  }
  std::map<HiddenWhy, size_t> counts;
  std::vector<Line> lines;
  for (size_t cell = 0; cell < table.why.size(); ++cell) {
    if (table.why[cell] == HiddenWhy::kShown) continue;
    ++counts[table.why[cell]];
    if (lines.size() < kMaxRows) {
      lines.push_back({CellName(released.shape(), cell), Why(table.why[cell])});
    }
  }
  for (const auto& [why, count] : counts) {
    absl::StrAppend(out, "  ", count, " hidden: ", Why(why), "\n");
  }
  if (!lines.empty()) {
    absl::StrAppend(out, "\n");
    AppendTable(lines, out);
  }
}

}  // namespace

absl::StatusOr<std::string> PreviewText(const Answerer::Preview& preview) {
  std::string out;
  CAIRN_RETURN_IF_ERROR(AppendRows(preview, &out));
  if (!preview.tables.empty()) {
    absl::StrAppend(
        &out, "\nRule: ", preview.tables[0].table->policy().ToWords(), ".\n");
  }
  for (const Answerer::PreviewTable& table : preview.tables) {
    AppendCells(table, &out);
  }
  absl::StrAppend(&out, "\nNothing was sent, and nothing was kept.\n");
  return out;
}

}  // namespace cairn
