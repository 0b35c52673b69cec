// The coordinator's part towards agents: who is attached, and what they say.

#include <utility>

#include "absl/strings/str_cat.h"
#include "coordinator/coordinator.h"
#include "core/base/log.h"

namespace cairn {
namespace {

constexpr uint32_t kProtocolVersion = 1;
constexpr std::chrono::seconds kRound(30);  // of witnesses
constexpr std::chrono::seconds kHelloWithin(10);
constexpr std::chrono::seconds kGoAwayTakenWithin(5);
// A revoked peer's calls end within this and kGoAwayTakenWithin.
constexpr std::chrono::seconds kLookAtGate(5);

}  // namespace

void Coordinator::NextRound() {
  timer_.At(Timer::Clock::now() + kRound, [this] {
    if (!work_.Push([this] { ledgers_->Round(); })) {
      LogLine("ledger.late", {{"reason", "too much is waiting"}});
    }
    NextRound();
  });
}

void Coordinator::KeepGate() {
  timer_.At(Timer::Clock::now() + kLookAtGate, [this] {
    const bool taken = work_.Push([this] {
      const absl::Status looked = gate_->Look();
      if (looked.ok()) return;
      LogLine("deny_list.failed", {{"reason", std::string(looked.message())}});
    });
    if (!taken) LogLine("deny_list.late", {{"reason", "too much is waiting"}});
    KeepGate();
  });
}

void Coordinator::Attached(std::shared_ptr<AgentSession> session) {
  // Known from its Hello on: until then it is not asked.
  LogLine("agent.connected", {{"agency", session->agency()}});
  timer_.At(Timer::Clock::now() + kHelloWithin,
            [this, weak = std::weak_ptr<AgentSession>(session)] {
              const auto silent = weak.lock();
              if (silent == nullptr || silent->greeted()) return;
              LogLine("agent.silent", {{"agency", silent->agency()}});
              CountReject(Reject::kHello);
              CloseSession(silent, "no Hello came in time");
            });
}

void Coordinator::CloseSession(const std::shared_ptr<AgentSession>& session,
                               const std::string& reason) {
  session->Close(reason);
  CutSoon(session);
}

void Coordinator::CutAgent(const std::shared_ptr<AgentSession>& session,
                           const std::string& reason) {
  LogLine("agent.cut", {{"agency", session->agency()}, {"reason", reason}});
  session->Bar();
  CloseSession(session, reason);
}

void Coordinator::RetireSession(const std::shared_ptr<AgentSession>& session) {
  session->Retire("a newer connection of this agency took its place");
  CutSoon(session);
}

void Coordinator::CutSoon(const std::shared_ptr<AgentSession>& session) {
  timer_.At(Timer::Clock::now() + kGoAwayTakenWithin,
            [weak = std::weak_ptr<AgentSession>(session)] {
              if (const auto stays = weak.lock()) stays->Cut();
            });
}

void Coordinator::OnHello(const std::shared_ptr<AgentSession>& session,
                          const v1::Hello& hello) {
  if (hello.protocol_version() != kProtocolVersion) {
    CountReject(Reject::kHello);
    CloseSession(session,
                 absl::StrCat("this coordinator speaks protocol version ",
                              kProtocolVersion, ", the agent ",
                              hello.protocol_version()));
    return;
  }
  if (hello.catalogue_digest() != settings_->catalogue->digest) {
    CountReject(Reject::kHello);
    CloseSession(
        session,
        "the agent's catalogue differs from the coordinator's; both need the "
        "same file");
    return;
  }
  const absl::Status fits = CheckHoldings(hello, settings_->floor);
  if (!fits.ok()) {
    CountReject(Reject::kHello);
    CloseSession(session, std::string(fits.message()));
    return;
  }
  if (session->gone()) return;
  registry_->SetHoldings(session->agency(),
                         {hello.holding().begin(), hello.holding().end()});
  v1::CoordinatorMessage welcome;
  welcome.mutable_welcome()->set_protocol_version(kProtocolVersion);
  if (ledgers_ != nullptr) {
    welcome.mutable_welcome()->set_remembered(
        ledgers_->Remembered(session->agency()));
    const auto receipt = log_->LastReceipt(session->agency());
    if (!receipt.ok()) {
      CloseSession(session, "the coordinator cannot read what it remembers");
      return;
    }
    welcome.mutable_welcome()->set_last_receipt(*receipt);
  }
  std::shared_ptr<AgentSession> replaced;
  bool attached = false;
  const auto attach = [&] {
    // Before anybody can ask on it: an agent takes no question before it.
    session->Send(welcome);
    attached = registry_->Attach(
        session->agency(), session, clock_->Now(),
        [&] { return session->gone(); }, &replaced);
    return attached;
  };
  const auto before = registry_->SessionOf(session->agency());
  const bool is_new = before != session;
  if (hello.follows() && before == nullptr) {
    CloseSession(session, "the stream that this one follows is gone");
    return;
  }
  if (ledgers_ != nullptr && is_new && hello.follows()) {
    ledgers_->GoesOn(attach);
  } else if (ledgers_ != nullptr && is_new) {
    ledgers_->Met(session->agency(), hello.remembered(), attach);
  } else {
    attach();
  }
  // The stream ended while its Hello waited to be read.
  if (!attached) return;
  if (replaced != nullptr && replaced != session) {
    RetireSession(replaced);
  }
  session->set_greeted();
  // Hellos come anew on one stream: with what the agency holds by then.
  if (is_new) LogLine("agent.attached", {{"agency", session->agency()}});
  if (ledgers_ != nullptr && is_new) ledgers_->Round();
}

void Coordinator::OnWitness(const std::string& agency,
                            v1::AgentMessage message) {
  if (ledgers_ == nullptr) return;
  const bool taken = work_.Push([this, agency, message = std::move(message)] {
    if (message.has_witness_request()) {
      ledgers_->OnRequest(agency, message.witness_request());
    } else {
      ledgers_->OnReply(agency, message.witness_reply());
    }
  });
  // Whoever asked asks again.
  if (!taken) LogLine("witness.dropped", {{"agency", agency}});
}

void Coordinator::OnAgentMessage(std::shared_ptr<AgentSession> session,
                                 v1::AgentMessage message) {
  switch (message.kind_case()) {
    case v1::AgentMessage::kHello:
      if (session->retired()) return;  // sent just before it was replaced
      if (!work_.Push([this, session, hello = message.hello()] {
            OnHello(session, hello);
          })) {
        CloseSession(session, "the coordinator has too much to do; dial again");
      }
      return;
    case v1::AgentMessage::kWitnessRequest:
    case v1::AgentMessage::kWitnessReply:
      OnWitness(session->agency(), std::move(message));
      return;
    case v1::AgentMessage::kHeartbeat:
      registry_->Seen(session->agency(), clock_->Now());
      return;
    case v1::AgentMessage::kAnswer: {
      // Here, not on the work queue: it waits for nothing but a processor, and
      // thousands that come at once are more than a queue may hold.
      const auto run = FindRun(message.answer().query_id());
      if (run == nullptr || !run->WaitsFor(session->agency())) {
        LogLine("answer.dropped", {{"agency", session->agency()}});
        return;
      }
      run->Accept(Read(session->agency(), *message.mutable_answer()));
      return;
    }
    default:
      CloseSession(session, "a message of an unknown kind came");
  }
}

void Coordinator::Detached(const std::shared_ptr<AgentSession>& session) {
  if (!registry_->Detach(session->agency(), session.get(), clock_->Now())) {
    return;
  }
  LogLine("agent.detached", {{"agency", session->agency()}});
  // Its open questions will not be answered on this stream.
  std::vector<std::shared_ptr<QueryRun>> open;
  {
    MutexLock lock(&mutex_);
    for (const auto& [id, run] : runs_) open.push_back(run);
  }
  for (const auto& run : open) {
    AgencyAnswer silent;
    silent.agency = session->agency();
    silent.reason = "lost its connection before it answered";
    run->Accept(std::move(silent));
  }
}

void Coordinator::Drain(const std::string& reason) {
  for (const auto& session : registry_->Sessions()) session->Close(reason);
}

}  // namespace cairn
