#ifndef CAIRN_CORE_QUERY_EVALUATE_H_
#define CAIRN_CORE_QUERY_EVALUATE_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/query/cell.h"
#include "core/query/plan.h"
#include "core/query/table.h"

namespace cairn {

// A code for each variable of --by, "Total" for a margin.
using RowKey = std::vector<std::string>;
// One row of an answer.
struct AnswerRow {
  RowKey key;
  Cell cell;
};

// The one evaluator, used by agent and coordinator alike: works out the rows of
// a plan from the cells of one agency's table by arithmetic, and nothing else.
// A filter becomes the smallest set of disjoint cells under a fixed rule (a
// margin wherever the filter treats all codes of a variable alike), so the
// result depends on what the filter admits, not on how it was written.
//
// `additive`: cells of different codes have no member in common (counts, sums).
// Otherwise (distinct persons), and along multi-valued variables, cells unite:
// the result lies between the largest of them and their sum.
//
// What an agency does not cover is never a zero. A row is
//   kUnavailable    where months it does not cover are part of the question, or
//                   some of the codes asked for are not in its records;
//   kNotApplicable  where it has no such code: a place outside its area (high
//   0), or
//                   an offence class its source does not tell apart (high
//                   kNoLimit).
// Rows: all codes of the catalogue, in its order, that the filter leaves (for
// places: of the table, by code, then not known, then outside), and the
// margins, each after its codes.
//
// INVALID_ARGUMENT if the table is not the one the plan needs.
absl::StatusOr<std::vector<AnswerRow>> Evaluate(const Plan& plan,
                                                const TableShape& shape,
                                                const std::vector<Cell>& cells,
                                                bool additive);

// The same for many tables of one shape: which rows there are, and which cell
// each of them is or is worked out from, is found once. Not for several threads
// at a time.
class BoundRows {
 public:
  // As Evaluate. `plan` must outlive it.
  static absl::StatusOr<std::unique_ptr<BoundRows>> Bind(const Plan& plan,
                                                         TableShape shape,
                                                         bool additive);
  ~BoundRows();

  const TableShape& shape() const;
  bool additive() const;
  const std::shared_ptr<const std::vector<RowKey>>& keys() const;
  // Whether the rows are the table's own cells, in their order.
  bool as_they_come() const;
  // One a row, in the order of keys(), from as many cells as the shape has.
  std::vector<Cell> Cells(const std::vector<Cell>& table);

 private:
  class Evaluator;
  explicit BoundRows(std::unique_ptr<Evaluator> evaluator);
  const std::unique_ptr<Evaluator> evaluator_;
};

}  // namespace cairn

#endif  // CAIRN_CORE_QUERY_EVALUATE_H_
