#include "cli/result_text.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "cli/result_words.h"
#include "core/base/utf8.h"

namespace cairn {
namespace {

constexpr char kTotalCode[] = "Total";
constexpr char kAgency[] = "agency";
constexpr char kGap[] = "   ";  // between columns
constexpr size_t kGapWidth = 3;
// Text is wrapped no narrower than this.
constexpr size_t kLeastWidth = 40;

enum class Style { kPlain, kBold, kDim, kWarn };

// Strings with their columns, before they are laid out. The first
// `text_columns` columns are words and lean left, the others lean right.
struct Grid {
  std::vector<std::string> header;
  std::vector<std::vector<std::string>> rows;
  size_t text_columns = 1;
  bool last_is_total = false;
};

size_t WidthOf(const Grid& grid, size_t column) {
  size_t width = CountUtf8(grid.header[column]);
  for (const std::vector<std::string>& row : grid.rows) {
    width = std::max(width, CountUtf8(row[column]));
  }
  return width;
}

size_t WidthOf(const Grid& grid) {
  size_t width = (grid.header.size() - 1) * kGapWidth;
  for (size_t c = 0; c < grid.header.size(); ++c) width += WidthOf(grid, c);
  return width;
}

std::string Repeat(absl::string_view text, size_t times) {
  std::string out;
  for (size_t i = 0; i < times; ++i) absl::StrAppend(&out, text);
  return out;
}

// Values in the order in which they first appear, the total last.
class Axis {
 public:
  void Add(absl::string_view value) {
    if (!index_.try_emplace(value, values_.size()).second) return;
    values_.push_back(std::string(value));
  }
  // Sets the order; to be called once, after the last Add.
  void Close(absl::string_view total) {
    std::stable_partition(values_.begin(), values_.end(),
                          [&](const std::string& v) { return v != total; });
    for (size_t i = 0; i < values_.size(); ++i) index_[values_[i]] = i;
    has_total_ = !values_.empty() && values_.back() == total;
  }
  size_t Find(absl::string_view value) const {
    return index_.find(value)->second;
  }
  const std::vector<std::string>& values() const { return values_; }
  bool has_total() const { return has_total_; }

 private:
  std::vector<std::string> values_;
  absl::flat_hash_map<std::string, size_t> index_;
  bool has_total_ = false;
};

class Printer {
 public:
  Printer(const v1::Result& result, const TableOptions& options)
      : result_(result), options_(options) {}

  std::string Print() {
    Heading();
    if (result_.row().empty()) {
      Line("There are no figures to show.", Style::kPlain);
    } else if (!PrintCrossTables()) {
      PrintGrid(List());
    }
    Legend();
    Under();
    return std::move(out_);
  }

 private:
  // ---- Words

  std::string Label(const std::string& variable, absl::string_view code) const {
    const auto found = options_.labels.find({variable, std::string(code)});
    if (found != options_.labels.end()) return PrintableUtf8(found->second);
    return PrintableUtf8(code.empty() ? absl::string_view(variable) : code);
  }

  std::string Styled(absl::string_view text, Style style) const {
    if (!options_.color || style == Style::kPlain || text.empty()) {
      return std::string(text);
    }
    const char* const code = style == Style::kBold  ? "\x1B[1m"
                             : style == Style::kDim ? "\x1B[2m"
                                                    : "\x1B[33m";
    return absl::StrCat(code, text, "\x1B[0m");
  }

  void Line(absl::string_view text, Style style) {
    absl::StrAppend(&out_, Styled(text, style), "\n");
  }

  size_t Width() const {
    return options_.width <= 0 ? 100'000
                               : std::max<size_t>(options_.width, kLeastWidth);
  }

  // Words in lines of the terminal's width; lines after the first are indented.
  void Wrapped(absl::string_view head, absl::string_view text, size_t indent,
               Style head_style, Style style) {
    std::string line;
    size_t used = 0;
    std::string before = absl::StrCat(
        Styled(head, head_style),
        std::string(indent - std::min(indent, CountUtf8(head)), ' '));
    const auto flush = [&] {
      absl::StrAppend(&out_, before, Styled(line, style), "\n");
      before = std::string(indent, ' ');
      line.clear();
      used = 0;
    };
    for (absl::string_view word : absl::StrSplit(text, ' ')) {
      const size_t size = CountUtf8(word);
      if (used > 0 && indent + used + 1 + size > Width()) flush();
      absl::StrAppend(&line, used > 0 ? " " : "", word);
      used += size + (used > 0 ? 1 : 0);
    }
    flush();
  }

  void Heading() {
    const std::string question = PrintableUtf8(QuestionInWords(result_));
    Wrapped("", question, 0, Style::kPlain, Style::kBold);
    if (!result_.where_text().empty()) {
      Wrapped("", absl::StrCat("where ", PrintableUtf8(result_.where_text())),
              0, Style::kPlain, Style::kPlain);
    }
    out_ += '\n';
  }

  // ---- Tables

  // A table for each measure, if it is that kind of result and all fit.
  bool PrintCrossTables() {
    const int dimensions = result_.dimension_size();
    const bool split = result_.split_by_agency();
    if (split ? dimensions > 1 : dimensions != 2) return false;
    std::vector<Grid> grids;
    if (dimensions == 0) {
      grids.push_back(CrossTable(std::nullopt));
    } else {
      for (int m = 0; m < result_.measure_size(); ++m) {
        grids.push_back(CrossTable(m));
      }
    }
    for (const Grid& grid : grids) {
      if (WidthOf(grid) > Width()) return false;
    }
    for (size_t m = 0; m < grids.size(); ++m) {
      if (m > 0) out_ += '\n';
      if (grids.size() > 1) {
        Line(PrintableUtf8(MeasureInWords(result_.measure(m))), Style::kBold);
      }
      PrintGrid(grids[m]);
    }
    return !grids.empty();
  }

  // One measure; or, of a result without dimensions, all of them as rows.
  Grid CrossTable(std::optional<int> measure) const {
    const bool split = result_.split_by_agency();
    const auto down = [&](const v1::ResultRow& row) {
      return measure.has_value() ? KeyOf(row, 0) : MeasureName(result_, row);
    };
    const auto across = [&](const v1::ResultRow& row) {
      return split ? absl::string_view(row.agency()) : KeyOf(row, 1);
    };
    const auto wanted = [&](const v1::ResultRow& row) {
      return !measure.has_value() ||
             row.measure() == static_cast<uint32_t>(*measure);
    };
    Axis rows, columns;
    for (const v1::ResultRow& row : result_.row()) {
      if (!wanted(row)) continue;
      rows.Add(down(row));
      columns.Add(across(row));
    }
    rows.Close(kTotalCode);
    columns.Close(split ? "" : kTotalCode);
    Grid grid = EmptyCrossTable(measure.has_value(), rows, columns);
    for (const v1::ResultRow& row : result_.row()) {
      if (!wanted(row)) continue;
      grid.rows[rows.Find(down(row))][1 + columns.Find(across(row))] =
          CellForPeople(row, /*separators=*/true);
    }
    return grid;
  }

  Grid EmptyCrossTable(bool by_dimension, const Axis& rows,
                       const Axis& columns) const {
    Grid grid;
    grid.header.push_back(by_dimension ? Label(result_.dimension(0), "") : "");
    for (const std::string& value : columns.values()) {
      grid.header.push_back(ColumnTitle(value));
    }
    for (const std::string& value : rows.values()) {
      std::vector<std::string> row(grid.header.size());
      row[0] = by_dimension ? Label(result_.dimension(0), value)
                            : PrintableUtf8(MeasureInWords(value));
      grid.rows.push_back(std::move(row));
    }
    grid.last_is_total = rows.has_total();
    return grid;
  }

  std::string ColumnTitle(const std::string& value) const {
    if (!result_.split_by_agency()) return Label(result_.dimension(1), value);
    return value.empty() ? "all agencies" : Label(kAgency, value);
  }

  // One row per key, one column per measure.
  Grid List() const {
    Grid grid;
    const bool split = result_.split_by_agency();
    for (const std::string& dimension : result_.dimension()) {
      grid.header.push_back(Label(dimension, ""));
    }
    if (split) grid.header.push_back(Label(kAgency, ""));
    grid.text_columns = grid.header.size();
    for (const std::string& measure : result_.measure()) {
      grid.header.push_back(PrintableUtf8(MeasureInWords(measure)));
    }
    absl::flat_hash_map<std::string, size_t> seen;
    for (const v1::ResultRow& row : result_.row()) {
      if (row.measure() >= static_cast<uint32_t>(result_.measure_size())) {
        continue;
      }
      const auto [at, is_new] =
          seen.try_emplace(KeyText(row), grid.rows.size());
      if (is_new) grid.rows.push_back(KeyColumns(row, grid.header.size()));
      grid.rows[at->second][grid.text_columns + row.measure()] =
          CellForPeople(row, /*separators=*/true);
    }
    grid.last_is_total = EndsInTotal(grid);
    return grid;
  }

  std::string KeyText(const v1::ResultRow& row) const {
    return absl::StrCat(absl::StrJoin(row.key(), absl::string_view("\0", 1)),
                        absl::string_view("\0", 1), row.agency());
  }

  std::vector<std::string> KeyColumns(const v1::ResultRow& row,
                                      size_t columns) const {
    std::vector<std::string> out;
    for (int i = 0; i < result_.dimension_size(); ++i) {
      out.push_back(KeyOf(row, i).empty()
                        ? ""
                        : Label(result_.dimension(i), KeyOf(row, i)));
    }
    if (result_.split_by_agency()) {
      out.push_back(row.agency().empty() ? "all agencies"
                                         : Label(kAgency, row.agency()));
    }
    out.resize(columns);
    return out;
  }

  bool EndsInTotal(const Grid& grid) const {
    return result_.dimension_size() == 1 && grid.text_columns == 1 &&
           grid.rows.size() > 1 &&
           grid.rows.back()[0] == Label(result_.dimension(0), kTotalCode);
  }

  void PrintGrid(const Grid& grid) {
    std::vector<size_t> widths;
    size_t total = (grid.header.size() - 1) * kGapWidth;
    for (size_t c = 0; c < grid.header.size(); ++c) {
      widths.push_back(WidthOf(grid, c));
      total += widths.back();
    }
    const std::string rule = Repeat("\u2500", total);
    PrintRow(grid, grid.header, widths, Style::kBold);
    Line(rule, Style::kDim);
    for (size_t r = 0; r < grid.rows.size(); ++r) {
      const bool is_total = grid.last_is_total && r + 1 == grid.rows.size();
      if (is_total && r > 0) Line(rule, Style::kDim);
      PrintRow(grid, grid.rows[r], widths,
               is_total ? Style::kBold : Style::kPlain);
    }
  }

  void PrintRow(const Grid& grid, const std::vector<std::string>& row,
                const std::vector<size_t>& widths, Style style) {
    std::string line;
    for (size_t c = 0; c < row.size(); ++c) {
      const std::string pad(widths[c] - CountUtf8(row[c]), ' ');
      const bool text = c < grid.text_columns;
      const bool hidden = !text && absl::StrContains(row[c], "[");
      const std::string cell = Styled(row[c], hidden ? Style::kDim : style);
      absl::StrAppend(&line, c > 0 ? kGap : "", text ? "" : pad, cell,
                      text ? pad : "");
    }
    Line(absl::StripTrailingAsciiWhitespace(line), Style::kPlain);
  }

  // ---- Under the table

  // Which symbols occur; only those are explained.
  struct Symbols {
    bool confidential = false, between = false, or_more = false,
         or_less = false;
    bool unavailable = false, not_applicable = false;
  };
  Symbols SymbolsThatOccur() const {
    Symbols out;
    for (const v1::ResultRow& row : result_.row()) {
      const std::string cell = CellForPeople(row, /*separators=*/false);
      out.confidential |= cell == "[c]";
      out.unavailable |= cell == "[x]";
      out.not_applicable |= cell == "[z]";
      if (row.status() != v1::BOUNDED) continue;
      out.between |= LowOf(row).has_value() && HighOf(row).has_value();
      out.or_more |= !HighOf(row).has_value();
      out.or_less |= !LowOf(row).has_value();
    }
    return out;
  }

  void Legend() {
    const Symbols symbols = SymbolsThatOccur();
    std::vector<std::pair<std::string, std::string>> lines;
    const auto add = [&lines](bool occurs, const char* symbol,
                              const char* meaning) {
      if (occurs) lines.push_back({symbol, meaning});
    };
    add(symbols.confidential, "[c]",
        "confidential: small, or would give a small number away");
    add(symbols.between, "a to b",
        "the true number lies between these; part of it is hidden");
    add(symbols.or_more, "a or more",
        "the true number is at least this; part of it is hidden");
    add(symbols.or_less, "a or less",
        "the true number is at most this; part of it is hidden");
    add(symbols.unavailable, "[x]",
        "not available: an agency that was asked gave no figure; not zero");
    add(symbols.not_applicable, "[z]",
        "not applicable: the agency does not hold this");
    if (lines.empty()) return;
    out_ += '\n';
    size_t indent = 0;
    for (const auto& line : lines) indent = std::max(indent, line.first.size());
    for (const auto& [symbol, text] : lines) {
      Wrapped(symbol, text, indent + 2, Style::kDim, Style::kDim);
    }
  }

  void Under() {
    out_ += '\n';
    const std::vector<ResultLine> lines = LinesUnder(result_);
    size_t indent = 0;
    for (const ResultLine& line : lines) {
      indent = std::max(indent, line.head.size() + 2);
    }
    std::string last;
    for (const ResultLine& line : lines) {
      const bool warn = line.head == "Refused" || line.head == "Silent";
      Wrapped(line.head == last ? "" : line.head, PrintableUtf8(line.text),
              indent, warn ? Style::kWarn : Style::kDim,
              line.head == "Query" ? Style::kDim : Style::kPlain);
      last = line.head;
    }
  }

  const v1::Result& result_;
  const TableOptions& options_;
  std::string out_;
};

}  // namespace

std::string ResultToTable(const v1::Result& result,
                          const TableOptions& options) {
  return Printer(result, options).Print();
}

}  // namespace cairn
