#ifndef CAIRN_TESTS_SIMULATION_WORLD_H_
#define CAIRN_TESTS_SIMULATION_WORLD_H_

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/running_agent.h"
#include "coordinator/coordinator.h"
#include "core/link/ledger_keys.h"
#include "core/store/sqlite_checkpoint_store.h"
#include "tests/simulation/disk.h"
#include "tests/simulation/line.h"
#include "tests/simulation/observer.h"
#include "tests/simulation/partnership.h"
#include "tests/simulation/simulator.h"

namespace cairn::simulation {

// A partnership of two or three agencies for a few minutes:
//
//   trouble   questions, while machines are killed and lose power, disks fail
//             or lie, lines break, clocks are set, messages get lost
//   peace     everything is mended; what is under way comes to its end
//   proof     one more question, which everybody answers who is sound
class World : public Tap {
 public:
  World(Simulator* simulator, const Partnership* partnership);
  ~World() override;

  // Null where there is none.
  static World* Current();

  // To the end, or to the first finding.
  void Run();
  // A cosignature was made.
  void Signed(const std::string& line, const std::string& text) {
    observer_.Signed(line, text);
  }

 private:
  // The program of a machine, and everything it has open.
  struct Program {
    SystemClock clock;
    std::unique_ptr<SqliteCheckpointStore> checkpoints;
    std::unique_ptr<LogSigner> signer;
    std::unique_ptr<RejectCounts> rejects;
    // The coordinator's.
    std::unique_ptr<QueryLog> log;
    std::unique_ptr<AgentRegistry> registry;
    std::unique_ptr<LedgerHub> hub;
    std::unique_ptr<PeerGate> peers;
    std::unique_ptr<Coordinator> coordinator;
    // An agent's.
    std::unique_ptr<AgentState> state;
    std::unique_ptr<LedgerLink> link;
    Gate gate;
    std::unique_ptr<RunningAgent> agent;

    Ledger* ledger() const {
      return state != nullptr ? state->ledger.get()
             : log != nullptr ? log->ledger()
                              : nullptr;
    }
  };
  enum class Is { kDown, kUp, kShut };  // kShut: does not trust its own disk
  struct MachineState {
    Is is = Is::kDown;
    std::unique_ptr<Disk> disk;
    std::unique_ptr<Program> program;
    std::vector<std::string> secrets;  // of the log, of the witness
    bool cut_power = false;            // how it ends when it ends
    bool lied = false;                 // its disk lost what it had promised
    bool away = false;                 // the line is cut
  };
  MachineState& of(Machine machine) {
    return machines_.at(static_cast<size_t>(machine));
  }

  void MakeKeys();
  void Start(Machine machine);
  absl::Status StartCoordinator(Program* program);
  absl::Status StartAgent(Machine machine, Program* program);
  absl::Status Begin(Machine machine, Program* program);
  void Fall(Machine machine, bool power_cut);
  void StartSoon(Machine machine);
  void Dial(Machine agent);
  void Tick(Machine agent);
  void AskOne(uint32_t timeout_ms);
  // The coordinator shows an agency a question once more that it was asked
  // before.
  void AskAgain(Machine agent);
  bool IsSound(Machine machine);

  void PlanTrouble();
  void Trouble();
  void Mend();
  void Prove();
  void RunUntil(int64_t us);
  void LookAfter();

  bool FromAgent(Machine agent, v1::AgentMessage* message) override;
  bool FromCoordinator(Machine agent,
                       const v1::CoordinatorMessage& message) override;

  Simulator* const sim_;
  const Partnership* const partnership_;
  const int agencies_;
  const CoordinatorSettings settings_;
  Weather weather_;
  Observer observer_;
  std::optional<LedgerKeys> keys_;
  std::vector<MachineState> machines_;
  bool peace_ = false;
  Machine liar_ = kWorld;
  Machine forger_ = kWorld;  // sends receipts that are not true
  int64_t trouble_until_ = 0;
  std::string last_question_;
  std::vector<v1::Ask> asks_;  // all that left
};

}  // namespace cairn::simulation

#endif  // CAIRN_TESTS_SIMULATION_WORLD_H_
