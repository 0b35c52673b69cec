// cairn-bench-fan-out: what the coordinator adds to the slowest agent.
//
// For each number of agents there are two partnerships at once, alike but for
// where the coordinator's database lies: on the disk, and in memory (tmpfs).
// Questions go to them in turn, and each turn also writes 4 KiB to the disk and
// syncs it, so that the three are measured in the same seconds:
//   disk      what an analyst waits, less the slowest agent's own time
//   memory    the same where a sync costs nothing
//   sync      one fdatasync; a question needs two, one after the other
// All on 127.0.0.1 over mutual TLS. The agents run in this process, so that
// their half of every connection, and the analyst's, is part of the figure.

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "tests/bench/bench_partnership.h"
#include "tests/bench/figures.h"

namespace cairn {
namespace {

constexpr unsigned kLongestSeconds = 60;
constexpr int kWarmUp = 10;

// One write of a page and its sync; what a commit to a log costs at least.
class SyncProbe {
 public:
  explicit SyncProbe(const std::string& path)
      : file_(open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600)) {}
  ~SyncProbe() { close(file_); }

  double Ms() {
    const std::string page(4096, 'x');
    const Stopwatch watch;
    if (write(file_, page.data(), page.size()) < 0 || fdatasync(file_) != 0) {
      return 0;
    }
    return watch.Ms();
  }

 private:
  const int file_;
};

absl::Status Measure(BenchPartnership::Options options,
                     const std::string& disk_folder,
                     const std::string& memory_folder, int questions) {
  options.folder = absl::StrCat(disk_folder, "/", options.agents);
  CAIRN_ASSIGN_OR_RETURN(const auto disk, BenchPartnership::Start(options));
  options.folder = absl::StrCat(memory_folder, "/", options.agents);
  CAIRN_ASSIGN_OR_RETURN(const auto memory, BenchPartnership::Start(options));
  SyncProbe probe(disk_folder + "/probe");
  std::vector<double> on_disk, in_memory, slowest, sync;
  for (int i = -kWarmUp; i < questions; ++i) {
    CAIRN_ASSIGN_OR_RETURN(const auto first, disk->Ask());
    CAIRN_ASSIGN_OR_RETURN(const auto second, memory->Ask());
    const double synced = probe.Ms();
    if (i < 0) continue;
    on_disk.push_back(first.all_ms - first.slowest_ms);
    in_memory.push_back(second.all_ms - second.slowest_ms);
    slowest.push_back(first.slowest_ms);
    sync.push_back(synced);
  }
  std::printf(
      "%3d agents, %d questions, %zu cells each: disk median %.1f p90 %.1f ms "
      "| memory median %.1f p90 %.1f ms | fdatasync median %.2f p90 %.2f ms | "
      "slowest agent median %.2f ms\n",
      options.agents, questions, disk->cells(), Median(on_disk),
      Quantile(on_disk, 0.9), Median(in_memory), Quantile(in_memory, 0.9),
      Median(sync), Quantile(sync, 0.9), Median(slowest));
  std::fflush(stdout);
  return absl::OkStatus();
}

absl::Status Main(const std::vector<std::string>& words, int questions) {
  // A configuration's paths are relative to its own file.
  const auto full = [&words](size_t i) {
    return std::filesystem::absolute(words[i]).string();
  };
  BenchPartnership::Options options;
  options.program = full(0);
  options.catalogue = full(1);
  options.policy = full(2);
  options.certificates = full(3);
  for (const int agents : {7, 50, 200}) {
    options.agents = agents;
    CAIRN_RETURN_IF_ERROR(Measure(options, full(4), full(5), questions));
  }
  return absl::OkStatus();
}

}  // namespace
}  // namespace cairn

int main(int argc, char** argv) {
  if (argc != 7 && argc != 8) {
    std::fprintf(
        stderr,
        "usage: cairn-bench-fan-out COORDINATOR CATALOGUE POLICY CERTIFICATES "
        "DISK MEMORY [QUESTIONS]\n"
        "COORDINATOR: the program. CERTIFICATES: of agents bench-001 to "
        "bench-200\nand analyst bench. DISK and MEMORY: empty folders, the "
        "second on a tmpfs.\nSee tests/bench/run.sh.\n");
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
  const int questions = argc == 8 ? std::atoi(argv[7]) : 100;
  const absl::Status status =
      cairn::Main({argv + 1, argv + 7}, questions < 1 ? 1 : questions);
  if (status.ok()) return 0;
  std::printf("cairn-bench-fan-out: %s\n",
              std::string(status.message()).c_str());
  return 1;
}
