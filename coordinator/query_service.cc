#include "coordinator/query_service.h"

#include <algorithm>
#include <deque>
#include <memory>
#include <utility>
#include <vector>

#include "coordinator/unary_call.h"
#include "core/link/channel.h"
#include "core/link/translate.h"

namespace cairn {
namespace {

// One's own questions and their results, or everybody's.
const std::vector<Call> kHistory = {Call::kReadOwnHistory,
                                    Call::kReadAllHistory};

bool SeesAll(const PeerIdentity& caller) {
  const auto role = ParseRole(caller.role);
  return role.ok() && May({*role}, Call::kReadAllHistory);
}

// One analyst's stream of events: a queue, one write in flight, Finish once.
class EventStream : public grpc::ServerWriteReactor<v1::Envelope>,
                    public std::enable_shared_from_this<EventStream> {
 public:
  static std::shared_ptr<EventStream> Start(
      grpc::CallbackServerContext* context) {
    std::shared_ptr<EventStream> stream(new EventStream(context));
    stream->self_ = stream;
    return stream;
  }

  void Send(const v1::QueryEvent& event) {
    MutexLock lock(&mutex_);
    if (ended_ || finished_) return;
    outgoing_.emplace_back();
    outgoing_.back().set_message(event.SerializeAsString());
    WriteNext();
  }

  // Nothing that waits is sent any more.
  void Cut(const absl::Status& why) {
    {
      MutexLock lock(&mutex_);
      outgoing_.resize(std::min<size_t>(outgoing_.size(), writing_ ? 1 : 0));
    }
    End(why);
  }

  // Keeps something as long as the stream is there.
  void Hold(std::shared_ptr<void> slot) { slot_ = std::move(slot); }

  void End(const absl::Status& status) {
    MutexLock lock(&mutex_);
    if (ended_) return;
    ended_ = true;
    SayWhenToRetry(status, context_);
    end_ = ToGrpcStatus(status);
    FinishWhenIdle();
  }

 private:
  explicit EventStream(grpc::CallbackServerContext* context)
      : context_(context) {}

  void WriteNext() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (writing_ || finished_ || outgoing_.empty()) return;
    writing_ = true;
    // Where more wait, several may go in one packet: each agency has an event.
    grpc::WriteOptions options;
    if (outgoing_.size() > 1) options.set_buffer_hint();
    StartWrite(&outgoing_.front(), options);
  }

  void FinishWhenIdle() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (writing_ || finished_) return;
    finished_ = true;
    Finish(end_);
  }

  void OnWriteDone(bool ok) override {
    MutexLock lock(&mutex_);
    writing_ = false;
    if (!outgoing_.empty()) outgoing_.pop_front();
    if (!ok) outgoing_.clear();
    if (!outgoing_.empty()) {
      WriteNext();
    } else if (ended_) {
      FinishWhenIdle();
    }
  }

  // The analyst went away: the question is still finished, and can be fetched.
  void OnCancel() override {
    MutexLock lock(&mutex_);
    outgoing_.resize(std::min<size_t>(outgoing_.size(), writing_ ? 1 : 0));
    ended_ = true;
    end_ = grpc::Status::CANCELLED;
    FinishWhenIdle();
  }

  void OnDone() override { const auto self = std::move(self_); }

  grpc::CallbackServerContext* const context_;
  std::shared_ptr<void> slot_;
  Mutex mutex_;
  std::deque<v1::Envelope> outgoing_ ABSL_GUARDED_BY(mutex_);
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
  grpc::Status end_ ABSL_GUARDED_BY(mutex_);
  std::shared_ptr<EventStream> self_;
};

}  // namespace

grpc::ServerWriteReactor<v1::Envelope>* QueryService::RunQuery(
    grpc::CallbackServerContext* context, const v1::Envelope* request) {
  auto stream = EventStream::Start(context);
  const auto peer = coordinator_->gate()->Admit(*context->auth_context(),
                                                {Call::kAskQuestion});
  if (!peer.ok()) {
    coordinator_->CountReject(Reject::kCertificate);
    stream->End(peer.status());
    return stream.get();
  }
  const auto cut =
      [weak = std::weak_ptr<EventStream>(stream)](const absl::Status& why) {
        if (const auto open = weak.lock()) open->Cut(why);
      };
  stream->Hold(coordinator_->gate()->Watch(*peer, cut));
  coordinator_->Ask(
      peer->identity.id, request->message(), cut,
      [stream](const v1::QueryEvent& event) { stream->Send(event); },
      [stream](absl::Status status) { stream->End(status); });
  return stream.get();
}

grpc::ServerUnaryReactor* QueryService::Describe(
    grpc::CallbackServerContext* context, const v1::Envelope*,
    v1::Envelope* response) {
  return UnaryCall(context, coordinator_, {Call::kDescribe}, response,
                   [this](const PeerIdentity&) -> absl::StatusOr<std::string> {
                     return coordinator_->Describe().SerializeAsString();
                   });
}

grpc::ServerUnaryReactor* QueryService::History(
    grpc::CallbackServerContext* context, const v1::Envelope* request,
    v1::Envelope* response) {
  return UnaryCall(
      context, coordinator_, kHistory, response,
      [this, bytes = request->message()](
          const PeerIdentity& caller) -> absl::StatusOr<std::string> {
        v1::HistoryRequest asked;
        const absl::Status read =
            ParseMessage(bytes, kMaxQuestionBytes, &asked);
        if (!read.ok()) return read;
        const int limit = static_cast<int>(std::clamp<uint32_t>(
            asked.limit() == 0 ? 50 : asked.limit(), 1, 10'000));
        auto history = coordinator_->log().List(
            asked.mine() || !SeesAll(caller) ? caller.id : "", limit);
        if (!history.ok()) return history.status();
        return history->SerializeAsString();
      });
}

grpc::ServerUnaryReactor* QueryService::Fetch(
    grpc::CallbackServerContext* context, const v1::Envelope* request,
    v1::Envelope* response) {
  return UnaryCall(
      context, coordinator_, kHistory, response,
      [this, bytes = request->message()](
          const PeerIdentity& caller) -> absl::StatusOr<std::string> {
        v1::FetchRequest asked;
        const absl::Status read =
            ParseMessage(bytes, kMaxQuestionBytes, &asked);
        if (!read.ok()) return read;
        auto result = coordinator_->log().Fetch(
            asked.query_id(), SeesAll(caller) ? "" : caller.id);
        if (!result.ok()) return result.status();
        return result->SerializeAsString();
      });
}

}  // namespace cairn
