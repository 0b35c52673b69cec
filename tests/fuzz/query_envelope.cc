// A question as the coordinator reads it: any bytes are refused in one
// sentence, or are a question whose plan both sides make alike.
#include "cairn/v1/query_service.pb.h"
#include "core/base/utf8.h"
#include "core/link/translate.h"
#include "core/query/filter_text.h"
#include "core/query/plan.h"
#include "tests/fuzz/fuzz_input.h"
#include "tests/support/example_catalogue.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace cairn;
  static const auto kept = ExampleCatalogue();
  const Catalogue& catalogue = *kept;
  const std::string bytes =
      WireBytes<v1::RunQueryRequest>(InputText(data, size));
  v1::RunQueryRequest request;
  const absl::Status read = ParseMessage(bytes, kMaxQuestionBytes, &request);
  if (!read.ok()) {
    Demand(FirstInvalidUtf8(read.message()) == absl::string_view::npos,
           "a refusal is UTF-8");
    return 0;
  }
  const auto query = FromProto(request.query());
  if (!query.ok()) return 0;
  if (query->where.has_value()) (void)FilterToText(*query->where);
  const auto data_set = catalogue.Find(query->data_set);
  if (!data_set.ok()) return 0;
  const auto plan = MakePlan(**data_set, *query);
  // The agent reads it as the coordinator sends it on.
  const auto sent = FromProto(ToProto(*query));
  Demand(sent.ok(), "what was read can be sent on");
  const auto again = MakePlan(**data_set, *sent);
  Demand(again.ok() == plan.ok(), "both sides plan, or none");
  if (!plan.ok()) {
    Demand(!plan.status().message().empty(), "a refusal has words");
    return 0;
  }
  Demand(plan->TableKey() == again->TableKey(), "both sides plan alike");
  if (plan->query.where.has_value()) {
    (void)FilterToWords(*plan->query.where, **data_set);
  }
  return 0;
}
