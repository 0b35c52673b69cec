#ifndef CAIRN_AGENT_ANSWERER_H_
#define CAIRN_AGENT_ANSWERER_H_

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "agent/config.h"
#include "agent/figure_cache.h"
#include "agent/release_store.h"
#include "agent/sqlite_source.h"
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
//     read the question, admit it or refuse it        purpose, plan, what is
//     held ledger: query.received, query.admitted | query.refused     on disk
//     for each table it needs: released before?  -> that table, bit for bit
//                              in the release plan's? -> worked out from them
//                              else tabulate, protect with its neighbours
//     ledger: answer.released, and the new tables, in one commit
//     -> tables and receipt                            no receipt, no answer
//
// One thread at a time.
class Answerer {
 public:
  // All must outlive the answerer.
  Answerer(const AgentSettings* settings, Ledger* ledger,
           ReleaseStore* releases);

  // Always an answer: tables, or a refusal with its reason. INTERNAL only when
  // the ledger cannot be written: the agent is to stop.
  absl::StatusOr<v1::Answer> Answer(const v1::Ask& ask);

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
    std::unique_ptr<SqliteSource> source;
    std::unique_ptr<FigureCache> figures;
    std::string cell_key_secret;  // method CELL_KEY only
    bool plan_done = false;
    absl::Status plan;  // whether its release plan is released
  };
  struct Admitted {
    Plan plan;
    TableShape shape;
    SqliteSource* source;
    FigureCache* figures;
    std::string cell_key_secret;
  };

  // A preview writes nothing.
  enum class Use { kAnswer, kPreview };

  absl::StatusOr<Admitted> Admit(const Query& query, Use use, Refusal* refusal);
  // The extract of a data set, opened anew when load has replaced it, and its
  // release plan released.
  absl::StatusOr<OpenSource*> Source(const DataSet& data_set, Use use,
                                     Refusal* refusal);
  absl::Status ReleasePlanOf(const DataSet& data_set, Use use,
                             OpenSource* open);
  // The tables of a question: as they were released, worked out from those of
  // the release plan, or newly protected.
  absl::StatusOr<std::vector<PreviewTable>> Tables(const Admitted& admitted);
  absl::StatusOr<v1::Answer> Release(const v1::Ask& ask,
                                     const Admitted& admitted);

  const AgentSettings* const settings_;
  Ledger* const ledger_;
  ReleaseStore* const releases_;
  std::map<std::string, OpenSource> sources_;
};

}  // namespace cairn

#endif  // CAIRN_AGENT_ANSWERER_H_
