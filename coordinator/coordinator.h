#ifndef CAIRN_COORDINATOR_COORDINATOR_H_
#define CAIRN_COORDINATOR_COORDINATOR_H_

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "cairn/v1/query_service.pb.h"
#include "coordinator/agent_registry.h"
#include "coordinator/agent_session.h"
#include "coordinator/answer_book.h"
#include "coordinator/config.h"
#include "coordinator/ledger_hub.h"
#include "coordinator/peer_gate.h"
#include "coordinator/query_log.h"
#include "coordinator/query_run.h"
#include "coordinator/slots.h"
#include "coordinator/timer.h"
#include "core/base/metrics.h"
#include "core/base/work_queue.h"
#include "core/ledger/reject_counts.h"

namespace cairn {

// The VRU's side, between the services and the sessions:
//
//   QueryService          Coordinator                     AgentSession (one an
//   agency)
//     Ask(request) ------> check against the catalogue
//                          QueryLog.Received              on disk before it is
//                          sent QueryRun, timer ------------>  Ask
//     on_event  <--------- QueryRun.Accept  <-----------  Answer
//                          FillResult (evaluate, merge)
//                          QueryLog.Answered              on disk before it is
//                          seen
//     on_event  <--------- Result
//
// What may wait for the disk runs on the work queue. An answer is read on the
// thread it comes on.
class Coordinator {
 public:
  // All must outlive the coordinator. Without a hub, nobody's ledger is looked
  // at.
  Coordinator(const CoordinatorSettings* settings, QueryLog* log,
              AgentRegistry* registry, LedgerHub* ledgers, PeerGate* gate,
              RejectCounts* rejects, const Clock* clock);
  // Ends every run that is open, then the work queue.
  ~Coordinator();

  using OnEvent = std::function<void(const v1::QueryEvent&)>;
  using OnEnd = std::function<void(absl::Status)>;

  // Runs a question; `on_end` is called once, after the last event.
  // RESOURCE_EXHAUSTED through it when too many wait. `cut`: where whoever
  // signed it is revoked while it is open.
  void Ask(std::string asker, std::string request, PeerGate::Cut cut,
           OnEvent on_event, OnEnd on_end);
  // For the short calls: runs `work` on the work queue. False if it is full.
  bool Run(std::function<void()> work);
  // Something was turned away that leaves no entry of its own.
  void CountReject(Reject why);

  v1::Description Describe() const;
  QueryLog& log() { return *log_; }
  PeerGate* gate() { return gate_; }

  // From the attach service. A place for one more stream of an agency; null if
  // it has too many.
  std::shared_ptr<void> TakeStream(const std::string& agency) {
    return streams_.Take(agency);
  }
  void Attached(std::shared_ptr<AgentSession> session);
  void OnAgentMessage(std::shared_ptr<AgentSession> session,
                      v1::AgentMessage message);
  void Detached(const std::shared_ptr<AgentSession>& session);
  // Tells every agent to go away; they dial again.
  void Drain(const std::string& reason);
  // For a peer that has to go: what it still says is not listened to.
  void CutAgent(const std::shared_ptr<AgentSession>& session,
                const std::string& reason);

 private:
  struct Question {
    std::string asker;
    v1::RunQueryRequest request;
    std::string query_id;
    std::string asked_at;
    Plan plan;
    AnswerContext context;
    std::vector<std::string> agencies;
    Slots::Slot slot;      // among the questions that are open
    PeerGate::Slot watch;  // whether its signer is revoked
    Timer::Clock::time_point came = Timer::Clock::now();
    QueryLog::Logged logged;
    v1::Receipt receipt;  // that it was
  };

  absl::Status StartRun(const std::string& asker, const std::string& bytes,
                        const PeerGate::Cut& cut, const OnEvent& on_event,
                        const OnEnd& on_end);
  absl::Status ReadQuestion(const std::string& bytes, Question* question);
  absl::Status ChooseAgencies(Question* question) const;
  void SendAsks(const std::shared_ptr<Question>& asked,
                const std::shared_ptr<QueryRun>& run, uint32_t timeout_ms);
  // False, and an answer among the silent ones, if it cannot be sent.
  bool SendAsk(const std::string& agency, const std::string& message,
               std::vector<AgencyAnswer>* silent);
  void TellSilent(const std::shared_ptr<QueryRun>& run,
                  std::vector<AgencyAnswer> silent);
  AgencyAnswer Read(const std::string& agency, const v1::Answer& answer) const;
  void NextRound();
  // Looks at the deny-list, again and again.
  void KeepGate();
  void FinishRun(const std::shared_ptr<Question>& question,
                 std::vector<AgencyAnswer> answers, const OnEvent& on_event,
                 const OnEnd& on_end);
  void OnWitness(const std::string& agency, v1::AgentMessage message);
  void OnHello(const std::shared_ptr<AgentSession>& session,
               const v1::Hello& hello);
  // A newer stream took its place: it is read until the agent has no more to
  // say.
  void RetireSession(const std::shared_ptr<AgentSession>& session);
  void CutSoon(const std::shared_ptr<AgentSession>& session);
  // Says GoAway, and cuts the stream soon after if that is not taken.
  void CloseSession(const std::shared_ptr<AgentSession>& session,
                    const std::string& reason);
  std::shared_ptr<QueryRun> FindRun(const std::string& query_id);
  // Writes the metrics now, and again and again.
  void KeepMetrics();
  void WriteMetricsNow();
  // How many questions wait for an answer of this agency.
  size_t CountWaiting(const std::string& agency);

  const CoordinatorSettings* const settings_;
  QueryLog* const log_;
  AgentRegistry* const registry_;
  LedgerHub* const ledgers_;
  PeerGate* const gate_;
  RejectCounts* const rejects_;
  const Clock* const clock_;
  Metrics metrics_;
  Slots open_;     // questions, by asker
  Slots streams_;  // by agency
  Mutex mutex_;
  std::map<std::string, std::shared_ptr<QueryRun>> runs_
      ABSL_GUARDED_BY(mutex_);
  Timer timer_;
  WorkQueue work_;
};

}  // namespace cairn

#endif  // CAIRN_COORDINATOR_COORDINATOR_H_
