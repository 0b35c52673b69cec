#include "agent/coordinator_link.h"

#include <algorithm>
#include <chrono>
#include <random>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/log.h"
#include "core/base/status_macros.h"
#include "core/link/channel.h"
#include "core/link/translate.h"

namespace cairn {
namespace {

constexpr uint32_t kProtocolVersion = 1;
// An entry, two checkpoints and three proofs: what comes with a question.
constexpr size_t kMaxShownBytes = 192 << 10;
constexpr size_t kLargestMessage = kMaxQuestionBytes + kMaxShownBytes;
constexpr std::chrono::seconds kConnectWithin(5);
constexpr int kFirstPauseMs = 200;
constexpr int kLongestPauseMs = 5'000;

}  // namespace

int JitteredPauseMs(int attempt) {
  static thread_local std::mt19937 random{std::random_device{}()};
  const int top =
      std::min(kLongestPauseMs, kFirstPauseMs << std::min(attempt, 10));
  return std::uniform_int_distribution<int>(top / 4, top)(random);
}

CoordinatorLink::CoordinatorLink(std::string target, Credentials credentials,
                                 std::string catalogue_digest,
                                 Handlers handlers)
    : target_(std::move(target)),
      credentials_(std::move(credentials)),
      catalogue_digest_(std::move(catalogue_digest)),
      handlers_(std::move(handlers)) {}

void CoordinatorLink::Run() {
  int attempt = 0;
  std::string last;
  while (true) {
    {
      MutexLock lock(&mutex_);
      if (stopped_) return;
    }
    bool welcomed = false;
    const absl::Status ended = Converse(&welcomed);
    if (welcomed) {
      attempt = 0;
      last.clear();
    }
    {
      MutexLock lock(&mutex_);
      if (next_ != nullptr) continue;  // it was only replaced
    }
    // The same reason is said once, not at every attempt.
    if (ended.message() != last) {
      LogLine("link.ended", {{"coordinator", target_},
                             {"reason", std::string(ended.message())}});
      last = std::string(ended.message());
    }
    Pause(attempt++);
  }
}

absl::StatusOr<std::shared_ptr<CoordinatorLink::Line>> CoordinatorLink::Dial() {
  CAIRN_ASSIGN_OR_RETURN(auto credentials, credentials_());
  auto line = std::make_shared<Line>();
  line->channel = MakeChannel(target_, credentials);
  line->stub = v1::AgentLink::NewStub(line->channel);
  return line;
}

absl::Status CoordinatorLink::Converse(bool* welcomed) {
  std::shared_ptr<Line> line;
  {
    MutexLock lock(&mutex_);
    if (stopped_) return absl::CancelledError("stopped");
    line = line_ = std::exchange(next_, nullptr);
    if (line != nullptr) sending_ = line;
  }
  if (line == nullptr) {
    CAIRN_ASSIGN_OR_RETURN(line, Dial());
    {
      MutexLock lock(&mutex_);
      if (stopped_) return absl::CancelledError("stopped");
      line_ = line;
    }
    line->stream = line->stub->Attach(&line->context);
    {
      MutexLock lock(&mutex_);
      sending_ = line;
    }
    Send(HelloMessage());
  }
  std::string go_away;
  Read(line.get(), welcomed, &go_away);
  TurnToNext(line.get());
  {
    MutexLock lock(&mutex_);
    line_ = nullptr;
    if (sending_ == line) sending_ = nullptr;
    if (next_ == nullptr) attached_ = false;
  }
  MutexLock lock(&write_mutex_);  // no write is in flight past here
  const absl::Status status = ToAbslStatus(line->stream->Finish());
  if (!go_away.empty()) return absl::UnavailableError(go_away);
  return status.ok() ? absl::UnavailableError("the coordinator ended the line")
                     : status;
}

void CoordinatorLink::TurnToNext(Line* line) {
  {
    MutexLock lock(&mutex_);
    if (next_ == nullptr || sending_ == next_) return;
    sending_ = next_;
  }
  // All that was sent on the old one comes before this.
  MutexLock lock(&write_mutex_);
  line->stream->WritesDone();
}

bool CoordinatorLink::Renew() {
  auto line = Dial();
  if (!line.ok()) {
    LogLine("link.not_renewed",
            {{"reason", std::string(line.status().message())}});
    return false;
  }
  const auto until = std::chrono::system_clock::now() + kConnectWithin;
  if (!(*line)->channel->WaitForConnected(until)) {
    LogLine("link.not_renewed",
            {{"reason", "no second connection came about"}});
    return false;
  }
  v1::AgentMessage message = HelloMessage();
  message.mutable_hello()->set_follows(true);
  v1::AgentEnvelope hello;
  hello.set_message(message.SerializeAsString());
  (*line)->stream = (*line)->stub->Attach(&(*line)->context);
  std::shared_ptr<Line> unwanted;
  {
    // Hello is the first that is said there, whoever may turn to it.
    MutexLock lock(&write_mutex_);
    bool wanted = false;
    {
      MutexLock again(&mutex_);
      // Where no stream is read, the next dial has the new credentials anyway.
      wanted = !stopped_ && line_ != nullptr;
      if (wanted) unwanted = std::exchange(next_, *line);
    }
    if (wanted && !(*line)->stream->Write(hello)) {
      MutexLock again(&mutex_);
      wanted = false;
      if (next_ == *line) next_ = nullptr;
      if (sending_ == *line) sending_ = line_;
    }
    if (!wanted) unwanted = *line;
  }
  if (unwanted == nullptr) return true;
  unwanted->context.TryCancel();
  unwanted->stream->Finish();
  return unwanted != *line;
}

void CoordinatorLink::Read(Line* line, bool* welcomed, std::string* go_away) {
  v1::CoordinatorEnvelope envelope;
  while (line->stream->Read(&envelope)) {
    v1::CoordinatorMessage message;
    const absl::Status read =
        ParseMessage(envelope.message(), kLargestMessage, &message);
    if (!read.ok()) {
      LogLine("message.refused", {{"reason", std::string(read.message())}});
      if (handlers_.on_reject) {
        handlers_.on_reject(envelope.message().size() > kLargestMessage
                                ? Reject::kTooLarge
                                : Reject::kInvalid);
      }
      continue;
    }
    // What the coordinator remembers of this agent's ledger comes first: until
    // it was held against that, nothing is answered.
    if (!*welcomed && !message.has_welcome() && !message.has_go_away()) {
      LogLine("message.early", {});
      continue;
    }
    switch (message.kind_case()) {
      case v1::CoordinatorMessage::kWelcome:
        if (!*welcomed) LogLine("link.up", {{"coordinator", target_}});
        *welcomed = true;
        attached_ = true;
        if (handlers_.on_welcome) {
          handlers_.on_welcome(std::move(*message.mutable_welcome()));
        }
        break;
      case v1::CoordinatorMessage::kAsk:
        handlers_.on_ask(std::move(*message.mutable_ask()));
        break;
      case v1::CoordinatorMessage::kWitnessRequest:
        if (handlers_.on_witness_request) {
          handlers_.on_witness_request(
              std::move(*message.mutable_witness_request()));
        }
        break;
      case v1::CoordinatorMessage::kWitnessReply:
        if (handlers_.on_witness_reply) {
          handlers_.on_witness_reply(
              std::move(*message.mutable_witness_reply()));
        }
        break;
      case v1::CoordinatorMessage::kGoAway:
        *go_away = message.go_away().reason().substr(0, 300);
        TurnToNext(line);
        break;
      case v1::CoordinatorMessage::kRenewed:
        if (handlers_.on_renewed) {
          handlers_.on_renewed(std::move(*message.mutable_renewed()));
        }
        break;
      default:
        break;
    }
  }
}

v1::AgentMessage CoordinatorLink::HelloMessage() {
  v1::AgentMessage message;
  v1::Hello* hello = message.mutable_hello();
  hello->set_protocol_version(kProtocolVersion);
  hello->set_catalogue_digest(catalogue_digest_);
  if (handlers_.remembered) hello->set_remembered(handlers_.remembered());
  for (v1::Holding& holding : handlers_.holdings()) {
    *hello->add_holding() = std::move(holding);
  }
  return message;
}

void CoordinatorLink::SayHello() { Send(HelloMessage()); }

bool CoordinatorLink::Send(const v1::AgentMessage& message) {
  v1::AgentEnvelope envelope;
  envelope.set_message(message.SerializeAsString());
  MutexLock lock(&write_mutex_);
  std::shared_ptr<Line> line;
  {
    MutexLock again(&mutex_);
    line = sending_;
  }
  return line != nullptr && line->stream->Write(envelope);
}

void CoordinatorLink::Pause(int attempt) {
  const auto until = std::chrono::steady_clock::now() +
                     std::chrono::milliseconds(JitteredPauseMs(attempt));
  MutexLock lock(&mutex_);
  while (!stopped_) {
    const auto left = until - std::chrono::steady_clock::now();
    if (left <= left.zero()) return;
    wake_.WaitFor(&mutex_, left);
  }
}

void CoordinatorLink::Stop() {
  MutexLock lock(&mutex_);
  stopped_ = true;
  for (const auto& line : {line_, next_}) {
    if (line != nullptr) line->context.TryCancel();
  }
  wake_.NotifyAll();
}

}  // namespace cairn
