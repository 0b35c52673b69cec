// How long an answer from the release plan takes beside its two entries in the
// ledger: the cells are looked up or added, and written for the wire. No record
// is touched.
//
//   cairn-bench-planned-answer
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/disclosure/protect.h"
#include "core/disclosure/worked_out.h"
#include "core/link/translate.h"

namespace cairn {
namespace {

TableAxis Axis(const std::string& variable, int codes, const std::string& above,
               int in_each) {
  TableAxis axis;
  axis.variable = variable;
  axis.roll_ups.push_back({above, {}});
  for (int i = 0; i < codes; ++i) {
    axis.codes.push_back(absl::StrCat(variable, i));
    axis.part.push_back(false);
    axis.roll_ups[0].codes.push_back(absl::StrCat(above, i / in_each));
  }
  return axis;
}

// Everything shown: 20 records in each cell.
FrequencyTable Twenties(const TableShape& shape) {
  FrequencyTable table;
  table.data_set = "bench";
  table.epoch = "e1";
  table.shape = shape;
  table.counts.assign(shape.cells(), 20);
  for (size_t a = 0; a < shape.axes.size(); ++a) {
    for (size_t cell = 0; cell < table.counts.size(); ++cell) {
      if (shape.at(cell, a) != shape.axes[a].margin()) continue;
      table.counts[cell] *= static_cast<int64_t>(shape.axes[a].codes.size());
    }
  }
  return table;
}

void Time(const char* what, const TableShape& wanted,
          const std::vector<const ProtectedTable*>& released) {
  std::vector<double> times;
  size_t bytes = 0;
  for (int i = 0; i < 101; ++i) {
    const auto start = std::chrono::steady_clock::now();
    const auto table = WorkOut(DataSet(), wanted, released);
    bytes = table.has_value() ? ToProto(*table).SerializeAsString().size() : 0;
    times.push_back(std::chrono::duration<double, std::milli>(
                        std::chrono::steady_clock::now() - start)
                        .count());
  }
  std::sort(times.begin(), times.end());
  std::printf("%-34s %6zu cells %7zu bytes  median %.2f ms  p90 %.2f ms\n",
              what, wanted.cells(), bytes, times[50], times[90]);
}

int Main() {
  const TableAxis ward = Axis("ward", 62, "lad", 15);
  const TableAxis month = Axis("month", 12, "quarter", 3);
  const TableAxis offence = Axis("offence", 5, "violence", 2);
  const FrequencyTable figures = Twenties({{ward, month, offence}});
  ProtectRequest request;
  request.tables = {&figures};
  request.policy.profile = "standard";
  request.policy.largest_hidden_count = 7;
  request.policy.rounding_base = 5;
  request.policy.minimum_persons = 5;
  const auto protections = Protect(request);
  if (!protections.ok()) {
    std::fprintf(stderr, "%s\n",
                 std::string(protections.status().message()).c_str());
    return 1;
  }
  // As many as a plan may have: each is looked at.
  const std::vector<const ProtectedTable*> plan(50,
                                                &protections->front().table);
  Time("the planned table itself", figures.shape, plan);
  Time("ward x month, a margin", {{ward, month}}, plan);
  Time("lad x quarter, all of it added up",
       {{Axis("lad", 5, "x", 1), Axis("quarter", 4, "x", 1)}}, plan);
  return 0;
}

}  // namespace
}  // namespace cairn

int main() { return cairn::Main(); }
