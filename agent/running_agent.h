#ifndef CAIRN_AGENT_RUNNING_AGENT_H_
#define CAIRN_AGENT_RUNNING_AGENT_H_

#include <atomic>
#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "agent/agent.h"
#include "agent/agreement_book.h"
#include "agent/answerer.h"
#include "agent/approval_desk.h"
#include "agent/coordinator_link.h"
#include "agent/gatekeeper.h"
#include "agent/ledger_link.h"
#include "agent/renewal.h"
#include "cairn/v1/agent_link.pb.h"
#include "core/base/metrics.h"
#include "core/base/mutex.h"
#include "core/base/work_queue.h"
#include "core/ledger/log_signer.h"
#include "core/ledger/reject_counts.h"

namespace cairn {

// Whom the agent believes, and what it agreed to.
struct Gate {
  std::unique_ptr<PeopleFiles> people;  // null: nobody has to sign
  std::unique_ptr<const Agreement> agreement;
  std::unique_ptr<Gatekeeper> keeper;
  std::unique_ptr<ApprovalDesk> desk;  // with people only
};
// Errors of ReadPeople, PutAgreementInForce and Gatekeeper::Create.
absl::StatusOr<Gate> OpenGate(const AgentSettings& settings, AgentState* state);

// The agent while it runs: what the line brings, and what time brings.
// Everything that touches the disk or the answerer runs on the one worker, but
// for the making of first tables (Answerer::Work).
class RunningAgent {
 public:
  using SteadyClock = std::chrono::steady_clock;

  // All must outlive the agent. `ledger` may be null: then nobody's ledger is
  // looked at.
  RunningAgent(const AgentSettings& settings, AgentState* state,
               LogSigner* signer, Gate* gate, LedgerLink* ledger,
               RejectCounts* rejects);

  ~RunningAgent();

  // Until a signal. Why the agent stopped itself; OK where it did not.
  absl::Status Run();
  // What is due by now: heartbeats, rounds of witnesses, and a new Hello when
  // load has replaced an extract. Run calls it every two seconds, and
  // looks at the certificate in between.
  void Tick(SteadyClock::time_point now);

  // Whether a witness knows of more than this ledger has, or of another.
  bool Quarantined();

 private:
  CoordinatorLink::Handlers Handlers();
  // Work on ledgers that comes again by itself where it is dropped.
  void OnWorker(std::function<void()> work);
  void CountReject(Reject why);
  // No log, no run: what cannot be written or signed stops the agent.
  void Stop(const absl::Status& why);
  // A witness has seen more of this agency's log than there is, or another one.
  // `seen` is what he remembers.
  void Quarantine(const absl::Status& why, const std::string& seen);

  // A question, since it came.
  struct Asked {
    v1::Ask ask;
    AskFindings findings;
    std::chrono::steady_clock::time_point came;
  };
  void Take(v1::Ask ask);
  // Whether its coordinator has stopped waiting for it.
  bool IsLate(const Asked& asked);
  void Answer(Asked asked);
  void Finish(const std::shared_ptr<Answerer::Run>& run);
  void Send(absl::StatusOr<v1::Answer> answer);
  void SendOverloaded(const v1::Ask& ask);
  absl::Status AddProof(v1::Answer* answer);

  void Meet(const v1::Welcome& welcome);
  void StartRound();
  void TakeReply(const v1::WitnessReply& reply);
  void SendAll(const std::vector<v1::WitnessRequest>& requests);
  void Cosign(const v1::WitnessRequest& request);

  // A new certificate is in the ledger before the first stream with it.
  void TakeRenewal(const v1::Renewed& renewed);
  // On the ticker's thread: dialling takes a while.
  void LookAtCertificate();

  void KeepMetrics();
  void LookAtDesk();
  void LookForLoad();
  void LookForExports();
  std::vector<v1::Holding> KnownHoldings();
  void SetHoldings(std::vector<v1::Holding> holdings);

  const AgentSettings& settings_;
  const std::string state_dir_;
  AgentState* const state_;
  LogSigner* const signer_;
  Gate* const gate_;
  LedgerLink* const peers_;
  RejectCounts* const rejects_;
  Answerer answerer_;
  std::atomic<bool> stopping_{false};
  Mutex mutex_;
  std::vector<v1::Holding> holdings_ ABSL_GUARDED_BY(mutex_);
  absl::Status failed_ ABSL_GUARDED_BY(mutex_);
  std::string quarantined_ ABSL_GUARDED_BY(mutex_);  // why; "": it is not
  // Of Tick alone.
  SteadyClock::time_point last_beat_, last_metrics_, last_round_;
  std::atomic<bool> redial_{false};
  Renewal renewal_;
  CoordinatorLink link_;
  Metrics metrics_;
  // Of the worker alone: what is begun again when a first release is over.
  std::deque<Asked> later_;
  WorkQueue worker_;  // all that reads or writes the agent's state
  // First releases, one at a time: what was told before is answered meanwhile.
  WorkQueue first_releases_;
};

}  // namespace cairn

#endif  // CAIRN_AGENT_RUNNING_AGENT_H_
