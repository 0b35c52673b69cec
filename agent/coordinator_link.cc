#include "agent/coordinator_link.h"

#include <algorithm>
#include <chrono>
#include <random>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/log.h"
#include "core/link/channel.h"
#include "core/link/translate.h"

namespace cairn {
namespace {

constexpr uint32_t kProtocolVersion = 1;
// An entry, two checkpoints and three proofs: what comes with a question.
constexpr size_t kMaxShownBytes = 192 << 10;
constexpr size_t kLargestMessage = kMaxQuestionBytes + kMaxShownBytes;
constexpr int kFirstPauseMs = 200;
constexpr int kLongestPauseMs = 5'000;

// Full jitter: agents that lost one coordinator do not come back at one moment.
int JitteredPause(int attempt) {
  static thread_local std::mt19937 random{std::random_device{}()};
  const int top =
      std::min(kLongestPauseMs, kFirstPauseMs << std::min(attempt, 10));
  return std::uniform_int_distribution<int>(top / 4, top)(random);
}

}  // namespace

CoordinatorLink::CoordinatorLink(
    std::string target, std::shared_ptr<grpc::ChannelCredentials> credentials,
    std::string catalogue_digest, Handlers handlers)
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
    // The same reason is said once, not at every attempt.
    if (ended.message() != last) {
      LogLine("link.ended", {{"coordinator", target_},
                             {"reason", std::string(ended.message())}});
      last = std::string(ended.message());
    }
    Pause(attempt++);
  }
}

absl::Status CoordinatorLink::Converse(bool* welcomed) {
  const auto channel = MakeChannel(target_, credentials_);
  const auto stub = v1::AgentLink::NewStub(channel);
  grpc::ClientContext context;
  std::shared_ptr<Stream> stream;
  {
    MutexLock lock(&mutex_);
    if (stopped_) return absl::CancelledError("stopped");
    context_ = &context;
  }
  stream = stub->Attach(&context);
  {
    MutexLock lock(&mutex_);
    stream_ = stream;
  }
  SayHello();
  std::string go_away;
  Read(stream.get(), welcomed, &go_away);
  attached_ = false;
  {
    MutexLock lock(&mutex_);
    stream_ = nullptr;
    context_ = nullptr;
  }
  MutexLock lock(&write_mutex_);  // no write is in flight past here
  const absl::Status status = ToAbslStatus(stream->Finish());
  if (!go_away.empty()) return absl::UnavailableError(go_away);
  return status.ok() ? absl::UnavailableError("the coordinator ended the line")
                     : status;
}

void CoordinatorLink::Read(Stream* stream, bool* welcomed,
                           std::string* go_away) {
  v1::CoordinatorEnvelope envelope;
  while (stream->Read(&envelope)) {
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
        break;
      default:
        break;
    }
  }
}

void CoordinatorLink::SayHello() {
  v1::AgentMessage message;
  v1::Hello* hello = message.mutable_hello();
  hello->set_protocol_version(kProtocolVersion);
  hello->set_catalogue_digest(catalogue_digest_);
  if (handlers_.remembered) hello->set_remembered(handlers_.remembered());
  for (v1::Holding& holding : handlers_.holdings()) {
    *hello->add_holding() = std::move(holding);
  }
  Send(message);
}

bool CoordinatorLink::Send(const v1::AgentMessage& message) {
  std::shared_ptr<Stream> stream;
  {
    MutexLock lock(&mutex_);
    stream = stream_;
  }
  if (stream == nullptr) return false;
  v1::AgentEnvelope envelope;
  envelope.set_message(message.SerializeAsString());
  MutexLock lock(&write_mutex_);
  {
    MutexLock again(&mutex_);
    if (stream_ != stream) return false;  // ended meanwhile
  }
  return stream->Write(envelope);
}

void CoordinatorLink::Pause(int attempt) {
  const auto until = std::chrono::steady_clock::now() +
                     std::chrono::milliseconds(JitteredPause(attempt));
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
  if (context_ != nullptr) context_->TryCancel();
  wake_.NotifyAll();
}

}  // namespace cairn
