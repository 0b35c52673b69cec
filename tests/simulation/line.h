#ifndef CAIRN_TESTS_SIMULATION_LINE_H_
#define CAIRN_TESTS_SIMULATION_LINE_H_

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "agent/coordinator_link.h"
#include "cairn/v1/agent_link.pb.h"
#include "coordinator/coordinator.h"
#include "grpcpp/grpcpp.h"
#include "tests/simulation/simulator.h"

namespace cairn::simulation {

// What may happen to messages beside taking their time.
struct Weather {
  int dropped = 0, doubled = 0, overtaken = 0;  // percent
};

// Who looks at what goes over the lines, before it does. False: the machine is
// not there any more, and nothing of it leaves.
class Tap {
 public:
  virtual ~Tap() = default;
  virtual bool FromAgent(Machine agent, v1::AgentMessage* message) = 0;
  virtual bool FromCoordinator(Machine agent,
                               const v1::CoordinatorMessage& message) = 0;
};

// One stream between an agent and the coordinator. The coordinator's end is the
// AgentSession that is shipped, on a stream of gRPC's kind that leads here; the
// agent's end is CoordinatorLink, whose threads and sockets stand aside.
class Line : public std::enable_shared_from_this<Line> {
 public:
  Line(Machine agent, const Weather* weather, Tap* tap)
      : agent_(agent), weather_(weather), tap_(tap) {}
  ~Line();

  // On the agent's machine. `ended` is told there, once.
  void Open(CoordinatorLink::Handlers handlers, std::function<void()> ended,
            std::function<Coordinator*()> coordinator);
  bool SendUp(const v1::AgentMessage& message);
  // Torn: both ends hear of it in their time.
  void Tear();
  // One machine is gone: only the other one hears of it.
  void AgentGone();
  void CoordinatorGone();
  // The coordinator's program ends: all its sessions, of old lines too, are let
  // go of.
  static void AbandonAll();

 private:
  class Stream;

  int64_t Delay(int64_t* last);
  // Once, twice, or not at all.
  void Carry(Machine to, int64_t* last, std::function<void()> arrive);
  void ArriveDown(const std::string& bytes);
  void EndAgent();
  void Accept(Coordinator* coordinator);

  const Machine agent_;
  const Weather* const weather_;
  Tap* const tap_;
  int64_t last_up_ = 0, last_down_ = 0;
  bool open_ = false;  // towards the agent
  bool welcomed_ = false;
  bool torn_ = false;
  CoordinatorLink::Handlers handlers_;
  std::function<void()> ended_;
  std::shared_ptr<Stream> stream_;
  static std::vector<std::weak_ptr<Stream>>& Streams();
};

// The line that the agent's CoordinatorLink of this machine sends on.
struct AgentEnd {
  CoordinatorLink* link = nullptr;
  CoordinatorLink::Handlers handlers;
  std::shared_ptr<Line> line;
};
AgentEnd& EndOf(Machine agent);

}  // namespace cairn::simulation

#endif  // CAIRN_TESTS_SIMULATION_LINE_H_
