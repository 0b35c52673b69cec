#include "agent/running_agent.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <thread>
#include <utility>

#include "agent/agent_metrics.h"
#include "agent/audit.h"
#include "agent/own_identity.h"
#include "core/base/command_line.h"
#include "core/base/log.h"
#include "core/base/status_macros.h"
#include "core/keeping/recovery.h"
#include "core/link/credentials.h"
#include "core/link/metrics_file.h"

namespace cairn {
namespace {

constexpr size_t kMaxWaiting = 64;
constexpr std::chrono::seconds kHeartbeat(20);
constexpr std::chrono::seconds kRound(30);  // of witnesses
constexpr std::chrono::milliseconds kLookForLoad(2000);

constexpr char kQuarantineWords[] =
    "cannot vouch for its own ledger, and answers nothing until its steward "
    "has looked at it; the reason stands in the agent's log";

v1::AgentMessage RefusalTo(const v1::Ask& ask, v1::RefusalReason reason,
                           absl::string_view sentence) {
  v1::AgentMessage message;
  v1::Answer* answer = message.mutable_answer();
  answer->set_query_id(ask.query_id());
  SetRefusal({reason, std::string(sentence)}, answer);
  return message;
}

}  // namespace

absl::StatusOr<Gate> OpenGate(const AgentSettings& settings,
                              AgentState* state) {
  Gate gate;
  CAIRN_ASSIGN_OR_RETURN(gate.people, ReadPeople(settings));
  CAIRN_ASSIGN_OR_RETURN(
      gate.agreement,
      PutAgreementInForce(settings, gate.people.get(), state->database.get(),
                          state->ledger.get(), state->clock.Now()));
  CAIRN_ASSIGN_OR_RETURN(
      gate.keeper,
      Gatekeeper::Create(&settings, gate.people.get(), gate.agreement.get(),
                         state->database.get(), &state->clock));
  if (gate.people == nullptr) {
    LogLine("questions.unsigned", {{"reason", "no people are configured"}});
    return gate;
  }
  gate.desk = std::make_unique<ApprovalDesk>(
      gate.keeper->desk(), state->ledger.get(), &gate.people->trust,
      settings.config.agency());
  return gate;
}

RunningAgent::RunningAgent(const AgentSettings& settings, AgentState* state,
                           LogSigner* signer, Gate* gate, LedgerLink* ledger,
                           RejectCounts* rejects)
    : settings_(settings),
      state_dir_(settings.config.state_dir()),
      state_(state),
      signer_(signer),
      gate_(gate),
      peers_(ledger),
      rejects_(rejects),
      answerer_(&settings, state->ledger.get(), state->releases.get(),
                state->asks.get(), ledger),
      last_beat_(SteadyClock::now()),
      last_metrics_(last_beat_ - kMetricsEvery),
      last_round_(last_beat_),
      renewal_(state_dir_, settings.enrolled, OwnIdentity(settings)),
      link_(
          settings.config.coordinator(),
          [&settings] {
            return MakeChannelCredentials(settings.config.credentials());
          },
          settings.catalogue->digest, Handlers()),
      metrics_(AgentMetrics()),
      worker_(1, kMaxWaiting),
      first_releases_(1, 1) {
  answerer_.SetGate(gate->keeper.get());
  answerer_.SetWait([](Answerer::Watch::time_point until) {
    std::this_thread::sleep_until(until);
  });
  answerer_.SetRecords(state->records.get());
  SetHoldings(answerer_.Holdings());
}

RunningAgent::~RunningAgent() {
  worker_.Join();
  first_releases_.Join();
}

absl::Status RunningAgent::Run() {
  std::thread reader([this] { link_.Run(); });
  std::thread ticker([this] {
    while (!stopping_) {
      for (int i = 0; i < 10 && !stopping_; ++i) {
        std::this_thread::sleep_for(kLookForLoad / 10);
        LookAtCertificate();
      }
      Tick(SteadyClock::now());
    }
  });
  WaitForSignal();
  stopping_ = true;
  link_.Stop();
  reader.join();
  ticker.join();
  MutexLock lock(&mutex_);
  return failed_;
}

bool RunningAgent::Quarantined() {
  MutexLock lock(&mutex_);
  return !quarantined_.empty();
}

CoordinatorLink::Handlers RunningAgent::Handlers() {
  CoordinatorLink::Handlers handlers;
  handlers.holdings = [this] { return KnownHoldings(); };
  handlers.remembered = [this] {
    return peers_ == nullptr ? "" : peers_->Remembered();
  };
  handlers.on_welcome = [this](const v1::Welcome& welcome) {
    OnWorker([this, welcome] { Meet(welcome); });
  };
  handlers.on_ask = [this](v1::Ask ask) { Take(std::move(ask)); };
  handlers.on_reject = [this](Reject why) { CountReject(why); };
  handlers.on_witness_request = [this](const v1::WitnessRequest& request) {
    Cosign(request);
  };
  handlers.on_renewed = [this](const v1::Renewed& renewed) {
    // It asks again where this is dropped.
    if (!worker_.Push([this, renewed] { TakeRenewal(renewed); })) {
      LogLine("renewal.late", {{"reason", "too much is waiting"}});
    }
  };
  handlers.on_witness_reply = [this](const v1::WitnessReply& reply) {
    OnWorker([this, reply] { TakeReply(reply); });
  };
  return handlers;
}

void RunningAgent::OnWorker(std::function<void()> work) {
  if (peers_ != nullptr && !worker_.Push(std::move(work))) {
    LogLine("ledger.late", {{"reason", "too much is waiting"}});
  }
}

// On the reading thread, so that each checkpoint is held against the one that
// came before it, whatever then becomes of the question.
void RunningAgent::Take(v1::Ask ask) {
  const auto came = std::chrono::steady_clock::now();
  AskFindings findings;
  if (peers_ != nullptr) findings = peers_->Look(ask);
  Asked asked{std::move(ask), std::move(findings), came};
  if (!worker_.Push([this, asked] { Answer(asked); })) {
    SendOverloaded(asked.ask);
  }
}

void RunningAgent::SendOverloaded(const v1::Ask& ask) {
  metrics_.Add(kQueries, "overloaded");
  CountReject(Reject::kOverloaded);
  link_.Send(
      RefusalTo(ask, v1::OVERLOADED,
                "has too many questions waiting; ask again in a few seconds"));
}

// A ledger that went back is to stay as it was found.
void RunningAgent::CountReject(Reject why) {
  if (!Quarantined()) rejects_->Add(why);
}

bool RunningAgent::IsLate(const Asked& asked) {
  const auto waited = std::chrono::steady_clock::now() - asked.came;
  const std::chrono::milliseconds within(asked.ask.answer_within_ms());
  return within.count() > 0 && waited > within;
}

void RunningAgent::Answer(Asked asked) {
  // What is asked now comes first.
  if (IsLate(asked)) {
    LogLine("query.late", {{"query", asked.ask.query_id()}});
    metrics_.Add(kQueries, "late");
    CountReject(Reject::kLate);
    return;
  }
  if (Quarantined()) {
    metrics_.Add(kQueries, "refused");
    link_.Send(RefusalTo(asked.ask, v1::QUARANTINED, kQuarantineWords));
    return;
  }
  auto begun = answerer_.Begin(asked.ask, asked.findings);
  if (!begun.ok()) return Stop(begun.status());
  switch (begun->next) {
    case Answerer::Begun::Next::kSend:
      return Send(std::move(begun->answer));
    case Answerer::Begun::Next::kLater:
      if (later_.size() == kMaxWaiting) return SendOverloaded(asked.ask);
      return later_.push_back(std::move(asked));
    case Answerer::Begun::Next::kWork:
      break;
  }
  const bool taken = first_releases_.Push([this, run = begun->run] {
    answerer_.Work(run.get());
    // Unless the agent ends: then the next start closes it.
    (void)worker_.PushFirst([this, run] { Finish(run); });
  });
  if (!taken) LogLine("query.dropped", {{"query", asked.ask.query_id()}});
}

void RunningAgent::Finish(const std::shared_ptr<Answerer::Run>& run) {
  Send(answerer_.Finish(run.get()));
  for (Asked& asked : std::exchange(later_, {})) Answer(std::move(asked));
}

void RunningAgent::Send(absl::StatusOr<v1::Answer> answer) {
  absl::Status done = answer.status();
  if (done.ok()) done = AddProof(&*answer);
  if (!done.ok()) return Stop(done);
  const std::string outcome = answer->has_refusal() ? "refused" : "released";
  LogLine("query.answered",
          {{"query", answer->query_id()}, {"outcome", outcome}});
  metrics_.Add(kQueries, outcome);
  metrics_.Observe(kQuerySeconds, answer->elapsed_ms() / 1000.0);
  v1::AgentMessage message;
  *message.mutable_answer() = *std::move(answer);
  link_.Send(message);
}

// The entry itself, and that it stands in the log that is signed now.
absl::Status RunningAgent::AddProof(v1::Answer* answer) {
  v1::Receipt* receipt = answer->mutable_receipt();
  if (!receipt->proof().empty()) return absl::OkStatus();  // of a sealed log
  CAIRN_ASSIGN_OR_RETURN(*receipt->mutable_entry(),
                         state_->ledger->Line(receipt->index()));
  CAIRN_ASSIGN_OR_RETURN(const TlogProof proof,
                         signer_->Receipt(receipt->index()));
  receipt->set_proof(proof.Text());
  return absl::OkStatus();
}

void RunningAgent::Stop(const absl::Status& why) {
  LogLine("agent.stopping", {{"reason", std::string(why.message())}});
  {
    MutexLock lock(&mutex_);
    failed_ = why;
  }
  kill(getpid(), SIGTERM);
}

// What persons decided, and who is denied by now. A list that cannot be read
// ends the agent: it would not know whom it may believe.
void RunningAgent::LookAtDesk() {
  if (gate_->people == nullptr) return;
  auto people = ReadPeople(settings_);
  absl::Status status = people.status();
  if (status.ok()) {
    gate_->people->denied = std::move((*people)->denied);
    status = gate_->desk->Work(state_->clock.Now()).status();
  }
  if (!status.ok()) Stop(status);
}

void RunningAgent::Quarantine(const absl::Status& why,
                              const std::string& seen) {
  MutexLock lock(&mutex_);
  if (!quarantined_.empty()) return;
  KeepSeen(state_dir_, seen).IgnoreError();
  quarantined_ = std::string(why.message());
  LogLine("agent.quarantined", {{"reason", quarantined_}});
}

void RunningAgent::Meet(const v1::Welcome& welcome) {
  const absl::Status promised = peers_->HoldAgainst(welcome.last_receipt());
  if (absl::IsDataLoss(promised)) {
    return Quarantine(promised, welcome.last_receipt());
  }
  const absl::Status met = peers_->Met(welcome.remembered());
  if (absl::IsDataLoss(met)) return Quarantine(met, welcome.remembered());
  for (const absl::Status& status : {promised, met}) {
    if (status.ok()) continue;
    LogLine("ledger.unknown", {{"reason", std::string(status.message())}});
  }
  StartRound();
}

void RunningAgent::StartRound() {
  if (Quarantined()) return;
  const auto requests = peers_->Round();
  if (!requests.ok()) return Stop(requests.status());
  SendAll(*requests);
}

void RunningAgent::TakeReply(const v1::WitnessReply& reply) {
  if (Quarantined()) return;
  const auto requests = peers_->Take(reply);
  if (absl::IsDataLoss(requests.status())) {
    return Quarantine(requests.status(), reply.kept_checkpoint());
  }
  if (requests.ok()) SendAll(*requests);
}

void RunningAgent::SendAll(const std::vector<v1::WitnessRequest>& requests) {
  for (const v1::WitnessRequest& request : requests) {
    v1::AgentMessage message;
    *message.mutable_witness_request() = request;
    link_.Send(message);
  }
}

// Looked at in the order of the line; answered when it is on the disk.
void RunningAgent::Cosign(const v1::WitnessRequest& request) {
  if (peers_ == nullptr || Quarantined()) return;
  const v1::WitnessReply reply = peers_->Cosign(request);
  OnWorker([this, reply] {
    const absl::Status kept = peers_->Keep(state_->ledger.get());
    if (!kept.ok()) return Stop(kept);
    v1::AgentMessage message;
    *message.mutable_witness_reply() = reply;
    link_.Send(message);
  });
}

void RunningAgent::TakeRenewal(const v1::Renewed& renewed) {
  Entry entry{"peer.enrolled", "", {}};
  absl::Status taken = renewal_.Take(renewed, &entry);
  if (!taken.ok()) {
    LogLine("renewal.failed", {{"reason", std::string(taken.message())}});
    return;
  }
  const absl::Status logged = state_->ledger->Append(entry).status();
  if (!logged.ok()) return Stop(logged);
  LogLine("certificate.renewed", {{"agency", settings_.config.agency()}});
  redial_ = true;
}

void RunningAgent::LookAtCertificate() {
  if (redial_.exchange(false)) link_.Renew();
  v1::AgentMessage message;
  if (link_.attached() &&
      renewal_.Due(state_->clock.Now(), message.mutable_renewal())) {
    link_.Send(message);
  }
}

void RunningAgent::Tick(SteadyClock::time_point now) {
  if (now - last_metrics_ >= kMetricsEvery) {
    last_metrics_ = now;
    KeepMetrics();
  }
  const bool queued = worker_.Push([this] {
    LookForLoad();
    LookForExports();
  });
  if (!queued) return;
  if (now - last_round_ >= kRound) {
    last_round_ = now;
    OnWorker([this] { StartRound(); });
  }
  if (now - last_beat_ < kHeartbeat) return;
  last_beat_ = now;
  v1::AgentMessage message;
  message.mutable_heartbeat();
  link_.Send(message);
}

void RunningAgent::KeepMetrics() {
  metrics_.Set(kAttached, link_.attached() ? 1 : 0);
  metrics_.Set(kEntries, static_cast<double>(state_->ledger->size()));
  metrics_.Set(kHeld, static_cast<double>(KnownHoldings().size()));
  const absl::Status written =
      WriteMetrics(metrics_, settings_.config.metrics_file());
  if (written.ok()) return;
  LogLine("metrics.failed", {{"reason", std::string(written.message())}});
}

void RunningAgent::LookForLoad() {
  LookAtDesk();
  if (Quarantined()) return;
  std::vector<v1::Holding> now = answerer_.Holdings();
  const std::vector<v1::Holding> before = KnownHoldings();
  const bool same =
      now.size() == before.size() &&
      std::equal(now.begin(), now.end(), before.begin(),
                 [](const v1::Holding& a, const v1::Holding& b) {
                   return a.SerializeAsString() == b.SerializeAsString();
                 });
  if (same) return;
  SetHoldings(std::move(now));
  link_.SayHello();
}

void RunningAgent::LookForExports() {
  bool logged = false;
  absl::Status status = LogExports(state_dir_, state_->ledger.get(), &logged);
  if (status.ok() && logged) status = signer_->Sign().status();
  if (!status.ok()) Stop(status);
}

std::vector<v1::Holding> RunningAgent::KnownHoldings() {
  MutexLock lock(&mutex_);
  return holdings_;
}

void RunningAgent::SetHoldings(std::vector<v1::Holding> holdings) {
  MutexLock lock(&mutex_);
  holdings_ = std::move(holdings);
}

}  // namespace cairn
