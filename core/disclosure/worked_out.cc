#include "core/disclosure/worked_out.h"

#include <utility>

#include "core/disclosure/table_maker.h"
#include "core/query/roll_up.h"

namespace cairn {

std::optional<ProtectedTable> WorkOut(
    const TableShape& wanted,
    const std::vector<const ProtectedTable*>& released) {
  if (released.empty()) return std::nullopt;
  std::vector<KnownTable> known;
  for (const ProtectedTable* table : released) {
    known.push_back({&table->shape(), &table->cells()});
  }
  const ProtectedTable& first = *released.front();
  auto cells = WorkOutCells(wanted, known, first.additive());
  if (!cells.has_value()) return std::nullopt;
  ProtectedTableMaker::Parts parts;
  parts.data_set = first.data_set();
  parts.epoch = first.epoch();
  parts.measure = first.measure();
  parts.policy = first.policy();
  parts.shape = wanted;
  parts.cells = *std::move(cells);
  parts.decimals = first.decimals();
  parts.base = first.base();
  parts.clip_high = first.clip_high();
  parts.worked_out = true;
  return ProtectedTableMaker::Make(std::move(parts));
}

}  // namespace cairn
