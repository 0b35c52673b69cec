// cairn-bench-scale: a coordinator with agents by the hundred and thousand,
// each with a certificate and a connection of its own (mutual TLS, 127.0.0.1),
// all of them in this process.
//   join      from when they are told to dial until all are attached; what
//             the coordinator used of a processor until then
//   fan-out   a question to all of them, from the call to its end, once a plain
//             count and once a table (98 cells, about 1 KB); each agent has its
//             answer ready
//   CPU       processor time a question took, of the coordinator and of this
//             process, which is all agents and the analyst
//   memory    the coordinator's VmRSS, before the questions and after
//   back      it is killed and started again: until all are attached again.
//   They
//             notice by themselves, and dial after pauses of random length
//             (agent/coordinator_link.cc JitteredPauseMs)
// The yardstick of the same run is one agent by itself.

#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/base/status_macros.h"
#include "tests/bench/bench_partnership.h"
#include "tests/bench/figures.h"

namespace cairn {
namespace {

constexpr unsigned kLongestSeconds = 900;
constexpr int kWarmUp = 3;
// Files a connection needs in this process and in the coordinator's.
constexpr rlim_t kFilesOfAgent = 2;
constexpr rlim_t kOtherFiles = 200;

absl::Status CheckFiles(int agents) {
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  const rlim_t needed =
      kFilesOfAgent * static_cast<rlim_t>(agents) + kOtherFiles;
  if (files.rlim_cur >= needed) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      agents, " agents need ulimit -n ", needed, "; it is ", files.rlim_cur));
}

// Processor time of this process: all agents, and the analyst.
double OwnMs() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  const auto ms = [](const timeval& time) {
    return 1000.0 * static_cast<double>(time.tv_sec) +
           static_cast<double>(time.tv_usec) / 1000;
  };
  return ms(used.ru_utime) + ms(used.ru_stime);
}

// What a question took: waiting, and processor time of either side.
struct Asked {
  std::vector<double> ms;
  double coordinator_ms = 0, agents_ms = 0;
};

absl::StatusOr<Asked> Ask(BenchPartnership* partnership,
                          BenchPartnership::What what, int questions) {
  Asked asked;
  double before = 0, own_before = 0;
  for (int i = -kWarmUp; i < questions; ++i) {
    if (i == 0) {
      before = partnership->ProgramMs();
      own_before = OwnMs();
    }
    CAIRN_ASSIGN_OR_RETURN(const auto times, partnership->Ask(what));
    if (i >= 0) asked.ms.push_back(times.all_ms);
  }
  asked.coordinator_ms = (partnership->ProgramMs() - before) / questions;
  asked.agents_ms = (OwnMs() - own_before) / questions;
  return asked;
}

std::string InWords(const Asked& asked) {
  return absl::StrFormat("%.1f p90 %.1f ms (CPU %.1f, agents %.1f)",
                         Median(asked.ms), Quantile(asked.ms, 0.9),
                         asked.coordinator_ms, asked.agents_ms);
}

absl::Status Measure(const BenchPartnership::Options& options, int questions,
                     double one_ms, double* median) {
  using What = BenchPartnership::What;
  CAIRN_RETURN_IF_ERROR(CheckFiles(options.agents));
  CAIRN_ASSIGN_OR_RETURN(const auto partnership,
                         BenchPartnership::Start(options));
  const double idle_mb = partnership->ResidentMb();
  const double join_ms = partnership->ProgramMs();
  CAIRN_ASSIGN_OR_RETURN(const Asked count,
                         Ask(partnership.get(), What::kCount, questions));
  CAIRN_ASSIGN_OR_RETURN(const Asked table,
                         Ask(partnership.get(), What::kTable, questions));
  const double asked_mb = partnership->ResidentMb();
  CAIRN_ASSIGN_OR_RETURN(const auto back, partnership->Restart(0));
  *median = Median(table.ms);
  std::printf(
      "%4d agents: join %.1f s (CPU %.1f s) | a count %s | %zu cells %s, %.1f "
      "x one agent's | memory %.0f MB, %.0f MB after %d questions | back %.1f "
      "s\n",
      options.agents, partnership->join_ms() / 1000, join_ms / 1000,
      InWords(count).c_str(), partnership->cells(), InWords(table).c_str(),
      one_ms > 0 ? *median / one_ms : 1.0, idle_mb, asked_mb,
      2 * (questions + kWarmUp), back.all_ms / 1000);
  std::fflush(stdout);
  return absl::OkStatus();
}

absl::Status Main(const std::vector<std::string>& words, int questions,
                  const std::vector<int>& sizes) {
  const auto full = [&words](size_t i) {
    return std::filesystem::absolute(words[i]).string();
  };
  BenchPartnership::Options options;
  options.program = full(0);
  options.catalogue = full(1);
  options.policy = full(2);
  options.certificates = full(3);
  options.attach_seconds = 300;
  int most = 1;
  for (const int size : sizes) most = size > most ? size : most;
  CAIRN_RETURN_IF_ERROR(IssueAgents(options.certificates, most));
  double one_ms = 0;
  options.agents = 1;
  options.folder = full(4) + "/1";
  CAIRN_RETURN_IF_ERROR(Measure(options, questions, 0, &one_ms));
  for (const int size : sizes) {
    options.agents = size;
    options.folder = absl::StrCat(full(4), "/", size);
    double median = 0;
    CAIRN_RETURN_IF_ERROR(Measure(options, questions, one_ms, &median));
  }
  return absl::OkStatus();
}

}  // namespace
}  // namespace cairn

int main(int argc, char** argv) {
  if (argc < 7) {
    std::fprintf(
        stderr,
        "usage: cairn-bench-scale COORDINATOR CATALOGUE POLICY CERTIFICATES "
        "FOLDER QUESTIONS\n                         [AGENTS...]\n"
        "COORDINATOR: the program. CERTIFICATES: of "
        "deploy/pki/make-certificates,"
        "\nwith ca.key and analyst bench; those of the agents are made. "
        "FOLDER: "
        "an empty\none. AGENTS: default 100 1000.\nSee tests/bench/run.sh.\n");
    return 2;
  }
  alarm(cairn::kLongestSeconds);  // whatever hangs ends with this program
  signal(SIGPIPE, SIG_IGN);
  // gRPC would send loopback traffic to a proxy, where one is set.
  setenv("no_proxy", "127.0.0.1", 1);
  // The links' own log lines, one a connection.
  if (std::freopen((std::string(argv[5]) + "/links.log").c_str(), "w",
                   stderr) == nullptr) {
    return 1;
  }
  std::vector<int> sizes;
  for (int i = 7; i < argc; ++i) sizes.push_back(std::atoi(argv[i]));
  if (sizes.empty()) sizes = {100, 1000};
  const int questions = std::atoi(argv[6]);
  const absl::Status status =
      cairn::Main({argv + 1, argv + 6}, questions < 1 ? 1 : questions, sizes);
  if (status.ok()) return 0;
  std::printf("cairn-bench-scale: %s\n", std::string(status.message()).c_str());
  return 1;
}
