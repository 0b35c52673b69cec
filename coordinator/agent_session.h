#ifndef CAIRN_COORDINATOR_AGENT_SESSION_H_
#define CAIRN_COORDINATOR_AGENT_SESSION_H_

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <string>

#include "cairn/v1/agent_link.grpc.pb.h"
#include "core/base/mutex.h"
#include "grpcpp/grpcpp.h"

namespace cairn {

// The coordinator's end of one agency's stream (see agent_link.proto for who
// sends what). One queue, one write in flight; reactions never block: messages
// go to the handlers, which hand them to a work queue.
class AgentSession : public grpc::ServerBidiReactor<v1::AgentEnvelope,
                                                    v1::CoordinatorEnvelope>,
                     public std::enable_shared_from_this<AgentSession> {
 public:
  struct Handlers {
    std::function<void(std::shared_ptr<AgentSession>, v1::AgentMessage)>
        on_message;
    std::function<void(std::shared_ptr<AgentSession>)> on_gone;
  };

  // `context` is gRPC's, of this stream; `slot` is held as long as the stream.
  static std::shared_ptr<AgentSession> Start(
      grpc::CallbackServerContext* context, std::string agency,
      std::shared_ptr<void> slot, Handlers handlers);

  const std::string& agency() const { return agency_; }

  // False if the stream is closing, or 64 messages already wait: the agency is
  // then as good as silent.
  bool Send(const v1::CoordinatorMessage& message) {
    return SendBytes(message.SerializeAsString());
  }
  // The same, of a message that was put into bytes for several agencies.
  bool SendBytes(const std::string& message);
  // Sends GoAway with the reason, then ends the stream.
  void Close(const std::string& reason);
  // Sends GoAway, then nothing more; what the agency still says is taken, until
  // it ends the stream itself.
  void Retire(const std::string& reason);
  bool retired() {
    MutexLock lock(&mutex_);
    return retired_;
  }
  // From now on nothing that comes is taken.
  void Bar() { barred_ = true; }
  // Ends the stream at once, for a peer that does not take what is sent.
  void Cut();

  // Whether the stream has ended: from before on_gone is called.
  bool gone() const { return gone_; }

  // Whether the agency has said who it is and what it holds.
  void set_greeted() { greeted_ = true; }
  bool greeted() const { return greeted_; }
  // Keeps something as long as the stream is there. Once, at the start.
  void Hold(std::shared_ptr<void> slot) {
    MutexLock lock(&mutex_);
    held_ = std::move(slot);
  }

 private:
  AgentSession(grpc::CallbackServerContext* context, std::string agency,
               std::shared_ptr<void> slot, Handlers handlers)
      : agency_(std::move(agency)),
        slot_(std::move(slot)),
        handlers_(std::move(handlers)),
        context_(context) {}

  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

  void WriteNext() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void QueueGoAway(const std::string& reason)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void EndWhenIdle(const grpc::Status& status)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::string agency_;
  const std::shared_ptr<void> slot_;
  const Handlers handlers_;
  std::atomic<bool> greeted_{false};
  std::atomic<bool> gone_{false};
  std::atomic<bool> barred_{false};
  v1::AgentEnvelope incoming_;  // owned by the one read in flight

  Mutex mutex_;
  // Null once gRPC is done with it.
  grpc::CallbackServerContext* context_ ABSL_GUARDED_BY(mutex_);
  std::deque<v1::CoordinatorEnvelope> outgoing_ ABSL_GUARDED_BY(mutex_);
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool closing_ ABSL_GUARDED_BY(mutex_) = false;
  bool retired_ ABSL_GUARDED_BY(mutex_) = false;  // sends no more
  std::shared_ptr<void> held_ ABSL_GUARDED_BY(mutex_);
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
  grpc::Status end_ ABSL_GUARDED_BY(mutex_);
  // Alive until gRPC's last reaction.
  std::shared_ptr<AgentSession> self_;
};

}  // namespace cairn

#endif  // CAIRN_COORDINATOR_AGENT_SESSION_H_
