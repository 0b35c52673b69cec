#ifndef CAIRN_CORE_DISCLOSURE_PROTECTED_TABLE_H_
#define CAIRN_CORE_DISCLOSURE_PROTECTED_TABLE_H_

#include <string>
#include <utility>
#include <vector>

#include "core/disclosure/policy.h"
#include "core/query/cell.h"
#include "core/query/query.h"
#include "core/query/table.h"

namespace cairn {

// A table that may leave. It is born in Protect, worked out from such tables by
// addition (WorkOut), or read back from what they once made (translate: from
// the wire or the release store), and nowhere else: the constructor is closed
// to everyone but the three.
class ProtectedTable {
 public:
  const std::string& data_set() const { return data_set_; }
  const std::string& epoch() const { return epoch_; }
  // kCount, kDistinctPersons or kSum.
  const Measure& measure() const { return measure_; }
  const DisclosurePolicy& policy() const { return policy_; }
  const TableShape& shape() const { return shape_; }
  // Row-major as shape() says. Sums are in whole units of 10^-decimals().
  const std::vector<Cell>& cells() const { return cells_; }
  int decimals() const { return decimals_; }
  // The base a sum is rounded to; for counts the policy's.
  int64_t base() const { return base_; }
  // Sums: the largest clipped contribution of one record. Counts: 1.
  int64_t clip_high() const { return clip_high_; }
  // Its cells are sums of released ones (WorkOut): it was never released
  // itself.
  bool worked_out() const { return worked_out_; }
  // By cell: a structural zero of the catalogue that it was released under,
  // published as 0, 0 to 0. Empty: none is.
  const std::vector<bool>& structural_zeros() const {
    return structural_zeros_;
  }

  // Counts add over codes; distinct persons do not.
  bool additive() const {
    return measure_.kind != Measure::Kind::kDistinctPersons;
  }

 private:
  friend class ProtectedTableMaker;
  ProtectedTable() = default;

  std::string data_set_;
  std::string epoch_;
  Measure measure_;
  DisclosurePolicy policy_;
  TableShape shape_;
  std::vector<Cell> cells_;
  int decimals_ = 0;
  int64_t base_ = 1;
  int64_t clip_high_ = 1;
  bool worked_out_ = false;
  std::vector<bool> structural_zeros_;
};

}  // namespace cairn

#endif  // CAIRN_CORE_DISCLOSURE_PROTECTED_TABLE_H_
