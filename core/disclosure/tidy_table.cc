#include "core/disclosure/tidy_table.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/base/status_macros.h"
#include "core/base/utf8.h"

namespace cairn {
namespace {

constexpr size_t kChildrenNamed = 5;

}  // namespace

std::string ShortText(const std::string& text) {
  constexpr size_t kLongest = 40;
  if (text.size() <= kLongest) return PrintableUtf8(text);
  return absl::StrCat(PrintableUtf8(text.substr(0, kLongest)), "...");
}

const std::string& TidyTable::code(int cell, size_t dim) const {
  const std::vector<std::string>& codes = dims_[dim].codes;
  return codes[cell / dims_[dim].stride % codes.size()];
}

std::string TidyTable::NameOf(int cell) const {
  std::vector<std::string> parts;
  for (size_t d = 0; d < dims_.size(); ++d) {
    parts.push_back(
        absl::StrCat(ShortText(dims()[d]), "=", ShortText(code(cell, d))));
  }
  return absl::StrJoin(parts, ", ");
}

absl::Status TidyTable::Fail(uint64_t line, const std::string& what) const {
  return absl::InvalidArgumentError(
      absl::StrCat(PrintableUtf8(rows_.source), ":", line, ": ", what));
}

// Dimension after dimension. A cell with margins in two of them is written
// again by the later one, from cells that the earlier one has made right.
std::vector<int64_t> TidyTable::AddUp(absl::Span<const int64_t> of_rows) const {
  std::vector<int64_t> figures(system_.cells(), 0);
  for (size_t row = 0; row < of_rows.size(); ++row) {
    const int cell = cell_of_row_[row];
    if (is_leaf(cell)) figures[cell] = of_rows[row];
  }
  for (size_t d = 0; d < dims_.size(); ++d) {
    const Dim& dim = dims_[d];
    std::vector<bool> added(dim.codes.size(), false);
    for (const Sum& sum : dim.sums) {
      if (added[sum.parent]) continue;
      added[sum.parent] = true;
      ForEachRelation(d, sum, [&](int parent, int base) {
        figures[parent] = 0;
        for (const int child : sum.children) {
          figures[parent] += figures[base + child * dim.stride];
        }
      });
    }
  }
  return figures;
}

absl::StatusOr<std::vector<int64_t>> TidyTable::Complete(
    absl::Span<const int64_t> of_rows) const {
  std::vector<int64_t> figures = AddUp(of_rows);
  int lowest = -1;  // everything below it agrees
  for (size_t row = 0; row < of_rows.size(); ++row) {
    const int cell = cell_of_row_[row];
    if (of_rows[row] == figures[cell]) continue;
    if (lowest < 0 || height_[cell] < height_[lowest]) lowest = cell;
  }
  if (lowest >= 0) {
    return Disagreement(lowest, of_rows[row_of_cell_[lowest]], figures[lowest]);
  }
  CAIRN_RETURN_IF_ERROR(CheckSums(figures));
  return figures;
}

// "area A (line 2), B (not listed) and 3 more"
std::string TidyTable::ChildrenInWords(size_t d, const Sum& sum,
                                       int cell) const {
  const Dim& dim = dims_[d];
  const int base = cell - sum.parent * dim.stride;
  std::vector<std::string> names;
  for (const int child : sum.children) {
    if (names.size() == kChildrenNamed) break;
    const int row = row_of_cell_[base + child * dim.stride];
    names.push_back(absl::StrCat(
        ShortText(dim.codes[child]), " (",
        row < 0 ? "not listed" : absl::StrCat("line ", line(row)), ")"));
  }
  const size_t more = sum.children.size() - names.size();
  return absl::StrCat(ShortText(dims()[d]), " ", absl::StrJoin(names, ", "),
                      more > 0 ? absl::StrCat(" and ", more, " more") : "");
}

absl::Status TidyTable::Disagreement(int cell, int64_t listed,
                                     int64_t added) const {
  size_t d = dims_.size() - 1;
  const auto code_in = [&](size_t dim) {
    return cell / dims_[dim].stride % static_cast<int>(dims_[dim].codes.size());
  };
  while (dims_[d].height[code_in(d)] == 0) --d;
  const Sum* sum = nullptr;
  for (const Sum& one : dims_[d].sums) {
    if (one.parent == code_in(d) && sum == nullptr) sum = &one;
  }
  return Fail(
      line(row_of_cell_[cell]),
      absl::StrCat(NameOf(cell), " is ", listed, ", but its parts add up to ",
                   added, ": ", ChildrenInWords(d, *sum, cell),
                   "; correct the table, or leave its margins out"));
}

absl::Status TidyTable::CheckSums(const std::vector<int64_t>& figures) const {
  for (size_t d = 0; d < dims_.size(); ++d) {
    const Dim& dim = dims_[d];
    for (const Sum& sum : dim.sums) {
      absl::Status wrong;
      ForEachRelation(d, sum, [&](int parent, int base) {
        int64_t added = 0;
        for (const int child : sum.children) {
          added += figures[base + child * dim.stride];
        }
        if (added == figures[parent] || !wrong.ok()) return;
        const int row = row_of_cell_[parent];
        wrong = absl::InvalidArgumentError(absl::StrCat(
            PrintableUtf8(rows_.source), row < 0 ? "" : ":",
            row < 0 ? "" : absl::StrCat(line(row)), ": ", NameOf(parent),
            " is ", figures[parent], ", but in tree '", ShortText(sum.tree),
            "' its parts add up to ", added, ": ",
            ChildrenInWords(d, sum, parent)));
      });
      CAIRN_RETURN_IF_ERROR(wrong);
    }
  }
  return absl::OkStatus();
}

std::vector<int64_t> TidyTable::CompleteFromBelow(
    absl::Span<const int64_t> of_rows) const {
  std::vector<int64_t> figures(system_.cells(), 0);
  for (size_t row = 0; row < of_rows.size(); ++row) {
    figures[cell_of_row_[row]] = of_rows[row];
  }
  for (size_t d = 0; d < dims_.size(); ++d) {
    for (const Sum& sum : dims_[d].sums) {
      ForEachRelation(d, sum, [&](int parent, int base) {
        if (row_of_cell_[parent] >= 0) return;
        for (const int child : sum.children) {
          figures[parent] = std::max(figures[parent],
                                     figures[base + child * dims_[d].stride]);
        }
      });
    }
  }
  return figures;
}

}  // namespace cairn
