#include "tests/bench/bench_agents.h"

#include <algorithm>
#include <deque>
#include <utility>

#include "agent/coordinator_link.h"
#include "core/link/channel.h"
#include "tests/bench/figures.h"

namespace cairn {

// One stream, from dial to end.
class BenchAgents::Line
    : public grpc::ClientBidiReactor<v1::AgentEnvelope,
                                     v1::CoordinatorEnvelope> {
 public:
  Line(BenchAgents* agents, size_t agent) : agents_(agents), agent_(agent) {}

  void Dial() {
    channel_ = MakeChannel(agents_->options_.target,
                           agents_->options_.credentials[agent_]);
    stub_ = v1::AgentLink::NewStub(channel_);
    stub_->async()->Attach(&context_, this);
    auto hello = std::make_shared<v1::AgentEnvelope>();
    hello->set_message(agents_->options_.hello.SerializeAsString());
    Write(std::move(hello));
    StartRead(&incoming_);
    StartCall();
  }
  void Cancel() { context_.TryCancel(); }

 private:
  void Write(std::shared_ptr<const v1::AgentEnvelope> message) {
    MutexLock lock(&mutex_);
    outgoing_.push_back(std::move(message));
    if (outgoing_.size() == 1) StartWrite(outgoing_.front().get());
  }
  void OnWriteDone(bool ok) override {
    MutexLock lock(&mutex_);
    outgoing_.pop_front();
    if (ok && !outgoing_.empty()) StartWrite(outgoing_.front().get());
  }
  void OnReadDone(bool ok) override {
    if (!ok) return;
    const Stopwatch watch;
    v1::CoordinatorMessage message;
    message.ParseFromString(incoming_.message());
    if (message.has_welcome()) agents_->OnWelcome(agent_);
    if (message.has_ask()) {
      Write(agents_->AnswerTo(message.ask()));
      agents_->Took(watch.Ms());
    }
    StartRead(&incoming_);
  }
  void OnDone(const grpc::Status&) override { agents_->OnEnd(agent_); }

  BenchAgents* const agents_;
  const size_t agent_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::AgentLink::Stub> stub_;
  grpc::ClientContext context_;
  v1::CoordinatorEnvelope incoming_;
  Mutex mutex_;
  std::deque<std::shared_ptr<const v1::AgentEnvelope>> outgoing_
      ABSL_GUARDED_BY(mutex_);
};

BenchAgents::BenchAgents(Options options)
    : options_(std::move(options)), agents_(options_.credentials.size()) {}

BenchAgents::~BenchAgents() {
  {
    MutexLock lock(&mutex_);
    stopped_ = true;
    wake_.NotifyAll();
  }
  if (dialler_.joinable()) dialler_.join();
  MutexLock lock(&mutex_);
  for (const Agent& agent : agents_) {
    if (agent.open) agent.line->Cancel();
  }
  while (open_ > 0) wake_.Wait(&mutex_);
}

void BenchAgents::Start() {
  for (size_t i = 0; i < options_.credentials.size(); ++i) {
    DialSoon(i, std::chrono::milliseconds(0));
  }
  dialler_ = std::thread([this] { DialLoop(); });
}

void BenchAgents::DialSoon(size_t agent, std::chrono::milliseconds pause) {
  MutexLock lock(&mutex_);
  due_.emplace(std::chrono::steady_clock::now() + pause, agent);
  wake_.NotifyAll();
}

void BenchAgents::DialLoop() {
  MutexLock lock(&mutex_);
  while (!stopped_) {
    const auto now = std::chrono::steady_clock::now();
    if (due_.empty()) {
      wake_.Wait(&mutex_);
    } else if (due_.begin()->first > now) {
      wake_.WaitFor(&mutex_, due_.begin()->first - now);
    } else {
      const size_t at = due_.begin()->second;
      due_.erase(due_.begin());
      agents_[at].line = std::make_unique<Line>(this, at);
      agents_[at].open = true;
      dials_.push_back(now);
      ++open_;
      Line* const line = agents_[at].line.get();
      mutex_.Unlock();
      line->Dial();
      mutex_.Lock();
    }
  }
}

void BenchAgents::OnWelcome(size_t agent) {
  MutexLock lock(&mutex_);
  agents_[agent].attempt = 0;
  welcomes_.push_back(std::chrono::steady_clock::now());
  if (agents_[agent].welcomed) return;
  agents_[agent].welcomed = true;
  ++welcomed_;
}

void BenchAgents::ForgetWelcomes() {
  MutexLock lock(&mutex_);
  for (Agent& agent : agents_) agent.welcomed = false;
  welcomed_ = 0;
  dials_.clear();
  welcomes_.clear();
}

BenchAgents::Moments BenchAgents::dials() {
  MutexLock lock(&mutex_);
  return dials_;
}

BenchAgents::Moments BenchAgents::welcomes() {
  MutexLock lock(&mutex_);
  return welcomes_;
}

void BenchAgents::OnEnd(size_t agent) {
  int attempt = 0;
  {
    MutexLock lock(&mutex_);
    agents_[agent].open = false;
    attempt = agents_[agent].attempt++;
    if (--open_ == 0) wake_.NotifyAll();
    if (stopped_) return;
  }
  DialSoon(agent, std::chrono::milliseconds(JitteredPauseMs(attempt)));
}

std::shared_ptr<const v1::AgentEnvelope> BenchAgents::AnswerTo(
    const v1::Ask& ask) {
  MutexLock lock(&mutex_);
  if (answered_ == ask.query_id()) return answer_;
  v1::AgentMessage message;
  *message.mutable_answer() = options_.answer(ask);
  message.mutable_answer()->set_query_id(ask.query_id());
  auto envelope = std::make_shared<v1::AgentEnvelope>();
  envelope->set_message(message.SerializeAsString());
  answered_ = ask.query_id();
  answer_ = std::move(envelope);
  return answer_;
}

void BenchAgents::Took(double ms) {
  MutexLock lock(&mutex_);
  slowest_ms_ = std::max(slowest_ms_, ms);
}

double BenchAgents::TakeSlowestMs() {
  MutexLock lock(&mutex_);
  return std::exchange(slowest_ms_, 0);
}

}  // namespace cairn
