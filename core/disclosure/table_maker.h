#ifndef CAIRN_CORE_DISCLOSURE_TABLE_MAKER_H_
#define CAIRN_CORE_DISCLOSURE_TABLE_MAKER_H_

#include <utility>
#include <vector>

#include "core/disclosure/protected_table.h"

namespace cairn {

// The only hand that fills a ProtectedTable. Included by protect.cc, by
// worked_out.cc, which adds released cells, and by the reader of released
// tables (core/link/translate.cc); .ci/includes holds it so.
class ProtectedTableMaker {
 public:
  struct Parts {
    std::string data_set;
    std::string epoch;
    Measure measure;
    DisclosurePolicy policy;
    TableShape shape;
    std::vector<Cell> cells;
    int decimals = 0;
    int64_t base = 1;
    int64_t clip_high = 1;
    bool worked_out = false;
    std::vector<bool> structural_zeros = {};
  };

  static ProtectedTable Make(Parts parts) {
    ProtectedTable table;
    table.data_set_ = std::move(parts.data_set);
    table.epoch_ = std::move(parts.epoch);
    table.measure_ = std::move(parts.measure);
    table.policy_ = std::move(parts.policy);
    table.shape_ = std::move(parts.shape);
    table.cells_ = std::move(parts.cells);
    table.decimals_ = parts.decimals;
    table.base_ = parts.base;
    table.clip_high_ = parts.clip_high;
    table.worked_out_ = parts.worked_out;
    table.structural_zeros_ = std::move(parts.structural_zeros);
    return table;
  }
};

}  // namespace cairn

#endif  // CAIRN_CORE_DISCLOSURE_TABLE_MAKER_H_
