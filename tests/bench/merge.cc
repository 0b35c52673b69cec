// cairn-bench-merge: what an agency's answer costs the coordinator, from its
// bytes to its part in the sum: read and checked, its rows worked out, added.
// The yardstick of the same run are the same figures as a message a row
// (ResultRow), read by protobuf and added by key, nothing checked. Times are of
// the processor.
//
// usage: cairn-bench-merge CATALOGUE POLICY [ROUNDS]

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "coordinator/answer_book.h"
#include "core/base/status_macros.h"
#include "core/link/catalogue_file.h"
#include "core/link/policy_file.h"
#include "core/link/translate.h"
#include "tests/bench/bench_answer.h"
#include "tests/bench/figures.h"

namespace cairn {
namespace {

constexpr double kCells = 3600;
constexpr int kAgencies = 40;  // in one question

// One of them as a message a row, and what adding them takes.
double RowsUs(const v1::Result& rows) {
  const std::string bytes = rows.SerializeAsString();
  absl::flat_hash_map<std::string, double> sums;
  const CpuWatch watch;
  for (int i = 0; i < kAgencies; ++i) {
    v1::Result read;
    read.ParseFromString(bytes);
    for (const v1::ResultRow& row : read.row()) {
      sums[absl::StrJoin(row.key(), "\x1f")] += row.low();
    }
  }
  return 1000 * watch.Ms() / kAgencies;
}

struct Times {
  double read_us = 0, merge_us = 0;
};

absl::StatusOr<Times> OursUs(const Plan& plan, const std::string& bytes,
                             v1::Result* result) {
  AnswerContext context;
  context.plan = &plan;
  context.holdings.assign(kAgencies, std::make_shared<const v1::Holding>());
  Times times;
  std::vector<AgencyAnswer> answers;
  const CpuWatch reading;
  for (int i = 0; i < kAgencies; ++i) {
    v1::AgentMessage message;
    CAIRN_RETURN_IF_ERROR(ParseMessage(bytes, kMaxAnswerBytes, &message));
    answers.push_back(ReadAnswer(absl::StrCat("a", i), message.answer()));
  }
  times.read_us = 1000 * reading.Ms() / kAgencies;
  // What the result costs by itself, whoever is in it, is left out.
  v1::Result alone;
  AnswerContext one = context;
  one.holdings.resize(1);
  const CpuWatch single;
  FillResult(one, {answers.front()}, &alone);
  const double once = single.Ms();
  const CpuWatch merging;
  FillResult(context, std::move(answers), result);
  times.merge_us = 1000 * (merging.Ms() - once) / (kAgencies - 1);
  return times;
}

absl::Status Main(const std::string& catalogue_path,
                  const std::string& policy_path, int rounds) {
  CAIRN_ASSIGN_OR_RETURN(const auto catalogue, ReadCatalogue(catalogue_path));
  CAIRN_ASSIGN_OR_RETURN(const DisclosurePolicy policy,
                         ReadPolicy(policy_path));
  for (const std::vector<std::string>& by :
       {std::vector<std::string>{},
        {"month", "age_core"},
        {"month", "age_core", "sex", "offence_class"}}) {
    CAIRN_ASSIGN_OR_RETURN(const BenchAnswer made,
                           MakeBenchAnswer(*catalogue, by, policy));
    v1::AgentMessage message;
    *message.mutable_answer() = made.answer;
    const std::string bytes = message.SerializeAsString();
    std::vector<double> read, merge, rows;
    for (int i = 0; i < rounds; ++i) {
      v1::Result result;
      CAIRN_ASSIGN_OR_RETURN(const Times times,
                             OursUs(made.plan, bytes, &result));
      read.push_back(times.read_us);
      merge.push_back(times.merge_us);
      rows.push_back(RowsUs(result));
    }
    const double all = Median(read) + Median(merge);
    const auto cells = static_cast<double>(made.cells);
    std::printf(
        "%zu cells, %zu bytes: read %.1f us, merged %.1f us, %.1f ns a cell, "
        "%.0f us for %.0f | a message a row %.1f us | ratio=%.3f\n",
        made.cells, bytes.size(), Median(read), Median(merge),
        1000 * all / cells, all * kCells / cells, kCells, Median(rows),
        all / Median(rows));
  }
  return absl::OkStatus();
}

}  // namespace
}  // namespace cairn

int main(int argc, char** argv) {
  if (argc != 3 && argc != 4) {
    std::fprintf(stderr,
                 "usage: cairn-bench-merge CATALOGUE POLICY [ROUNDS]\n");
    return 2;
  }
  const int rounds = argc == 4 ? std::atoi(argv[3]) : 15;
  const absl::Status status =
      cairn::Main(argv[1], argv[2], rounds < 1 ? 1 : rounds);
  if (status.ok()) return 0;
  std::printf("cairn-bench-merge: %s\n", std::string(status.message()).c_str());
  return 1;
}
