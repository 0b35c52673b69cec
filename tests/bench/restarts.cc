// cairn-bench-restarts: a coordinator that is killed again and again under its
// agents, each with a certificate and a connection of its own, all of them in
// this process. A line of JSON for each restart, times in milliseconds since
// the coordinator was started again, below zero while it was away:
//   {"down":0,"back":812,"resident_mb":50,"dialled":[52,...],
//    "welcomed":[402,...]}

#include <signal.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/base/status_macros.h"
#include "tests/bench/bench_partnership.h"

namespace cairn {
namespace {

std::string ToJson(const std::vector<double>& times) {
  return absl::StrJoin(times, ",", [](std::string* text, double ms) {
    absl::StrAppend(text, static_cast<int64_t>(ms));
  });
}

// Every `one_long_in`th time it stays away for `long_ms`.
absl::Status Restart(const BenchPartnership::Options& options, int restarts,
                     int one_long_in, int long_ms) {
  CAIRN_RETURN_IF_ERROR(IssueAgents(options.certificates, options.agents));
  CAIRN_ASSIGN_OR_RETURN(const auto partnership,
                         BenchPartnership::Start(options));
  for (int i = 1; i <= restarts; ++i) {
    const int down_ms = i % one_long_in == 0 ? long_ms : 0;
    CAIRN_ASSIGN_OR_RETURN(const auto back, partnership->Restart(down_ms));
    CAIRN_RETURN_IF_ERROR(partnership->Ask().status());
    std::printf(
        "{\"down\":%d,\"back\":%.0f,\"resident_mb\":%.0f,\"dialled\":[%s],"
        "\"welcomed\":[%s]}\n",
        down_ms, back.all_ms, partnership->ResidentMb(),
        ToJson(back.dialled_ms).c_str(), ToJson(back.welcomed_ms).c_str());
    std::fflush(stdout);
  }
  return absl::OkStatus();
}

}  // namespace
}  // namespace cairn

int main(int argc, char** argv) {
  if (argc != 10) {
    std::fprintf(stderr,
                 "usage: cairn-bench-restarts COORDINATOR CATALOGUE POLICY "
                 "CERTIFICATES FOLDER AGENTS\n"
                 "                            RESTARTS ONE_LONG_IN LONG_MS\n"
                 "The first five as of cairn-bench-scale. Of every ONE_LONG_IN "
                 "times the coordinator stays\naway for LONG_MS.\n");
    return 2;
  }
  signal(SIGPIPE, SIG_IGN);
  // gRPC would send loopback traffic to a proxy, where one is set.
  setenv("no_proxy", "127.0.0.1", 1);
  cairn::BenchPartnership::Options options;
  options.program = std::filesystem::absolute(argv[1]).string();
  options.catalogue = argv[2];
  options.policy = argv[3];
  options.certificates = argv[4];
  options.folder = argv[5];
  options.agents = std::atoi(argv[6]);
  options.attach_seconds = 120;
  // The links' own log lines, one a connection.
  if (std::freopen((options.certificates + "/links.log").c_str(), "w",
                   stderr) == nullptr) {
    return 1;
  }
  const absl::Status status = cairn::Restart(
      options, std::atoi(argv[7]), std::atoi(argv[8]), std::atoi(argv[9]));
  if (status.ok()) return 0;
  std::printf("cairn-bench-restarts: %s\n",
              std::string(status.message()).c_str());
  return 1;
}
