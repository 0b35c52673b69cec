#include "tests/bench/bench_answer.h"

#include <cstdint>
#include <utility>

#include "agent/tabulator.h"
#include "core/base/status_macros.h"
#include "core/disclosure/protect.h"
#include "core/disclosure/receipt.h"
#include "core/link/policy_file.h"
#include "core/link/receipt_wire.h"
#include "core/link/translate.h"
#include "tests/support/protect_one.h"

namespace cairn {
namespace {

// A table of the plan's shape with deterministic counts, a few of them small.
FrequencyTable MakeFrequencies(const Plan& plan) {
  TableShape shape;
  for (const PlanAxis& axis : plan.axes) {
    const Level& level =
        plan.data_set->dimensions[axis.dimension].levels[axis.level];
    TableAxis table_axis;
    table_axis.variable = level.variable;
    for (const Code& code : level.codes) table_axis.codes.push_back(code.id);
    table_axis.part.assign(table_axis.codes.size(), false);
    shape.axes.push_back(std::move(table_axis));
  }
  Tabulator tabulator(shape, {});
  std::vector<int64_t> codes(shape.axes.size(), 0);
  for (int cell = 0;; ++cell) {
    for (int i = 0; i < (cell * 37) % 101; ++i) tabulator.Add(codes, -1, {});
    size_t a = codes.size();
    while (a > 0 &&
           ++codes[a - 1] == static_cast<int64_t>(shape.axes[a - 1].margin())) {
      codes[--a] = 0;
    }
    if (a == 0) break;
  }
  FrequencyTable table = tabulator.Finish();
  table.data_set = kBenchDataSet;
  table.epoch = "bench";
  return table;
}

}  // namespace

absl::StatusOr<BenchAnswer> MakeBenchAnswer(const Catalogue& catalogue,
                                            const std::vector<std::string>& by,
                                            const DisclosurePolicy& policy) {
  CAIRN_ASSIGN_OR_RETURN(const DataSet* data_set,
                         catalogue.Find(kBenchDataSet));
  Query query;
  query.data_set = kBenchDataSet;
  query.by = by;
  query.purpose = catalogue.purposes.front().id;
  BenchAnswer made;
  CAIRN_ASSIGN_OR_RETURN(made.plan, MakePlan(*data_set, query));
  CAIRN_ASSIGN_OR_RETURN(
      const Protection protection,
      ProtectOne(MakeFrequencies(made.plan), made.plan.tables[0], policy));
  made.query = ToProto(made.plan.query);
  made.cells = protection.table.cells().size();
  *made.answer.mutable_tables()->add_table() = ToProto(protection.table);
  made.answer.mutable_receipt()->set_index(1);
  made.answer.mutable_receipt()->set_entry_hash(std::string(32, 'r'));
  DisclosureReceipt receipt;
  receipt.engine = kRuleEngine;
  receipt.policy_digest = PolicyDigest(protection.table.policy());
  receipt.catalogue_digest = catalogue.digest;
  receipt.tables = {MakeTableReceipt(protection.table)};
  *made.answer.mutable_receipt()->mutable_disclosure() = ToProto(receipt);
  return made;
}

}  // namespace cairn
