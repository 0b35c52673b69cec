// The text of --where: any bytes give a filter or one error with its place,
// and a filter that was taken prints as text that is taken again.
#include "core/query/filter_text.h"

#include <variant>

#include "core/base/utf8.h"
#include "core/query/selection.h"
#include "tests/fuzz/fuzz_input.h"
#include "tests/support/example_data_set.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace cairn;
  static const DataSet& data_set = *new DataSet(MakeExampleDataSet());
  const absl::string_view text = InputText(data, size);
  const auto checked = CheckFilterText(text, data_set);
  if (const auto* error = std::get_if<FilterError>(&checked)) {
    Demand(error->position <= text.size(), "an error lies inside its text");
    Demand(!error->message.empty(), "an error has words");
    const std::string shown = RenderFilterError(text, *error);
    Demand(FirstInvalidUtf8(shown) == absl::string_view::npos,
           "what a terminal is shown is UTF-8");
    for (const char byte : shown) {
      Demand(byte == '\n' || static_cast<unsigned char>(byte) >= ' ',
             "what a terminal is shown has no control bytes");
    }
    return 0;
  }
  const Filter& filter = std::get<Filter>(checked);
  const std::string printed = FilterToText(filter);
  const auto again = ParseFilter(printed, data_set);
  Demand(again.ok(), "a printed filter is a filter");
  Demand(FilterToText(*again) == printed, "a filter has one printed form");
  (void)FilterToWords(filter, data_set);
  return 0;
}
