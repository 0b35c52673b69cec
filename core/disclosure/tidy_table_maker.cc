// Making a TidyTable: codes, trees, cells and relations.

#include <algorithm>
#include <array>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/base/status_macros.h"
#include "core/base/utf8.h"
#include "core/disclosure/tidy_table.h"
#include "core/query/catalogue.h"

namespace cairn {
namespace {

constexpr size_t kLongestCircle = 5;

absl::Status Refuse(const std::string& source, uint64_t line,
                    const std::string& what) {
  return absl::InvalidArgumentError(
      absl::StrCat(PrintableUtf8(source), ":", line, ": ", what));
}

}  // namespace

class TidyTable::Maker {
 public:
  Maker(TidyTable* table, const TidyHierarchy& hierarchy)
      : table_(*table), hierarchy_(hierarchy) {}

  absl::Status Make(int64_t max_cells) {
    CAIRN_RETURN_IF_ERROR(CheckDims());
    CAIRN_RETURN_IF_ERROR(ReadHierarchy());
    CAIRN_RETURN_IF_ERROR(ReadCodes());
    for (size_t d = 0; d < dims().size(); ++d) {
      if (!has_trees_[d]) CAIRN_RETURN_IF_ERROR(AddFlatTree(d));
      CAIRN_RETURN_IF_ERROR(OrderSums(d));
    }
    CAIRN_RETURN_IF_ERROR(LayOut(max_cells));
    CAIRN_RETURN_IF_ERROR(PlaceRows());
    AddRelations();
    return absl::OkStatus();
  }

 private:
  const std::vector<std::string>& dims() const { return table_.rows_.dims; }

  absl::Status CheckDims() {
    const TidyRows& rows = table_.rows_;
    if (dims().empty()) {
      return absl::InvalidArgumentError("the table needs a dimension");
    }
    if (dims().size() > kMaxDims) {
      return absl::InvalidArgumentError(
          absl::StrCat(dims().size(), " dimensions are named; at most ",
                       kMaxDims, " can be crossed"));
    }
    for (size_t d = 0; d < dims().size(); ++d) {
      if (std::count(dims().begin(), dims().end(), dims()[d]) > 1) {
        return absl::InvalidArgumentError(absl::StrCat(
            "dimension ", ShortText(dims()[d]), " is named twice"));
      }
    }
    if (rows.lines.empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat(PrintableUtf8(rows.source), ": the table has no rows"));
    }
    table_.dims_.resize(dims().size());
    return absl::OkStatus();
  }

  int Intern(size_t d, const std::string& code) {
    const auto [entry, is_new] =
        code_numbers_[d].try_emplace(code, table_.dims_[d].codes.size());
    if (is_new) table_.dims_[d].codes.push_back(code);
    return static_cast<int>(entry->second);
  }

  // Total has one spelling: another would count everybody twice.
  static absl::Status CheckCode(const std::string& source, uint64_t line,
                                const std::string& dim,
                                const std::string& code) {
    if (code.empty()) {
      return Refuse(source, line,
                    absl::StrCat("the code of ", ShortText(dim),
                                 " is empty; write Total for a margin"));
    }
    if (code != kTotal && absl::EqualsIgnoreCase(code, kTotal)) {
      return Refuse(source, line,
                    absl::StrCat(ShortText(dim), " is '", ShortText(code),
                                 "'; a margin must be written Total"));
    }
    return absl::OkStatus();
  }

  absl::Status ReadHierarchy() {
    for (const auto& triple : hierarchy_.triples) {
      const auto at = std::find(dims().begin(), dims().end(), triple.dim);
      if (at == dims().end()) {
        const std::string near = Nearest(triple.dim, dims());
        return FailTriple(
            triple,
            absl::StrCat("there is no dimension '", ShortText(triple.dim), "'",
                         near.empty() ? ""
                                      : absl::StrCat("; did you mean ",
                                                     ShortText(near), "?"),
                         near.empty() ? "; --dims names the others" : ""));
      }
      const auto d = static_cast<size_t>(at - dims().begin());
      has_trees_[d] = true;
      CAIRN_RETURN_IF_ERROR(AddTriple(d, triple));
    }
    return absl::OkStatus();
  }

  absl::Status AddTriple(size_t d, const TidyHierarchy::Triple& triple) {
    for (const std::string* code : {&triple.parent, &triple.child}) {
      CAIRN_RETURN_IF_ERROR(
          CheckCode(hierarchy_.source, triple.line, triple.dim, *code));
    }
    if (triple.child == kTotal) {
      return FailTriple(triple, absl::StrCat("Total is the child of ",
                                             ShortText(triple.parent),
                                             "; it can only be a parent"));
    }
    const int parent = Intern(d, triple.parent);
    const int child = Intern(d, triple.child);
    const auto [entry, is_new] =
        parents_[d][triple.tree].try_emplace(child, parent, triple.line);
    if (!is_new && entry->second.first == parent) {
      return FailTriple(
          triple, absl::StrCat("the same is on line ", entry->second.second));
    }
    if (!is_new) {
      return FailTriple(
          triple,
          absl::StrCat(ShortText(triple.child), " has two parents in tree '",
                       ShortText(triple.tree), "', ",
                       ShortText(table_.dims_[d].codes[entry->second.first]),
                       " on line ", entry->second.second, " and ",
                       ShortText(triple.parent), "; use another tree for one"));
    }
    std::vector<Sum>& sums = table_.dims_[d].sums;
    const auto [sum, first] = sum_of_[d].try_emplace(
        std::make_pair(triple.tree, parent), sums.size());
    if (first) sums.push_back({triple.tree, parent, {}, triple.line});
    sums[sum->second].children.push_back(child);
    return absl::OkStatus();
  }

  absl::Status FailTriple(const TidyHierarchy::Triple& triple,
                          const std::string& what) const {
    return Refuse(hierarchy_.source, triple.line, what);
  }

  // The number of every code of every row.
  absl::Status ReadCodes() {
    const TidyRows& rows = table_.rows_;
    numbers_.resize(rows.codes.size());
    for (size_t i = 0; i < rows.codes.size(); ++i) {
      const size_t d = i % dims().size();
      const std::string& code = rows.codes[i];
      const auto known = code_numbers_[d].find(code);
      if (known != code_numbers_[d].end()) {
        numbers_[i] = static_cast<int>(known->second);
        continue;
      }
      const uint64_t line = rows.lines[i / dims().size()];
      CAIRN_RETURN_IF_ERROR(CheckCode(rows.source, line, dims()[d], code));
      if (has_trees_[d]) {
        return Refuse(
            rows.source, line,
            absl::StrCat(ShortText(dims()[d]), " '", ShortText(code),
                         "' is in no tree of ",
                         PrintableUtf8(hierarchy_.source), "; ",
                         code == kTotal ? "add lines with the parent Total"
                                        : "add it there or correct it"));
      }
      numbers_[i] = Intern(d, code);
    }
    return absl::OkStatus();
  }

  absl::Status AddFlatTree(size_t d) {
    Sum sum;
    sum.parent = Intern(d, kTotal);
    const auto codes = static_cast<int>(table_.dims_[d].codes.size());
    for (int code = 0; code < codes; ++code) {
      if (code != sum.parent) sum.children.push_back(code);
    }
    if (sum.children.empty()) {
      return absl::InvalidArgumentError(absl::StrCat(
          PrintableUtf8(table_.rows_.source), ": ", ShortText(dims()[d]),
          " is Total in every row; list its codes, or leave it out of --dims"));
    }
    table_.dims_[d].sums.push_back(std::move(sum));
    return absl::OkStatus();
  }

  // Heights, and the sums from the lowest parent to the highest.
  absl::Status OrderSums(size_t d) {
    Dim& dim = table_.dims_[d];
    const size_t codes = dim.codes.size();
    dim.height.assign(codes, 0);
    std::vector<std::vector<int>> above(codes);
    std::vector<int> waits_for(codes, 0);
    for (const Sum& sum : dim.sums) {
      for (const int child : sum.children) above[child].push_back(sum.parent);
      waits_for[sum.parent] += static_cast<int>(sum.children.size());
    }
    std::vector<int> done;
    for (size_t code = 0; code < codes; ++code) {
      if (waits_for[code] == 0) done.push_back(static_cast<int>(code));
    }
    for (size_t i = 0; i < done.size(); ++i) {
      for (const int parent : above[done[i]]) {
        dim.height[parent] =
            std::max(dim.height[parent], dim.height[done[i]] + 1);
        if (--waits_for[parent] == 0) done.push_back(parent);
      }
    }
    if (done.size() < codes) return FailCycle(dim, waits_for);
    std::stable_sort(dim.sums.begin(), dim.sums.end(),
                     [&dim](const Sum& a, const Sum& b) {
                       return dim.height[a.parent] < dim.height[b.parent];
                     });
    return absl::OkStatus();
  }

  // Every code that still waits has a child that waits: a walk down them ends
  // in a circle.
  absl::Status FailCycle(const Dim& dim, const std::vector<int>& waits_for) {
    absl::flat_hash_map<int, std::pair<int, uint64_t>> down;
    for (const Sum& sum : dim.sums) {
      for (const int child : sum.children) {
        if (waits_for[child] > 0) down[sum.parent] = {child, sum.line};
      }
    }
    int code = down.begin()->first;
    for (size_t step = 0; step < dim.codes.size(); ++step) {
      code = down[code].first;
    }
    std::vector<std::string> circle = {ShortText(dim.codes[code])};
    const uint64_t line = down[code].second;
    for (int next = down[code].first; next != code; next = down[next].first) {
      if (circle.size() < kLongestCircle) {
        circle.push_back(ShortText(dim.codes[next]));
      }
    }
    return Refuse(
        hierarchy_.source, line,
        absl::StrCat(circle.front(), " is a part of itself: ",
                     absl::StrJoin(circle, " > "), " > ", circle.front()));
  }

  absl::Status LayOut(int64_t max_cells) {
    int64_t cells = 1;
    std::vector<std::string> sizes;
    bool too_many = false;
    for (size_t d = dims().size(); d-- > 0;) {
      const auto codes = static_cast<int64_t>(table_.dims_[d].codes.size());
      too_many = too_many || codes > max_cells / cells;
      if (too_many) continue;
      table_.dims_[d].stride = static_cast<int>(cells);
      cells *= codes;
    }
    for (const Dim& dim : table_.dims_) {
      sizes.push_back(absl::StrCat(dim.codes.size()));
    }
    if (too_many) {
      return absl::InvalidArgumentError(
          absl::StrCat(PrintableUtf8(table_.rows_.source), ": the table has ",
                       absl::StrJoin(sizes, " x "),
                       " cells with its margins, more than the limit of ",
                       max_cells, "; use coarser codes or fewer dimensions"));
    }
    table_.system_ = CellSystem(static_cast<int>(cells));
    return absl::OkStatus();
  }

  absl::Status PlaceRows() {
    const size_t rows = table_.rows_.lines.size();
    table_.cell_of_row_.resize(rows);
    table_.row_of_cell_.assign(table_.system_.cells(), -1);
    for (size_t row = 0; row < rows; ++row) {
      int cell = 0;
      for (size_t d = 0; d < dims().size(); ++d) {
        cell += numbers_[row * dims().size() + d] * table_.dims_[d].stride;
      }
      int& first = table_.row_of_cell_[cell];
      if (first >= 0) {
        return table_.Fail(
            table_.rows_.lines[row],
            absl::StrCat("the cell ", table_.NameOf(cell),
                         " is already on line ", table_.rows_.lines[first]));
      }
      first = static_cast<int>(row);
      table_.cell_of_row_[row] = cell;
    }
    return absl::OkStatus();
  }

  void AddRelations() {
    table_.height_.assign(table_.system_.cells(), 0);
    std::vector<int> children;
    for (size_t d = 0; d < dims().size(); ++d) {
      const Dim& dim = table_.dims_[d];
      for (const Sum& sum : dim.sums) {
        table_.ForEachRelation(d, sum, [&](int parent, int base) {
          children.clear();
          for (const int child : sum.children) {
            children.push_back(base + child * dim.stride);
          }
          table_.system_.AddRelation(parent, CellSystem::Tie::kSum, children);
        });
      }
      for (int cell = 0; cell < table_.system_.cells(); ++cell) {
        const size_t code = cell / dim.stride % dim.codes.size();
        table_.height_[cell] += dim.height[code];
      }
    }
  }

  TidyTable& table_;
  const TidyHierarchy& hierarchy_;
  std::array<bool, kMaxDims> has_trees_{};
  std::array<absl::flat_hash_map<std::string, size_t>, kMaxDims> code_numbers_;
  // By tree and child: the parent, and the line that says so.
  std::array<
      absl::flat_hash_map<std::string,
                          absl::flat_hash_map<int, std::pair<int, uint64_t>>>,
      kMaxDims>
      parents_;
  std::array<absl::flat_hash_map<std::pair<std::string, int>, size_t>, kMaxDims>
      sum_of_;
  std::vector<int> numbers_;  // as TidyRows::codes
};

absl::StatusOr<TidyTable> TidyTable::Create(TidyRows rows,
                                            const TidyHierarchy& hierarchy,
                                            int64_t max_cells) {
  TidyTable table;
  table.rows_ = std::move(rows);
  CAIRN_RETURN_IF_ERROR(Maker(&table, hierarchy).Make(max_cells));
  return table;
}

}  // namespace cairn
