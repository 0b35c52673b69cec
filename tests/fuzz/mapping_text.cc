// An agency's mapping and rows of its file, with a line "----" between: any
// mapping is refused in words or reads any rows, and no sentence about a row
// has the row's own text in it.
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "agent/mapping.h"
#include "core/link/text_config.h"
#include "tests/fuzz/fuzz_input.h"
#include "tests/support/example_catalogue.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace cairn;
  static const auto kept = ExampleCatalogue();
  const Catalogue& catalogue = *kept;
  const auto [text, rows] = SplitInput(InputText(data, size));
  v1::Mapping mapping;
  if (!ParseTextProto("mapping", text, &mapping).ok()) return 0;
  MappingInputs inputs;
  inputs.mapping = &mapping;
  inputs.path = "mapping";
  inputs.data_set = &catalogue.data_sets[0];
  inputs.months = {"2024-01", "2024-02", "2024-04"};
  inputs.precision = Precision::kDay;
  const auto mapper = RowMapper::Create(inputs, std::string(32, 'k'));
  if (!mapper.ok()) {
    Demand(!mapper.status().message().empty(), "a refusal has words");
    return 0;
  }
  std::vector<absl::string_view> lines = absl::StrSplit(rows, '\n');
  const std::vector<std::string> header = absl::StrSplit(lines[0], ',');
  if (!(*mapper)->Bind("rows", header).ok()) return 0;
  const size_t width =
      (*mapper)->dimensions().size() + (*mapper)->Quantities().size();
  for (size_t i = 1; i < lines.size(); ++i) {
    const std::vector<absl::string_view> fields = absl::StrSplit(lines[i], ',');
    if (fields.size() != header.size()) continue;
    MappedRow row;
    RowProblem problem;
    const auto outcome = (*mapper)->Map(fields, &row, &problem);
    if (outcome == RowMapper::Outcome::kStored) {
      Demand(row.values.size() == width, "a stored row has all its values");
    } else if (outcome == RowMapper::Outcome::kBad) {
      Demand(!problem.what.empty(), "a bad row has a reason");
      // A byte that neither our sentences nor this mapping have.
      Demand(
          absl::StrContains(text, '#') || !absl::StrContains(problem.what, '#'),
          "the reason has no text of the row");
    }
  }
  (void)(*mapper)->Counts();
  return 0;
}
