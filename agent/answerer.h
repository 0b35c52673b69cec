#ifndef CAIRN_AGENT_ANSWERER_H_
#define CAIRN_AGENT_ANSWERER_H_

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "agent/ask_book.h"
#include "agent/config.h"
#include "agent/data_source.h"
#include "agent/epochs.h"
#include "agent/figure_cache.h"
#include "agent/gatekeeper.h"
#include "agent/ledger_link.h"
#include "agent/release_store.h"
#include "agent/terms.h"
#include "cairn/v1/agent_link.pb.h"
#include "core/disclosure/protect.h"
#include "core/disclosure/receipt.h"
#include "core/ledger/ledger.h"
#include "core/query/evaluate.h"
#include "core/query/plan.h"

namespace cairn {

// The agent's whole story, without a thread or a socket:
//
//   Answer(ask)
//     was its id used before? the same question: the bytes that were sent then
//                             another, or none kept: refused as replayed
//     whose question is it, and may they ask it    the gatekeeper
//     read the question, admit it or refuse it     purpose, plan, what is held
//     commit A: query.received, query.admitted | query.refused, and the id as
//               used
//     for each table it needs: released before?  -> that table, bit for bit
//                              in the release plan's? -> worked out from them
//                              else tabulate, protect with its neighbours
//     wait for the time to leave, if anything was protected
//     commit B: answer.released, the new tables, and the answer's own bytes
//     -> tables and receipt                            no receipt, no answer
//
// Killed before A, nothing happened; between A and B, the next start closes the
// question as abandoned; after B, the same bytes are sent when it is asked
// again. It never runs twice.
//
// Where a table is protected, that and the wait are Work(): seconds in which
// what was told before can still be answered. Of questions that need a first
// table there is one at a time, so that each is held against all before it.
//
// One thread at a time, but for Work().
class Answerer {
 public:
  using Watch = std::chrono::steady_clock;

  // All must outlive the answerer. Without a link, nobody's ledger is looked
  // at.
  Answerer(const AgentSettings* settings, Ledger* ledger,
           ReleaseStore* releases, AskBook* asks, LedgerLink* link = nullptr);

  // Without one, the ledger does not say from which records it answers. It must
  // outlive the answerer.
  void SetRecords(RecordsBook* records) { records_ = records; }

  // Without one, whoever the coordinator names may ask. It must outlive the
  // answerer.
  void SetGate(Gatekeeper* gate) { gate_ = gate; }

  // How to wait until the moment when a first answer leaves
  // (agent/leaving_time.h); called before anything of it is written, where
  // Work() is. Without one, it leaves as soon as it is made.
  using Wait = std::function<void(Watch::time_point)>;
  void SetWait(Wait wait) { wait_ = std::move(wait); }

  // Always an answer: tables, or a refusal with its reason. An error only when
  // the agent's own state cannot be written or read: the agent is to stop.
  // Not while a first release is under way.
  absl::StatusOr<v1::Answer> Answer(const v1::Ask& ask,
                                    const AskFindings& findings = {});

  // The same in parts. A `run` was admitted, in commit A, and needs tables that
  // nobody was told of.
  struct Run;
  struct Begun {
    enum class Next { kSend, kWork, kLater };
    Next next;
    v1::Answer answer;         // kSend
    std::shared_ptr<Run> run;  // kWork; then Finish()
  };
  // kLater: it needs a first table itself, or is the same question, while
  // another run is under way; nothing is written, and it is to be begun again
  // after that one's Finish(). Errors as Answer().
  absl::StatusOr<Begun> Begin(const v1::Ask& ask,
                              const AskFindings& findings = {});
  // Makes the tables and waits for their time to leave. On any thread, while
  // others are begun; no load of its data set is taken up meanwhile.
  void Work(Run* run) const;
  // Commit B. Errors as Answer().
  absl::StatusOr<v1::Answer> Finish(Run* run);

  // What would leave for a question, and why each hidden cell is hidden. Writes
  // nothing, pins nothing: for the steward's own terminal.
  struct PreviewTable {
    Measure measure;
    std::shared_ptr<const ProtectedTable> table;
    std::vector<HiddenWhy> why;  // empty where nothing new is released
    // None where it was released without one.
    std::optional<KeptReceipt> receipt;
    // Where something new is released: what then proves all of the measure.
    CertificateStore::ProofPtr certificates;
  };
  struct Preview {
    Plan plan;
    std::vector<PreviewTable> tables;
  };
  absl::StatusOr<Preview> MakePreview(const Query& query);

  // What the agency holds, for Hello. Data sets without a readable extract are
  // left out.
  std::vector<v1::Holding> Holdings();

 private:
  struct OpenSource {
    std::string stamp;  // identity of the file it was opened from
    std::unique_ptr<DataSource> source;
    std::unique_ptr<FigureCache> figures;
    std::string cell_key_secret;  // method CELL_KEY only
    uint64_t rows = 0;
    bool logged = false;  // that it is answered from
    bool plan_done = false;
    absl::Status plan;  // whether its release plan is released
  };
  struct Admitted {
    Plan plan;
    TableShape shape;
    DataSource* source;
    FigureCache* figures;
    std::string cell_key_secret;
  };

  // One question on its way through the gate.
  struct AtGate {
    Gatekeeper::Sent sent;
    std::optional<Gatekeeper::Opened> opened;
    std::optional<Plan> plan;
    std::optional<Gatekeeper::Judged> judged;
    std::string code;  // of a refusal, for the ledger
  };

  // A preview writes nothing.
  enum class Use { kAnswer, kPreview };

  // The question at the gate: from the bytes that its asker signed.
  absl::StatusOr<Query> Open(const v1::Ask& ask, AtGate* at_gate,
                             Refusal* refusal);
  // FAILED_PRECONDITION: refused. Other errors are of the agent's own state.
  absl::Status PassGate(const Plan& plan, AtGate* at_gate, Refusal* refusal);
  // `at_gate` may be null: the steward's own question.
  absl::StatusOr<Admitted> Admit(const Query& query, Use use, AtGate* at_gate,
                                 Refusal* refusal);
  // The extract of a data set, opened anew when load has replaced it, and its
  // release plan released.
  absl::StatusOr<OpenSource*> Source(const DataSet& data_set, Use use,
                                     Refusal* refusal);
  absl::Status ReleasePlanOf(const DataSet& data_set, Use use,
                             OpenSource* open);
  // A table of a question: as it was released or follows from the release plan,
  // or what a new one is to be held against.
  struct Wanted {
    Measure measure;
    std::optional<PreviewTable> known;
    Earlier earlier;
  };
  absl::StatusOr<std::vector<Wanted>> LookUp(const Admitted& admitted);
  static bool NeedsWork(const absl::StatusOr<std::vector<Wanted>>& wanted);
  // Those and the others, newly protected.
  absl::StatusOr<std::vector<PreviewTable>> MakeTables(
      const Admitted& admitted,
      absl::StatusOr<std::vector<Wanted>> wanted) const;
  absl::StatusOr<PreviewTable> MakeTable(const Admitted& admitted,
                                         const Wanted& wanted) const;
  // Commit A: what was asked, and what is done with it. `refusal` is null where
  // it is admitted, else `answer` becomes it. A `new_id` is used from then on.
  absl::Status WriteReceived(const v1::Ask& ask, const Query& query,
                             const AtGate& at_gate, const AskFindings& findings,
                             const Refusal* refusal, bool new_id,
                             v1::Answer* answer);
  // Commit B. Fills in `answer`.
  absl::Status Release(const Admitted& admitted, const AtGate& at_gate,
                       std::vector<PreviewTable> tables, v1::Answer* answer);
  // Whether persons look at the result first; `answer` then says so.
  absl::StatusOr<bool> LookFirst(const Admitted& admitted,
                                 const std::vector<PreviewTable>& tables,
                                 const AtGate& at_gate, v1::Answer* answer);
  absl::Status WriteFailed(const absl::Status& why, v1::Answer* answer);
  // Commit B of a question that was admitted and has no tables to send.
  absl::Status WriteEnd(const std::string& reason, v1::Answer* answer);
  // Waits where something was protected. How long it took.
  std::chrono::milliseconds Leave(bool first, Watch::time_point start) const;

  const AgentSettings* const settings_;
  Ledger* const ledger_;
  ReleaseStore* const releases_;
  AskBook* const asks_;
  LedgerLink* const link_;
  Gatekeeper* gate_ = nullptr;
  Wait wait_;
  RecordsBook* records_ = nullptr;
  std::map<std::string, OpenSource> sources_;
  std::shared_ptr<Run> under_way_;  // from Begin() until Finish()
};

struct Answerer::Run {
  Watch::time_point start;
  Admitted admitted;
  AtGate at_gate;
  bool first = false;  // some of its tables were never told
  absl::StatusOr<std::vector<Wanted>> wanted;
  v1::Answer answer;
  // Of Work():
  absl::StatusOr<std::vector<PreviewTable>> tables =
      std::vector<PreviewTable>();
  std::chrono::milliseconds took{0};
};

}  // namespace cairn

#endif  // CAIRN_AGENT_ANSWERER_H_
