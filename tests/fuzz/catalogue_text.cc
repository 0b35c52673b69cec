// The text of a catalogue: refused in words, or a catalogue that a digest
// stands for and whose filters can be asked.
#include "core/link/catalogue_file.h"
#include "core/link/plan_file.h"
#include "core/link/policy_file.h"
#include "core/link/text_config.h"
#include "core/query/plan.h"
#include "tests/fuzz/fuzz_input.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace cairn;
  v1::Catalogue message;
  const std::string text(InputText(data, size));
  if (!ParseTextProto("catalogue", text, &message).ok()) return 0;
  const auto catalogue = MakeCatalogue(message);
  (void)FloorOf(message);
  if (!catalogue.ok()) {
    Demand(!catalogue.status().message().empty(), "a refusal has words");
    return 0;
  }
  v1::Catalogue sent;
  Demand(sent.ParseFromString(message.SerializeAsString()),
         "a catalogue can be sent");
  const auto again = MakeCatalogue(sent);
  Demand(again.ok() && (*again)->digest == (*catalogue)->digest,
         "a catalogue is the same after it was sent");
  for (const DataSet& data_set : (*catalogue)->data_sets) {
    Query query;
    query.data_set = data_set.id;
    for (const Dimension& dimension : data_set.dimensions) {
      query.by = {dimension.levels[0].variable};
      (void)MakePlan(data_set, query);
    }
  }
  return 0;
}
