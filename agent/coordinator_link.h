#ifndef CAIRN_AGENT_COORDINATOR_LINK_H_
#define CAIRN_AGENT_COORDINATOR_LINK_H_

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cairn/v1/agent_link.grpc.pb.h"
#include "core/base/mutex.h"
#include "core/ledger/reject_counts.h"
#include "grpcpp/grpcpp.h"

namespace cairn {

// How long an agent waits before it dials again, after so many attempts in a
// row: from a quarter to all of 0.2 s, 0.4 s .. 5 s, at random, so that agents
// that lost one coordinator do not come back at one moment.
int JitteredPauseMs(int attempt);

// The agent's end of the stream: dials out, says Hello, reads until the stream
// ends, and dials again with a growing, jittered pause. The caller's thread
// reads; other threads send. Opens no port.
//
//   Run        connect -> Hello -> read ... read -> end -> pause -> connect
//   Send       from the answering thread; one write at a time
//   Renew      opens a second stream with the credentials as they are now. The
//              coordinator sends what is new there, and says GoAway on the old
//              one, whose last message is thus read before the first of the new
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
    // May be left empty.
    std::function<void(v1::Renewed)> on_renewed;
  };

  // Those that are in force when it dials; an error is why it does not.
  using Credentials = std::function<
      absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>>()>;

  CoordinatorLink(std::string target, Credentials credentials,
                  std::string catalogue_digest, Handlers handlers);

  // Until Stop.
  void Run();
  void Stop();
  // False if there is no stream now: the answer is not sent.
  bool Send(const v1::AgentMessage& message);
  // The coordinator has said Welcome on the stream that is open now.
  bool attached() const { return attached_; }
  // As above; waits some seconds at most. False: there is no second stream, and
  // the first goes on.
  bool Renew();
  // Says Hello again on an open stream, after a load.
  void SayHello();

 private:
  using Stream =
      grpc::ClientReaderWriter<v1::AgentEnvelope, v1::CoordinatorEnvelope>;

  // A stream and all that must outlive it.
  struct Line {
    std::shared_ptr<grpc::Channel> channel;
    std::unique_ptr<v1::AgentLink::Stub> stub;
    grpc::ClientContext context;
    std::unique_ptr<Stream> stream;
  };

  absl::StatusOr<std::shared_ptr<Line>> Dial();
  v1::AgentMessage HelloMessage();
  // One stream, from dial, or from where Renew opened it, to end. Returns why
  // it ended.
  absl::Status Converse(bool* welcomed);
  void Read(Line* line, bool* welcomed, std::string* go_away);
  // The coordinator has no more to say on `line`: what the agent has to say
  // goes to the next one, if there is one, from now on.
  void TurnToNext(Line* line);
  // Waits, or returns early when stopped.
  void Pause(int attempt);

  const std::string target_;
  const Credentials credentials_;
  const std::string catalogue_digest_;
  const Handlers handlers_;

  std::atomic<bool> attached_{false};
  Mutex write_mutex_;  // one write in flight; taken before mutex_
  Mutex mutex_;
  CondVar wake_;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  std::shared_ptr<Line> line_ ABSL_GUARDED_BY(mutex_);     // that is read
  std::shared_ptr<Line> next_ ABSL_GUARDED_BY(mutex_);     // and the one after
  std::shared_ptr<Line> sending_ ABSL_GUARDED_BY(mutex_);  // one of these
};

}  // namespace cairn

#endif  // CAIRN_AGENT_COORDINATOR_LINK_H_
