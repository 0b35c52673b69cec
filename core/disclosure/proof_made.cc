#include "core/disclosure/proof_made.h"

#include <algorithm>

namespace cairn {

ProofMade SummariseProof(const CellSystem& system,
                         const std::vector<SuppressionCell>& cells,
                         const Suppression& suppression) {
  ProofMade proof;
  proof.cells = system.cells();
  proof.sums = system.relations();
  proof.certificates = static_cast<int64_t>(suppression.certificates.size());
  for (size_t i = 0; i < cells.size(); ++i) {
    if (!cells[i].sensitive()) continue;
    ++proof.sensitive;
    const auto has = [&](int what) {
      return suppression.proof[i][0] == what || suppression.proof[i][1] == what;
    };
    ++(has(Suppression::kNone)       ? proof.held_as_before
       : has(Suppression::kFraction) ? proof.by_fractions
                                     : proof.certified);
  }
  return proof;
}

// The sum of the cells that are no margin, on the axes from `a` on, of a block
// of so many cells.
static int64_t InnerSum(const TableShape& shape, size_t a, size_t cells,
                        const int64_t* block) {
  if (a == shape.axes.size()) return *block;
  const TableAxis& axis = shape.axes[a];
  const size_t each = cells / axis.size();
  int64_t sum = 0;
  for (size_t code = 0; code < axis.margin(); ++code) {
    sum += InnerSum(shape, a + 1, each, block + code * each);
  }
  return sum;
}

std::optional<int64_t> ShownPermille(const TableShape& shape, bool additive,
                                     const std::vector<int64_t>& shown,
                                     int64_t total) {
  bool adds_up = additive && total > 0;
  for (const TableAxis& axis : shape.axes) {
    adds_up = adds_up && !axis.multi_valued;
  }
  if (!adds_up) return std::nullopt;
  const int64_t sum = InnerSum(shape, 0, shape.cells(), shown.data());
  // Great totals are cut first: 1000 times them might not fit.
  const bool great = total > INT64_MAX / 1000 || sum > INT64_MAX / 1000;
  const int64_t permille =
      great ? sum / std::max<int64_t>(1, total / 1000) : sum * 1000 / total;
  return std::clamp<int64_t>(permille, 0, 1000);
}

}  // namespace cairn
