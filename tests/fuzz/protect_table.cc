// `cairn protect`: a table, and with a line "----" after it its hierarchy. Any
// text is refused in one sentence, or what is written shows no cell that the
// rule hides and no figure outside its own interval.
#include "cli/protect_table.h"

#include <vector>

#include "absl/strings/numbers.h"
#include "cli/table_file.h"
#include "core/base/utf8.h"
#include "core/link/text_config.h"
#include "tests/fuzz/fuzz_input.h"

namespace cairn {
namespace {

constexpr char kPolicy[] = R"(method: SUPPRESS_AND_ROUND
largest_hidden_count: 7
rounding_base: 5
minimum_persons: 5
zeros: HIDDEN
dominance { n: 2 k: 0.9 }
p_percent: 0.1
)";
// More cells cost seconds, which a fuzzer does not have.
constexpr int64_t kMostCells = 200;

void CheckWritten(const std::string& path) {
  const auto written =
      ReadTableFile(path, "a,b", {{"value"}, {"status"}, {"low"}, {"high"}});
  Demand(written.ok(), "what is written can be read");
  for (size_t i = 0; i < written->columns[0].size(); ++i) {
    const std::string& value = written->columns[0][i];
    const bool shown = written->columns[1][i] == "published";
    Demand(shown != value.empty(), "a mark is never a number");
    int64_t low = 0, high = INT64_MAX, figure = 0;
    Demand(absl::SimpleAtoi(written->columns[2][i], &low) && low >= 0,
           "every cell has a lower bound");
    (void)absl::SimpleAtoi(written->columns[3][i], &high);
    Demand(low <= high, "bounds are in order");
    if (!shown) continue;
    Demand(absl::SimpleAtoi(value, &figure), "a figure is a number");
    Demand(low <= figure && figure <= high, "a figure lies in its interval");
    Demand(figure >= 5, "no small figure is shown");
  }
}

}  // namespace
}  // namespace cairn

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace cairn;
  const auto [table, hierarchy] = SplitInput(InputText(data, size));
  static const ScratchFolder folder;
  const MemoryFile table_file(table), hierarchy_file(hierarchy),
      policy_file(kPolicy);
  ProtectFlags flags;
  flags.table = table_file.path();
  flags.dims = "a,b";
  flags.count = "n";
  flags.policy = policy_file.path();
  flags.format = "csv";
  flags.file = folder.path() + "/out.csv";
  if (!hierarchy.empty()) flags.hierarchy = hierarchy_file.path();
  auto rows = ReadTableFile(flags.table, flags.dims, {{"n", "--count"}});
  auto sums = ReadHierarchyFile(flags.hierarchy);
  if (!rows.ok() || !sums.ok()) {
    const absl::Status& why = rows.ok() ? sums.status() : rows.status();
    Demand(FirstInvalidUtf8(why.message()) == absl::string_view::npos,
           "a refusal is UTF-8");
    return 0;
  }
  if (!TidyTable::Create(std::move(rows->rows), *sums, kMostCells).ok()) {
    return 0;
  }
  const auto code = ProtectTable(flags);
  if (code.ok()) {
    CheckWritten(flags.file);
  } else {
    Demand(code.status().code() != absl::StatusCode::kInternal,
           "the table passes its own check");
  }
  return 0;
}
