#ifndef CAIRN_TESTS_SIMULATION_OBSERVER_H_
#define CAIRN_TESTS_SIMULATION_OBSERVER_H_

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "cairn/v1/agent_link.pb.h"
#include "cairn/v1/query_service.pb.h"
#include "core/ledger/ledger.h"
#include "tests/simulation/simulator.h"

namespace cairn::simulation {

// Holds what the programs do against what they promise. Everything here is
// worked out from what can be seen from outside: the lines of the ledgers and
// the messages; with hashes, a tree and a reader of entries of its own.
class Observer {
 public:
  explicit Observer(int machines) : logs_(static_cast<size_t>(machines)) {}

  // After whatever a machine did: what its ledger holds now is acknowledged.
  void Look(Machine machine, const Ledger& ledger);
  // The program runs again. `lied`: its disk lost what it had promised to keep.
  void Restarted(Machine machine, const Ledger& ledger, bool lied);

  void Asked(Machine agent, const v1::Ask& ask);
  // Before it leaves.
  void Answered(Machine agent, const v1::Answer& answer, const Ledger& ledger,
                bool quarantined);
  // A cosignature was made, and one leaves.
  void Signed(const std::string& line, const std::string& text);
  void Cosigned(Machine witness, const std::string& line);
  // A checkpoint leaves the one who keeps the log.
  void Shown(Machine machine, const std::string& note);

  // The analyst's side.
  void Started(const std::string& query_id);
  void Result(const v1::Result& result, const Ledger& coordinator);
  void Ended(const std::string& query_id, bool ok);
  // Whether the coordinator was given an answer of this agency.
  void Delivered(Machine agent, const std::string& query_id) {
    delivered_.insert({agent, query_id});
  }

  // At the end, when nothing is under way any more.
  void NothingIsOpen(Machine machine);
  // Whether others hold a cosigned checkpoint that this machine's log does not
  // go on from, or the analyst a receipt that it does not have.
  bool IsContradicted(Machine machine) const;
  bool WasRolledBack(Machine machine) const {
    return !of(machine).before.empty();
  }
  // Of the first such entry; none if there is none.
  std::optional<uint64_t> IndexOf(Machine machine, const std::string& type,
                                  const std::string& query) const;
  // By question, what the analyst was shown.
  const std::map<std::string, std::string>& results() const { return results_; }

  // Of one entry's line.
  static std::string TypeOf(const std::string& line);
  static std::string QueryOf(const std::string& line);

 private:
  using Lines = std::vector<std::string>;
  struct Log {
    Lines lines;
    std::vector<Lines> before;  // what was lost by a lying disk
    int64_t last_ms = 0;
    // By question and type: how many entries.
    std::map<std::pair<std::string, std::string>, int> entries;
  };
  struct Checkpoint {
    Machine machine = kWorld;
    uint64_t size = 0;
    std::string root;
    Lines lines;  // of which it is
  };
  Log& of(Machine machine) { return logs_.at(static_cast<size_t>(machine)); }
  const Log& of(Machine machine) const {
    return logs_.at(static_cast<size_t>(machine));
  }
  void Add(Machine machine, const std::string& line);
  int Count(Machine machine, const std::string& query,
            const std::string& type) const;
  bool ReadCheckpoint(const std::string& text, Checkpoint* to) const;
  void CheckReceipt(Machine agent, const std::string& query_id,
                    const v1::Receipt& receipt, const std::string& type,
                    const std::string& checker);

  std::vector<Log> logs_;
  std::map<std::pair<Machine, std::string>, std::string> answers_;
  std::map<std::string, std::string> questions_;  // by query id
  // By question's text; and by which query it was told.
  struct Told {
    std::string query_id;
    std::string bytes;
  };
  std::map<std::pair<Machine, std::string>, Told> tables_;
  // What the analyst has of agents: by query, the receipt.
  std::map<std::pair<Machine, std::string>, v1::Receipt> merged_;
  std::set<std::pair<Machine, std::string>> delivered_;
  std::map<std::string, std::string> signed_;  // text, by signature line
  std::map<std::string, Checkpoint> shown_;    // by text
  // By witness and whose log.
  std::map<std::pair<Machine, Machine>, std::vector<Checkpoint>> cosigned_;
  std::map<std::string, std::string> results_;
  std::map<std::string, int> ended_;
};

}  // namespace cairn::simulation

#endif  // CAIRN_TESTS_SIMULATION_OBSERVER_H_
