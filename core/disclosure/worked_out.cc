#include "core/disclosure/worked_out.h"

#include <utility>

#include "core/disclosure/table_maker.h"
#include "core/query/roll_up.h"
#include "core/query/structural_zeros.h"

namespace cairn {

std::optional<ProtectedTable> WorkOut(
    const DataSet& data_set, const TableShape& wanted,
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
  parts.structural_zeros = StructuralZeroCells(data_set, wanted);
  for (size_t cell = 0; cell < parts.structural_zeros.size(); ++cell) {
    if (!parts.structural_zeros[cell]) continue;
    parts.cells[cell] = PublishedCell(0, 0, 0);
  }
  return ProtectedTableMaker::Make(std::move(parts));
}

}  // namespace cairn
