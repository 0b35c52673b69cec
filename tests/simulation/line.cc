#include "tests/simulation/line.h"

#include <algorithm>
#include <array>
#include <utility>

#include "coordinator/agent_session.h"

namespace cairn::simulation {

namespace {

constexpr size_t kMostCarried = 1 << 20;

}  // namespace

AgentEnd& EndOf(Machine agent) {
  static std::array<AgentEnd, kMostMachines> ends;
  return ends.at(static_cast<size_t>(agent));
}

// gRPC's side of an AgentSession: at most one read and one write at a time,
// each with its reaction, Finish once, and OnDone after all of them.
class Line::Stream
    : public grpc::ServerCallbackReaderWriter<v1::AgentEnvelope,
                                              v1::CoordinatorEnvelope>,
      public std::enable_shared_from_this<Line::Stream> {
 public:
  using Reactor =
      grpc::ServerBidiReactor<v1::AgentEnvelope, v1::CoordinatorEnvelope>;

  explicit Stream(std::weak_ptr<Line> line) : line_(std::move(line)) {}

  void Bind(Reactor* reactor) {
    reactor_ = reactor;
    BindReactor(reactor);
  }
  void Arrive(std::string bytes) {
    incoming_.push_back(std::move(bytes));
    Pump();
  }
  // The peer is gone.
  void Cancel() {
    if (cancelled_ || done_ || reactor_ == nullptr) return;
    cancelled_ = true;
    reactor_->OnCancel();
    Pump();
    EndIfIdle();
  }
  // The machine is gone, and its program with it.
  void Abandon() {
    if (std::exchange(done_, true) || reactor_ == nullptr) return;
    reactor_->OnDone();
  }

 private:
  grpc::internal::ServerReactor* reactor() override { return reactor_; }
  void CallOnDone() override {}
  void SendInitialMetadata() override {}
  void WriteAndFinish(const v1::CoordinatorEnvelope* message,
                      grpc::WriteOptions options, grpc::Status) override {
    Write(message, options);
    Finish(grpc::Status::OK);
  }

  void Read(v1::AgentEnvelope* message) override {
    read_ = message;
    Later([this] { Pump(); });
  }

  void Write(const v1::CoordinatorEnvelope* message,
             grpc::WriteOptions) override {
    if (writing_) {
      Simulator::Current()->Find("one write at a time",
                                 "a second write began before the first ended");
    }
    writing_ = true;
    const auto line = line_.lock();
    const bool ok = line != nullptr && !line->torn_ && !cancelled_;
    v1::CoordinatorMessage parsed;
    parsed.ParseFromString(message->message());
    if (ok && line->tap_->FromCoordinator(line->agent_, parsed)) {
      line->Carry(
          line->agent_, &line->last_down_,
          [line, bytes = message->message()] { line->ArriveDown(bytes); });
    }
    Later([this, ok] {
      writing_ = false;
      reactor_->OnWriteDone(ok);
      EndIfIdle();
    });
  }

  void Finish(grpc::Status) override {
    if (std::exchange(finished_, true)) {
      Simulator::Current()->Find("one end", "a stream was finished twice");
    }
    if (const auto line = line_.lock(); line != nullptr && !line->torn_) {
      line->Carry(line->agent_, &line->last_down_,
                  [line] { line->EndAgent(); });
    }
    Later([this] {
      Pump();
      EndIfIdle();
    });
  }

  void Pump() {
    if (read_ == nullptr || done_) return;
    const bool over = cancelled_ || finished_;
    if (incoming_.empty() && !over) return;
    v1::AgentEnvelope* message = std::exchange(read_, nullptr);
    if (!over) {
      message->set_message(std::move(incoming_.front()));
      incoming_.pop_front();
    }
    reactor_->OnReadDone(!over);
    EndIfIdle();
  }

  void EndIfIdle() {
    if (!finished_ || writing_ || read_ != nullptr) return;
    if (std::exchange(done_, true)) return;
    reactor_->OnDone();
  }

  void Later(std::function<void()> work) {
    Simulator::Current()->At(
        0, Simulator::Current()->Below(100),
        [self = shared_from_this(), work = std::move(work)] {
          if (!self->done_) work();
        });
  }

  const std::weak_ptr<Line> line_;
  Reactor* reactor_ = nullptr;
  std::deque<std::string> incoming_;
  v1::AgentEnvelope* read_ = nullptr;
  bool writing_ = false, finished_ = false, cancelled_ = false, done_ = false;
};

Line::~Line() = default;

int64_t Line::Delay(int64_t* last) {
  Simulator* simulator = Simulator::Current();
  int64_t arrives = simulator->now() + 200 + simulator->Below(5000);
  if (simulator->Chance(5)) arrives += simulator->Below(400'000);
  if (!simulator->Chance(weather_->overtaken)) {
    arrives = std::max(arrives, *last + 1);
    *last = arrives;
  }
  return arrives - simulator->now();
}

void Line::Carry(Machine to, int64_t* last, std::function<void()> arrive) {
  Simulator* simulator = Simulator::Current();
  if (simulator->Chance(weather_->dropped)) return;
  const int times = simulator->Chance(weather_->doubled) ? 2 : 1;
  for (int i = 0; i < times; ++i) {
    simulator->At(to, Delay(last), [self = shared_from_this(), arrive] {
      if (!self->torn_) arrive();
    });
  }
}

void Line::Open(CoordinatorLink::Handlers handlers, std::function<void()> ended,
                std::function<Coordinator*()> coordinator) {
  handlers_ = std::move(handlers);
  ended_ = std::move(ended);
  open_ = true;
  Simulator::Current()->At(
      0, Delay(&last_up_),
      [self = shared_from_this(), coordinator = std::move(coordinator)] {
        if (!self->torn_) self->Accept(coordinator());
      });
}

// As AttachService does it, once it knows who calls.
void Line::Accept(Coordinator* coordinator) {
  const std::string agency = "a" + std::to_string(agent_);
  std::shared_ptr<void> slot = coordinator->TakeStream(agency);
  if (slot == nullptr) {
    Carry(agent_, &last_down_, [this] { EndAgent(); });
    return;
  }
  AgentSession::Handlers handlers;
  handlers.on_message = [coordinator](std::shared_ptr<AgentSession> session,
                                      v1::AgentMessage message) {
    coordinator->OnAgentMessage(std::move(session), std::move(message));
  };
  handlers.on_gone = [coordinator](std::shared_ptr<AgentSession> session) {
    coordinator->Detached(session);
  };
  auto session = AgentSession::Start(nullptr, agency, std::move(slot),
                                     std::move(handlers));
  coordinator->Attached(session);
  stream_ = std::make_shared<Stream>(weak_from_this());
  Streams().push_back(stream_);
  stream_->Bind(session.get());
}

bool Line::SendUp(const v1::AgentMessage& message) {
  if (!open_) return false;
  v1::AgentMessage sent = message;
  if (!tap_->FromAgent(agent_, &sent)) return true;
  Carry(0, &last_up_,
        [self = shared_from_this(), bytes = sent.SerializeAsString()] {
          if (self->stream_ != nullptr) self->stream_->Arrive(bytes);
        });
  return true;
}

// As CoordinatorLink::Read.
void Line::ArriveDown(const std::string& bytes) {
  v1::CoordinatorMessage message;
  if (!open_ || bytes.size() > kMostCarried ||
      !message.ParseFromString(bytes)) {
    return;
  }
  if (!welcomed_ && !message.has_welcome()) return;
  switch (message.kind_case()) {
    case v1::CoordinatorMessage::kWelcome:
      welcomed_ = true;
      handlers_.on_welcome(message.welcome());
      break;
    case v1::CoordinatorMessage::kAsk:
      handlers_.on_ask(message.ask());
      break;
    case v1::CoordinatorMessage::kWitnessRequest:
      handlers_.on_witness_request(message.witness_request());
      break;
    case v1::CoordinatorMessage::kWitnessReply:
      handlers_.on_witness_reply(message.witness_reply());
      break;
    default:
      break;
  }
}

void Line::EndAgent() {
  if (!std::exchange(open_, false)) return;
  if (!std::exchange(torn_, true) && stream_ != nullptr) {
    // The client's half ends with the server's.
    Simulator::Current()->At(0, 100, [s = stream_] { s->Cancel(); });
  }
  // It may let go of this line.
  const auto ended = std::move(ended_);
  ended();
}

void Line::Tear() {
  AgentGone();
  CoordinatorGone();
}

void Line::AgentGone() {
  torn_ = true;
  Simulator* simulator = Simulator::Current();
  simulator->At(0, 1000 + simulator->Below(50'000),
                [self = shared_from_this()] {
                  if (self->stream_ != nullptr) self->stream_->Cancel();
                });
}

void Line::CoordinatorGone() {
  torn_ = true;
  Simulator* simulator = Simulator::Current();
  simulator->At(agent_, 1000 + simulator->Below(50'000),
                [self = shared_from_this()] { self->EndAgent(); });
}

std::vector<std::weak_ptr<Line::Stream>>& Line::Streams() {
  static std::vector<std::weak_ptr<Stream>> streams;
  return streams;
}

void Line::AbandonAll() {
  for (const auto& weak : Streams()) {
    if (const auto stream = weak.lock()) stream->Abandon();
  }
  Streams().clear();
}

}  // namespace cairn::simulation

// The agent's end, without its threads and sockets.
namespace cairn {

CoordinatorLink::CoordinatorLink(std::string target, Credentials credentials,
                                 std::string catalogue_digest,
                                 Handlers handlers)
    : target_(std::move(target)),
      credentials_(std::move(credentials)),
      catalogue_digest_(std::move(catalogue_digest)),
      handlers_(std::move(handlers)) {
  simulation::EndOf(simulation::Simulator::Current()->machine()) = {
      this, handlers_, nullptr};
}

void CoordinatorLink::Run() {}
void CoordinatorLink::Stop() {}
bool CoordinatorLink::Renew() { return false; }

bool CoordinatorLink::Send(const v1::AgentMessage& message) {
  const auto& line =
      simulation::EndOf(simulation::Simulator::Current()->machine()).line;
  return line != nullptr && line->SendUp(message);
}

void CoordinatorLink::SayHello() {
  v1::AgentMessage message;
  v1::Hello* hello = message.mutable_hello();
  hello->set_protocol_version(1);
  hello->set_catalogue_digest(catalogue_digest_);
  hello->set_remembered(handlers_.remembered());
  for (v1::Holding& holding : handlers_.holdings()) {
    *hello->add_holding() = std::move(holding);
  }
  Send(message);
}

}  // namespace cairn
