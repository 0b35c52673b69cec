// An agency's places, and with a line "----" before them the source that says
// what their columns are: refused in words, or places that come back from what
// is stored of them.
#include "agent/places.h"
#include "core/link/text_config.h"
#include "tests/fuzz/fuzz_input.h"
#include "tests/support/example_catalogue.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace cairn;
  static const auto kept = ExampleCatalogue();
  const Catalogue& catalogue = *kept;
  const auto [text, csv] = SplitInput(InputText(data, size));
  v1::PlacesSource source;
  if (!ParseTextProto("places", text, &source).ok()) return 0;
  const MemoryFile file(csv);
  source.set_file(file.path());
  const auto places = Places::Read(source, catalogue);
  if (!places.ok()) {
    Demand(!places.status().message().empty(), "a refusal has words");
    return 0;
  }
  const v1::PlacesMeta meta = (*places)->ToMeta();
  const auto again = Places::FromMeta(meta);
  Demand(again.ok(), "places come back from what is stored of them");
  Demand((*again)->ToMeta().SerializeAsString() == meta.SerializeAsString(),
         "places are the same when they come back");
  const int levels = static_cast<int>((*places)->variables().size());
  for (int level = 0; level < levels; ++level) {
    const auto& codes = (*places)->Codes(level);
    for (int code = 0; code < static_cast<int>(codes.size()); ++code) {
      Demand((*places)->Find(level, codes[code]) == code,
             "a code is found by its own text");
    }
  }
  return 0;
}
