// What an agent sends, as the coordinator reads it: a bad message, an answer
// that counts as none, or one whose figures keep to their intervals.
#include <cmath>
#include <vector>

#include "coordinator/answer_book.h"
#include "core/link/policy_file.h"
#include "core/link/receipt_wire.h"
#include "core/link/translate.h"
#include "tests/fuzz/fuzz_input.h"
#include "tests/support/example_catalogue.h"

namespace cairn {
namespace {

Plan PlanOf(const DataSet& data_set, std::vector<std::string> by,
            const std::vector<std::string>& measures) {
  Query query;
  query.data_set = data_set.id;
  query.by = std::move(by);
  for (const std::string& measure : measures) {
    query.measures.push_back(*ParseMeasure(measure));
  }
  auto plan = MakePlan(data_set, query);
  Demand(plan.ok(), "the question of this test can be planned");
  return *std::move(plan);
}

// A hostile agent's receipts fit its tables. A fuzzer does not find hashes, so
// they are made for it.
void MakeReceiptsFit(v1::Answer* answer) {
  DisclosureReceipt receipt;
  receipt.engine = std::string(kRuleEngine);
  receipt.catalogue_digest = std::string(64, 'c');
  for (const v1::ProtectedTable& message : answer->tables().table()) {
    const auto table = FromProto(message);
    if (!table.ok()) return;
    receipt.policy_digest = PolicyDigest(table->policy());
    receipt.tables.push_back(MakeTableReceipt(*table));
  }
  *answer->mutable_receipt()->mutable_disclosure() = ToProto(receipt);
  answer->mutable_receipt()->set_entry_hash(std::string(32, 'h'));
}

void Merge(const Plan& plan, const AgencyAnswer& answer) {
  AgencyAnswer other = answer;
  other.agency = "council";
  for (const bool split : {false, true}) {
    v1::Result result;
    AnswerContext context;
    context.plan = &plan;
    context.split = split;
    context.holdings.assign(2, std::make_shared<const v1::Holding>());
    FillResult(context, {answer, other}, &result);
    Demand(result.agency_size() == 2, "each agency asked has an outcome");
    v1::Result read;
    Demand(read.ParseFromString(result.SerializeAsString()),
           "whoever asked can read the answer");
    for (const v1::ResultRow& row : result.row()) {
      Demand(row.key_size() == static_cast<int>(plan.query.by.size()),
             "a row has a key of each dimension");
      if (row.status() != v1::PUBLISHED) {
        Demand(!row.has_value(), "a mark is never a number");
        continue;
      }
      Demand(std::isfinite(row.value()), "a figure is finite");
      Demand(!row.has_low() || row.low() <= row.value(),
             "a figure is not below its interval");
      Demand(!row.has_high() || row.high() >= row.value(),
             "a figure is not above its interval");
    }
  }
}

}  // namespace
}  // namespace cairn

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace cairn;
  static const auto kept = ExampleCatalogue();
  const Catalogue& catalogue = *kept;
  static const std::vector<Plan>& plans = *new std::vector<Plan>{
      PlanOf(catalogue.data_sets[0], {"weapon"}, {"count"}),
      PlanOf(catalogue.data_sets[0], {"quarter", "adult"},
             {"count", "mean:days"})};
  const std::string bytes = WireBytes<v1::AgentMessage>(InputText(data, size));
  v1::AgentMessage message;
  if (!ParseMessage(bytes, kMaxAnswerBytes, &message).ok()) return 0;
  (void)CheckHoldings(message.hello(), DisclosurePolicy());
  const AgencyAnswer given = ReadAnswer("police", message.answer());
  MakeReceiptsFit(message.mutable_answer());
  const AgencyAnswer answer = ReadAnswer("police", message.answer());
  Demand(given.outcome == AgencyAnswer::Outcome::kSilent ||
             given.outcome == answer.outcome,
         "a receipt that fits changes no outcome");
  Demand(answer.agency == "police", "the certificate says who answered");
  if (answer.outcome == AgencyAnswer::Outcome::kAnswered) {
    for (const ProtectedTable& table : *answer.tables) {
      Demand(FromProto(ToProto(table)).ok(), "a table reads back");
    }
  } else {
    Demand(!answer.reason.empty(), "what is no answer has a reason");
  }
  for (const Plan& plan : plans) Merge(plan, answer);
  return 0;
}
