#ifndef CAIRN_AGENT_COORDINATOR_LINK_H_
#define CAIRN_AGENT_COORDINATOR_LINK_H_

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "cairn/v1/agent_link.grpc.pb.h"
#include "core/base/mutex.h"
#include "core/ledger/reject_counts.h"
#include "grpcpp/grpcpp.h"

namespace cairn {

// The agent's end of the stream: dials out, says Hello, reads until the stream
// ends, and dials again with a growing, jittered pause. The caller's thread
// reads; other threads send. Opens no port.
//
//   Run        connect -> Hello -> read ... read -> end -> pause -> connect
//   Send       from the answering thread; one write at a time
//   Stop       from the signal thread; Run returns
class CoordinatorLink {
 public:
  struct Handlers {
    // What the agency holds, asked at each connect and when it may have
    // changed.
    std::function<std::vector<v1::Holding>()> holdings;
    // A question; must not block for long, nor may the next ones. All come in
    // the order of the line.
    std::function<void(v1::Ask)> on_ask;
    // What follows is for ledgers, and may be left empty. The checkpoint of the
    // coordinator's that is remembered:
    std::function<std::string()> remembered;
    // It is there, and says what it remembers.
    std::function<void(v1::Welcome)> on_welcome;
    std::function<void(v1::WitnessRequest)> on_witness_request;
    std::function<void(v1::WitnessReply)> on_witness_reply;
    // Something came that is passed over.
    std::function<void(Reject)> on_reject;
  };

  CoordinatorLink(std::string target,
                  std::shared_ptr<grpc::ChannelCredentials> credentials,
                  std::string catalogue_digest, Handlers handlers);

  // Until Stop.
  void Run();
  void Stop();
  // False if there is no stream now: the answer is not sent.
  bool Send(const v1::AgentMessage& message);
  // The coordinator has said Welcome on the stream that is open now.
  bool attached() const { return attached_; }
  // Says Hello again on an open stream, after a load.
  void SayHello();

 private:
  using Stream =
      grpc::ClientReaderWriter<v1::AgentEnvelope, v1::CoordinatorEnvelope>;

  // One stream, from dial to end. Returns why it ended.
  absl::Status Converse(bool* welcomed);
  void Read(Stream* stream, bool* welcomed, std::string* go_away);
  // Waits, or returns early when stopped.
  void Pause(int attempt);

  const std::string target_;
  const std::shared_ptr<grpc::ChannelCredentials> credentials_;
  const std::string catalogue_digest_;
  const Handlers handlers_;

  std::atomic<bool> attached_{false};
  Mutex write_mutex_;  // one write in flight; taken before mutex_
  Mutex mutex_;
  CondVar wake_;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  grpc::ClientContext* context_ ABSL_GUARDED_BY(mutex_) = nullptr;
  std::shared_ptr<Stream> stream_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace cairn

#endif  // CAIRN_AGENT_COORDINATOR_LINK_H_
