#ifndef CAIRN_TESTS_SIMULATION_SIMULATOR_H_
#define CAIRN_TESTS_SIMULATION_SIMULATOR_H_

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <utility>

namespace cairn::simulation {

// Which machine something happens on: 0 is the coordinator's, the agencies'
// follow; kWorld is what no machine does: the analyst, faults, the weather.
using Machine = int;
inline constexpr Machine kWorld = -1;
inline constexpr int kMostMachines = 8;

// Time and chance of one run, from one seed, and the list of what is to come.
// There is one at a time; clocks, sleeps and random bytes of the programs under
// test come from it (owned.cc). Not for threads.
class Simulator {
 public:
  explicit Simulator(uint64_t seed);
  ~Simulator();
  // Null where no run is going on.
  static Simulator* Current();

  // Chance. Below(n): 0 to n - 1.
  uint64_t Random() { return random_(); }
  int64_t Below(int64_t n) { return static_cast<int64_t>(random_() % n); }
  bool Chance(int percent) { return Below(100) < percent; }

  // Microseconds since the run began.
  int64_t now() const { return now_ + worked_; }
  // What a machine's wall clock is ahead of that.
  void SetSkew(Machine machine, int64_t us) { of(machine).skew = us; }
  int64_t Skew() const { return of(machine_).skew; }
  // The thread sleeps: only this machine waits.
  void Sleep(int64_t us) { worked_ += us; }

  // To be done on a machine after a time; dropped if it has ended by then.
  void At(Machine machine, int64_t us, std::function<void()> work);
  // All that a machine was about to do is dropped.
  void End(Machine machine);
  Machine machine() const { return machine_; }
  // Runs what follows as if on that machine.
  class On {
   public:
    explicit On(Machine machine)
        : before_(std::exchange(Current()->machine_, machine)) {}
    ~On() { Current()->machine_ = before_; }

   private:
    const Machine before_;
  };

  // The next of what is to come; false if there is nothing before `until`.
  bool Step(int64_t until);

  // What happens, in words: hashed whole, the last of it kept. Without the name
  // of the folder, which is another one each time.
  static void SetFolder(const std::string& folder);
  void Say(const std::string& words);
  const std::deque<std::string>& last_words() const { return words_; }
  uint64_t trace() const { return trace_; }
  uint64_t steps() const { return steps_; }

  // The program was told to stop (SIGTERM), by itself.
  void Stop() { of(machine_).stopping = true; }
  bool TakeStopping(Machine machine) {
    return std::exchange(of(machine).stopping, false);
  }

  // How often something happened, over all runs of the program.
  static std::map<std::string, uint64_t>& Counts();
  void Count(const std::string& what) { ++Counts()[what]; }

  // A promise that was broken. The first one ends the run.
  struct Finding {
    std::string checker;
    std::string words;
  };
  void Find(const std::string& checker, const std::string& words);
  const std::optional<Finding>& finding() const { return finding_; }

 private:
  struct Of {
    uint64_t life = 0;
    int64_t busy_until = 0;
    int64_t skew = 0;
    bool stopping = false;
  };
  struct Event {
    Machine machine;
    uint64_t life;
    std::function<void()> work;
  };
  Of& of(Machine machine) { return machines_.at(machine + 1); }
  const Of& of(Machine machine) const { return machines_.at(machine + 1); }

  std::mt19937_64 random_;
  int64_t now_ = 0;
  int64_t worked_ = 0;  // by the event at hand
  Machine machine_ = kWorld;
  uint64_t next_ = 0;
  // By time, then in the order in which they were asked for.
  std::map<std::pair<int64_t, uint64_t>, Event> events_;
  std::array<Of, kMostMachines + 1> machines_;
  std::deque<std::string> words_;
  uint64_t trace_ = 14695981039346656037u;
  uint64_t steps_ = 0;
  std::optional<Finding> finding_;
};

}  // namespace cairn::simulation

#endif  // CAIRN_TESTS_SIMULATION_SIMULATOR_H_
