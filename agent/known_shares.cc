#include "agent/known_shares.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/query/cell.h"
#include "core/query/table.h"

namespace cairn {
namespace {

using Released = std::map<std::string, ReleaseStore::TablePtr>;

constexpr int64_t kStep = 5;  // percent
constexpr uint64_t kLeastForShares = 1000;

// The cell of one code of one axis, of all codes of the others.
const Cell& CellOf(const ProtectedTable& table, size_t axis, size_t code) {
  const TableShape& shape = table.shape();
  size_t cell = 0;
  for (size_t a = 0; a < shape.axes.size(); ++a) {
    cell += shape.stride(a) * (a == axis ? code : shape.axes[a].margin());
  }
  return table.cells()[cell];
}

// How many records have this code, as released; nothing if no table tells.
std::optional<Cell> CountOf(const Released& released,
                            const std::string& variable,
                            const std::string& code) {
  for (const auto& [key, table] : released) {
    const auto& axes = table->shape().axes;
    for (size_t a = 0; a < axes.size(); ++a) {
      if (axes[a].variable != variable) continue;
      const auto found =
          std::find(axes[a].codes.begin(), axes[a].codes.end(), code);
      if (found == axes[a].codes.end()) continue;
      const Cell& cell =
          CellOf(*table, a, static_cast<size_t>(found - axes[a].codes.begin()));
      if (cell.status != CellStatus::kNotApplicable) return cell;
    }
  }
  return std::nullopt;
}

std::optional<Cell> TotalOf(const Released& released) {
  if (released.empty()) return std::nullopt;
  return released.begin()->second->cells().back();
}

// Two significant figures, and nothing under 100: how much, not how many.
uint32_t TwoFigures(int64_t rows) {
  if (rows < 100) return 0;
  double scale = 10;
  while (static_cast<double>(rows) / scale >= 100) scale *= 10;
  return static_cast<uint32_t>(std::round(static_cast<double>(rows) / scale) *
                               scale);
}

uint32_t RowsToTell(const std::optional<Cell>& total) {
  const bool told =
      total.has_value() && total->status == CellStatus::kPublished;
  return told ? TwoFigures(total->value) : 0;
}

// Percents, outward to steps.
int64_t Down(int64_t part, int64_t all) {
  return all <= 0 ? 0 : 100 * part / all / kStep * kStep;
}
int64_t Up(int64_t part, int64_t all) {
  if (all <= 0 || part >= all) return 100;
  const int64_t percent = (100 * part + all - 1) / all;
  return std::min<int64_t>(100, (percent + kStep - 1) / kStep * kStep);
}

void AddUnknown(const std::optional<Cell>& unknown, const Cell& total,
                v1::VariableShare* share) {
  if (!unknown.has_value()) return;
  const int64_t low =
      total.high == kNoLimit ? 0 : Down(unknown->low, total.high);
  const int64_t high = Up(unknown->high, total.low);
  if (low == 0 && high == 100) return;
  share->set_unknown_at_least(static_cast<uint32_t>(low));
  share->set_unknown_at_most(static_cast<uint32_t>(high));
}

// What a level says of its dimension's records.
v1::VariableShare ShareOf(const v1::ExtractMeta& meta,
                          const v1::ExtractDimension& stored,
                          const std::string& variable,
                          const Released& released) {
  v1::VariableShare share;
  share.set_variable(variable);
  const auto total = TotalOf(released);
  const bool may_be_unknown =
      std::find(stored.code().begin(), stored.code().end(), kUnknownCode) !=
      stored.code().end();
  if (!may_be_unknown) {
    share.set_unknown_at_least(0);
    share.set_unknown_at_most(0);
  } else if (total.has_value()) {
    AddUnknown(CountOf(released, variable, kUnknownCode), *total, &share);
  }
  if (!meta.says_unmapped()) return share;
  for (const v1::Unmapped& unmapped : meta.unmapped()) {
    if (unmapped.dimension() != stored.dimension()) continue;
    const auto taken = CountOf(released, variable, unmapped.code());
    if (!taken.has_value() || !total.has_value()) return share;
    const int64_t least = 100 - Up(taken->high, total->low);
    if (least > 0) share.set_mapped_at_least(static_cast<uint32_t>(least));
    return share;
  }
  share.set_mapped_at_least(100);
  return share;
}

}  // namespace

void AddReleased(const v1::ExtractMeta& meta, const DataSet& data_set,
                 const Released& released, v1::Holding* holding) {
  holding->set_rows_rounded(RowsToTell(TotalOf(released)));
  if (meta.has_person() && meta.rows() >= kLeastForShares) {
    const double share = 100.0 *
                         static_cast<double>(meta.rows_without_person()) /
                         static_cast<double>(meta.rows());
    holding->set_without_person_percent(
        static_cast<uint32_t>(std::round(share / kStep) * kStep));
  }
  for (const v1::ExtractDimension& stored : meta.dimension()) {
    for (const Dimension& dimension : data_set.dimensions) {
      if (dimension.id != stored.dimension()) continue;
      for (const Level& level : dimension.levels) {
        if (std::find(holding->variable().begin(), holding->variable().end(),
                      level.variable) == holding->variable().end()) {
          continue;
        }
        v1::VariableShare share =
            ShareOf(meta, stored, level.variable, released);
        if (!share.has_unknown_at_most() && !share.has_mapped_at_least()) {
          continue;
        }
        *holding->add_share() = std::move(share);
      }
    }
  }
}

}  // namespace cairn
