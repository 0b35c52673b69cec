// A question as an agent reads it, whatever the coordinator put into it: always
// an answer, with a receipt, that the coordinator can read; never a stop.
#include <fstream>
#include <memory>
#include <set>

#include "absl/strings/str_cat.h"
#include "agent/answerer.h"
#include "agent/ask_book.h"
#include "agent/loader.h"
#include "coordinator/answer_book.h"
#include "core/base/clock.h"
#include "core/link/policy_file.h"
#include "core/link/translate.h"
#include "core/store/sqlite_ledger_store.h"
#include "tests/fuzz/fuzz_input.h"
#include "tests/support/example_catalogue.h"

namespace cairn {
namespace {

constexpr char kMapping[] = R"pb(
  data_set: "events"
  version: 1
  column { name: "When" occurred_at: true }
  column { name: "Who" person_key: true }
  column { name: "Weapon" variable: "weapon" identity: true }
  column { name: "Age" variable: "age_band" number_to_band: true }
  column { name: "Days" quantity: "days" }
)pb";

// An agency with a few hundred made-up records.
class Agency {
 public:
  Agency() {
    settings_.config.set_agency("police");
    settings_.config.set_state_dir(folder_.path() + "/state");
    settings_.config.add_source()->set_data_set("events");
    settings_.config.set_new_tables_per_epoch(12);
    settings_.catalogue = ExampleCatalogue();
    Load();
    database_ = Made(
        Database::Open(settings_.DatabasePath(), Database::Mode::kDurable));
    store_ = Made(SqliteLedgerStore::Create(database_.get()));
    ledger_ = Made(Ledger::Open(store_.get(), &clock_));
    releases_ = Made(ReleaseStore::Create(database_.get()));
    asks_ = Made(
        AskBook::Create(database_.get(), releases_->commitments(), &clock_));
    answerer_ = std::make_unique<Answerer>(&settings_, ledger_.get(),
                                           releases_.get(), asks_.get());
  }

  v1::Answer Answer(const v1::Ask& ask) { return Made(answerer_->Answer(ask)); }
  uint64_t entries() const { return ledger_->size(); }

 private:
  template <typename T>
  static T Made(absl::StatusOr<T> value) {
    if (!value.ok())
      std::fprintf(stderr, "%s\n", value.status().ToString().c_str());
    Demand(value.ok(), "an agent can start and answer");
    return *std::move(value);
  }
  std::string Write(const std::string& name, const std::string& bytes) const {
    const std::string path = absl::StrCat(folder_.path(), "/", name);
    std::ofstream(path, std::ios::binary) << bytes;
    return path;
  }
  void Load() const {
    std::string csv = "When,Who,Weapon,Age,Days\n";
    for (int i = 0; i < 300; ++i) {
      absl::StrAppend(&csv, "2024-0", 1 + i % 4, "-05,P", i % 280, ",",
                      i % 7 == 0 ? "GUN" : "KNIFE", ",", i * 7 % 40, ",",
                      i % 30, "\n");
    }
    v1::Source source;
    source.set_data_set("events");
    source.add_file(Write("events.csv", csv));
    source.set_mapping(Write("events.textproto", kMapping));
    source.add_covers()->set_from("2024-01");
    source.mutable_covers(0)->set_to("2024-04");
    const LoadRequest request{.catalogue = *settings_.catalogue,
                              .data_set = settings_.catalogue->data_sets[0],
                              .source = source,
                              .state_dir = settings_.config.state_dir(),
                              .pseudonym_key = std::string(32, 'k'),
                              .rule = settings_.policy.ToWords()};
    Made(LoadDataSet(request));
  }

  const ScratchFolder folder_;
  AgentSettings settings_;
  SystemClock clock_;
  std::unique_ptr<Database> database_;
  std::unique_ptr<LedgerStore> store_;
  std::unique_ptr<Ledger> ledger_;
  std::unique_ptr<ReleaseStore> releases_;
  std::unique_ptr<AskBook> asks_;
  std::unique_ptr<Answerer> answerer_;
};

// What comes to an agent is a CoordinatorMessage with an Ask with a Query; the
// seeds are questions, so that the fuzzer gets past the envelopes.
v1::Ask AskOf(absl::string_view input) {
  v1::Ask ask;
  v1::CoordinatorMessage message;
  if (ParseMessage(input, kMaxQuestionBytes + 4096, &message).ok() &&
      message.has_ask()) {
    return message.ask();
  }
  static int asked = 0;
  ask.set_query_id(absl::StrCat("q-", ++asked));
  ask.set_asker("ana");
  ask.set_query(WireBytes<v1::Query>(input));
  return ask;
}

}  // namespace
}  // namespace cairn

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace cairn;
  static Agency agency;
  static std::set<std::string> ids;
  const v1::Ask ask = AskOf(InputText(data, size));
  // What was answered under this id is sent again, and nothing is done.
  const bool again = !ids.insert(ask.query_id()).second;
  const uint64_t before = agency.entries();
  const v1::Answer answer = agency.Answer(ask);
  Demand(again || agency.entries() > before,
         "what was asked stands in the ledger");
  Demand(answer.has_receipt(), "an answer has a receipt");
  const AgencyAnswer read = ReadAnswer("police", answer, DisclosurePolicy());
  if (answer.has_refusal()) {
    Demand(!answer.refusal().sentence().empty(), "a refusal has words");
    Demand(read.outcome == AgencyAnswer::Outcome::kRefused,
           "a refusal is read as one");
  } else {
    Demand(read.outcome == AgencyAnswer::Outcome::kAnswered,
           "tables that leave can be read");
  }
  return 0;
}
