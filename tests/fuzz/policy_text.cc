// The text of a disclosure policy: refused in words, or a rule that reads back
// as itself and is as strict as itself.
#include "core/link/policy_file.h"
#include "core/link/text_config.h"
#include "core/link/translate.h"
#include "tests/fuzz/fuzz_input.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace cairn;
  v1::DisclosurePolicy message;
  const std::string text(InputText(data, size));
  if (!ParseTextProto("policy", text, &message).ok()) return 0;
  const auto policy = MakePolicy(message);
  if (!policy.ok()) {
    Demand(!policy.status().message().empty(), "a refusal has words");
    return 0;
  }
  Demand(policy->largest_hidden_count >= 1, "a rule hides small counts");
  Demand(!policy->ToWords().empty(), "a rule has words");
  const auto again = MakePolicy(ToProto(*policy));
  Demand(again.ok(), "a rule can be sent");
  v1::DisclosurePolicy read;
  Demand(ParseMessage(ToProto(*policy).SerializeAsString(), kMaxQuestionBytes,
                      &read)
             .ok(),
         "and is read where it was sent to");
  Demand(PolicyDigest(*again) == PolicyDigest(*policy),
         "a rule is the same after it was sent");
  return 0;
}
