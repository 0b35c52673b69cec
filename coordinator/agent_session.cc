#include "coordinator/agent_session.h"

#include <algorithm>
#include <utility>

#include "core/base/utf8.h"
#include "core/link/channel.h"
#include "core/link/translate.h"

namespace cairn {
namespace {

// The questions that may wait for an agency (kMaxAsksOfAgency) fit, however
// long its line takes none, and what else is said meanwhile.
constexpr size_t kMaxWaiting = 192;

}  // namespace

std::shared_ptr<AgentSession> AgentSession::Start(
    grpc::CallbackServerContext* context, std::string agency,
    std::shared_ptr<void> slot, Handlers handlers) {
  std::shared_ptr<AgentSession> session(new AgentSession(
      context, std::move(agency), std::move(slot), std::move(handlers)));
  session->self_ = session;
  session->StartRead(&session->incoming_);
  return session;
}

bool AgentSession::SendBytes(const std::string& message) {
  MutexLock lock(&mutex_);
  if (retired_ || closing_ || finished_ || outgoing_.size() >= kMaxWaiting) {
    return false;
  }
  outgoing_.emplace_back();
  outgoing_.back().set_message(message);
  WriteNext();
  return true;
}

void AgentSession::QueueGoAway(const std::string& reason) {
  v1::CoordinatorMessage message;
  message.mutable_go_away()->set_reason(PrintableUtf8(reason));
  outgoing_.emplace_back();
  outgoing_.back().set_message(message.SerializeAsString());
  WriteNext();
}

void AgentSession::Close(const std::string& reason) {
  MutexLock lock(&mutex_);
  if (closing_ || finished_) return;
  QueueGoAway(reason);
  EndWhenIdle(grpc::Status::OK);
}

void AgentSession::Retire(const std::string& reason) {
  MutexLock lock(&mutex_);
  if (retired_ || closing_ || finished_) return;
  retired_ = true;
  QueueGoAway(reason);
}

void AgentSession::Cut() {
  MutexLock lock(&mutex_);
  if (context_ != nullptr) context_->TryCancel();
}

void AgentSession::WriteNext() {
  if (writing_ || finished_ || outgoing_.empty()) return;
  writing_ = true;
  StartWrite(&outgoing_.front());
}

void AgentSession::EndWhenIdle(const grpc::Status& status) {
  if (!closing_) {
    closing_ = true;
    end_ = status;
  }
  if (writing_ || finished_) return;
  finished_ = true;
  Finish(end_);
}

void AgentSession::OnReadDone(bool ok) {
  if (!ok) {
    MutexLock lock(&mutex_);
    // The message of a write in flight is gRPC's until OnWriteDone.
    outgoing_.resize(std::min<size_t>(outgoing_.size(), writing_ ? 1 : 0));
    EndWhenIdle(grpc::Status::OK);
    return;
  }
  v1::AgentMessage message;
  const absl::Status read =
      ParseMessage(incoming_.message(), kMaxAnswerBytes, &message);
  if (!read.ok()) {
    MutexLock lock(&mutex_);
    EndWhenIdle(ToGrpcStatus(read));
    return;
  }
  if (!barred_) {
    handlers_.on_message(shared_from_this(), std::move(message));
  }
  StartRead(&incoming_);
}

void AgentSession::OnWriteDone(bool ok) {
  MutexLock lock(&mutex_);
  writing_ = false;
  if (!outgoing_.empty()) outgoing_.pop_front();
  if (!ok) outgoing_.clear();
  if (!outgoing_.empty()) {
    WriteNext();
  } else if (closing_ || !ok) {
    EndWhenIdle(grpc::Status::OK);
  }
}

void AgentSession::OnCancel() {
  MutexLock lock(&mutex_);
  EndWhenIdle(grpc::Status::CANCELLED);
}

void AgentSession::OnDone() {
  // The last reaction: nothing of gRPC's touches this object after it.
  std::shared_ptr<void> held;  // dies outside the lock
  {
    MutexLock lock(&mutex_);
    context_ = nullptr;
    held = std::move(held_);
  }
  gone_ = true;
  const std::shared_ptr<AgentSession> self = std::move(self_);
  handlers_.on_gone(self);
}

}  // namespace cairn
