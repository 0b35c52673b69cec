#ifndef CAIRN_TESTS_BENCH_BENCH_AGENTS_H_
#define CAIRN_TESTS_BENCH_BENCH_AGENTS_H_

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "cairn/v1/agent_link.grpc.pb.h"
#include "core/base/mutex.h"
#include "grpcpp/grpcpp.h"

namespace cairn {

// The agents' ends of as many streams, without a thread for each: they say
// Hello, answer with what lies ready, and where a stream ends they dial again
// after the same pauses as an agent. What a real agent does on a machine of its
// own is left out, so that thousands fit beside the coordinator that is
// measured.
class BenchAgents {
 public:
  struct Options {
    std::string target;
    v1::AgentMessage hello;
    // The answer to a question, without its query's id. Called once a question.
    std::function<v1::Answer(const v1::Ask&)> answer;
    std::vector<std::shared_ptr<grpc::ChannelCredentials>> credentials;
  };

  explicit BenchAgents(Options options);
  // Ends every stream, and waits for it.
  ~BenchAgents();
  BenchAgents(const BenchAgents&) = delete;
  BenchAgents& operator=(const BenchAgents&) = delete;

  // All dial.
  void Start();
  // How many have been welcomed since the last ForgetWelcomes, each once.
  size_t welcomed() const { return welcomed_; }
  void ForgetWelcomes();
  // When one of them dialled, and was welcomed, since then.
  using Moments = std::vector<std::chrono::steady_clock::time_point>;
  Moments dials();
  Moments welcomes();
  // The longest that an agent took from a question to its answer, since the
  // last call of this.
  double TakeSlowestMs();

 private:
  class Line;

  void DialLoop();
  void DialSoon(size_t agent, std::chrono::milliseconds pause);
  // Called by a line, at the latest when its stream has ended.
  void OnWelcome(size_t agent);
  void OnEnd(size_t agent);
  std::shared_ptr<const v1::AgentEnvelope> AnswerTo(const v1::Ask& ask);
  void Took(double ms);

  const Options options_;
  std::atomic<size_t> welcomed_{0};

  Mutex mutex_;
  CondVar wake_;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  std::multimap<std::chrono::steady_clock::time_point, size_t> due_
      ABSL_GUARDED_BY(mutex_);
  struct Agent {
    std::unique_ptr<Line> line;
    int attempt = 0;
    bool welcomed = false;
    bool open = false;
  };
  std::vector<Agent> agents_ ABSL_GUARDED_BY(mutex_);
  size_t open_ ABSL_GUARDED_BY(mutex_) = 0;
  std::string answered_ ABSL_GUARDED_BY(mutex_);  // the question at hand
  std::shared_ptr<const v1::AgentEnvelope> answer_ ABSL_GUARDED_BY(mutex_);
  double slowest_ms_ ABSL_GUARDED_BY(mutex_) = 0;
  Moments dials_ ABSL_GUARDED_BY(mutex_), welcomes_ ABSL_GUARDED_BY(mutex_);
  std::thread dialler_;
};

}  // namespace cairn

#endif  // CAIRN_TESTS_BENCH_BENCH_AGENTS_H_
