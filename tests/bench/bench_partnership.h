#ifndef CAIRN_TESTS_BENCH_BENCH_PARTNERSHIP_H_
#define CAIRN_TESTS_BENCH_BENCH_PARTNERSHIP_H_

#include <sys/types.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cairn/v1/config.pb.h"
#include "cairn/v1/query_service.grpc.pb.h"
#include "core/query/catalogue.h"
#include "tests/bench/bench_agents.h"
#include "tests/bench/bench_answer.h"

namespace cairn {

// The name of a bench agent, from 0 on.
std::string AgencyName(int number);

// Writes certificates and keys of so many of them into a folder that has
// ca.pem, ca.key and coordinator.pem.
absl::Status IssueAgents(const std::string& folder, int agents);

// The cairn-coordinator program itself on a port of 127.0.0.1, and agents that
// do no work of their own (bench_agents.h), each with its own certificate and
// connection, in this process. Everything ends with the object.
//
//   Start    writes the configuration, starts the program, attaches the agents
//   Ask      one question to all of them, as an analyst
//   ~        SIGTERM, then SIGKILL after 5 s; the agents' streams are ended
class BenchPartnership {
 public:
  struct Options {
    std::string program;       // cairn-coordinator
    std::string catalogue;     // a file; its data set police_incidents is asked
    std::string policy;        // a file
    std::string certificates;  // coordinator.pem, agent-bench-001.pem,
                               // analyst-bench.pem, their keys, and ca.pem
    std::string folder;        // for its database; is made
    int agents = 1;
    int asked = 0;            // by a question: the first so many; 0: all
    int attach_seconds = 20;  // within which all of them are to be there
  };
  // How long one question took.
  struct Times {
    double all_ms = 0;      // from the call to its end
    double slowest_ms = 0;  // the slowest agent's own time
  };

  // How the agents came back, in milliseconds since the program was started
  // again; below zero: while it was away.
  struct Back {
    double all_ms = 0;                // until all were there
    std::vector<double> dialled_ms;   // each time that one of them dialled
    std::vector<double> welcomed_ms;  // each time that one was welcomed
  };

  static absl::StatusOr<std::unique_ptr<BenchPartnership>> Start(
      Options options);
  ~BenchPartnership();
  BenchPartnership(const BenchPartnership&) = delete;
  BenchPartnership& operator=(const BenchPartnership&) = delete;

  // What is asked: a table of month by age group, or how many there are.
  enum class What { kTable, kCount };
  // INTERNAL unless every agent that was asked answered and was counted.
  absl::StatusOr<Times> Ask(What what = What::kTable);
  // Kills the program, starts it again after so many milliseconds, and waits
  // until all agents are back.
  absl::StatusOr<Back> Restart(int down_ms);
  // Processor time of the program since it was started, all threads.
  double ProgramMs() const;
  // The program's VmRSS; 0 if it has ended.
  double ResidentMb() const;
  int asked() const {
    return options_.asked == 0 ? options_.agents
                               : std::min(options_.asked, options_.agents);
  }
  // From when the agents were told to dial until all were attached.
  double join_ms() const { return join_ms_; }
  // Cells in each agent's table.
  size_t cells() const { return table_.cells; }

 private:
  explicit BenchPartnership(Options options) : options_(std::move(options)) {}

  absl::Status WriteConfig();
  absl::Status StartProgram();
  absl::Status MakeAgents();
  absl::Status Connect();
  // Until every agent was welcomed by the program as it runs now, and it says
  // the same of them.
  absl::Status AwaitAgents();
  absl::Status CheckAttached();
  // Until it answers.
  absl::Status AwaitProgram() { return Describe().status(); }
  absl::StatusOr<v1::Description> Describe();
  absl::Status CheckResult(const std::vector<std::string>& events) const;
  v1::Credentials CredentialsOf(const std::string& name) const;

  const Options options_;
  std::shared_ptr<const Catalogue> catalogue_;
  BenchAnswer table_, count_;
  double join_ms_ = 0;
  int port_ = 0;
  pid_t program_ = -1;
  std::unique_ptr<BenchAgents> agents_;
  std::unique_ptr<v1::QueryService::Stub> analyst_;
};

}  // namespace cairn

#endif  // CAIRN_TESTS_BENCH_BENCH_PARTNERSHIP_H_
