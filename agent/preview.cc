#include "agent/preview.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/base/status_macros.h"
#include "core/disclosure/merge.h"
#include "core/disclosure/receipt.h"

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
    CAIRN_ASSIGN_OR_RETURN(const auto bound,
                           BoundRows::Bind(preview.plan, table.table->shape(),
                                           table.table->additive()));
    own.measures.push_back(
        {bound->keys(), std::make_shared<const std::vector<Cell>>(
                            bound->Cells(table.table->cells()))});
    decimals.push_back(table.table->decimals());
  }
  std::vector<Line> lines(1, preview.plan.query.by);
  for (const Measure& measure : preview.plan.query.measures) {
    lines[0].push_back(measure.ToString());
  }
  Merge(preview.plan, decimals, {own},
        [&lines](const RowKey& key, const std::string&,
                 absl::Span<const Figure> figures) {
          if (lines.size() > kMaxRows) return;
          Line line = key;
          for (const Figure& figure : figures) line.push_back(Shown(figure));
          lines.push_back(std::move(line));
        });
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
  if (released.worked_out()) {
    absl::StrAppend(out,
                    "It is worked out from tables of the release plan, by "
                    "addition alone.\n");
    return;
  }
  if (table.why.empty()) {
    absl::StrAppend(out,
                    "It was released before, and leaves again bit for bit.\n");
  }
  if (!table.receipt.has_value()) {
    absl::StrAppend(out, "No receipt was kept of that release.\n");
    return;
  }
  const std::string letters = WhyLetters(table.receipt->text);
  std::map<char, size_t> counts;
  std::vector<Line> lines;
  for (size_t cell = 0; cell < letters.size(); ++cell) {
    if (letters[cell] == WhyLetter(HiddenWhy::kShown)) continue;
    ++counts[letters[cell]];
    if (lines.size() < kMaxRows) {
      lines.push_back(
          {CellName(released.shape(), cell), WhyInWords(letters[cell])});
    }
  }
  for (const auto& [letter, count] : counts) {
    absl::StrAppend(out, "  ", count, " hidden: ", WhyInWords(letter), "\n");
  }
  if (!lines.empty()) {
    absl::StrAppend(out, "\n");
    AppendTable(lines, out);
  }
  absl::StrAppend(out, "\nThe full receipt, which stays here:\n",
                  table.receipt->text, "\n");
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

absl::StatusOr<Answerer::Preview> Answerer::MakePreview(const Query& query) {
  Refusal refusal;
  auto admitted = Admit(query, Use::kPreview, nullptr, &refusal);
  absl::Status status = admitted.status();
  Preview preview;
  if (status.ok()) {
    auto tables = MakeTables(*admitted, LookUp(*admitted));
    status = tables.status();
    if (tables.ok()) preview.tables = *std::move(tables);
    preview.plan = std::move(admitted->plan);
  }
  releases_->Forget();  // a plan that was made for the preview only
  CAIRN_RETURN_IF_ERROR(status);
  return preview;
}

}  // namespace cairn
