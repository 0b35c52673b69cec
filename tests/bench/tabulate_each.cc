// Cuts one table after another from the source of an agent's data set, as its
// answerer does: reads `VARIABLE[,VARIABLE]` a line, and prints for each the
// milliseconds it took, in a line.
//   cairn-bench-tabulate-each CONFIG DATA_SET
#include <cstdio>
#include <iostream>
#include <memory>
#include <string>

#include "absl/strings/str_split.h"
#include "agent/config.h"
#include "agent/open_source.h"
#include "core/base/status_macros.h"
#include "core/query/plan.h"
#include "tests/bench/figures.h"

namespace cairn {
namespace {

absl::StatusOr<double> Cut(const DataSource& source, const DataSet& data_set,
                           const std::string& line) {
  Query query;
  query.data_set = data_set.id;
  query.purpose = "needs_assessment";
  query.by = absl::StrSplit(line, ',');
  query.measures = {Measure{}};
  CAIRN_ASSIGN_OR_RETURN(const Plan plan, MakePlan(data_set, query));
  Refusal refusal;
  CAIRN_ASSIGN_OR_RETURN(const TableShape shape, source.Shape(plan, &refusal));
  const Stopwatch watch;
  CAIRN_RETURN_IF_ERROR(source.Tabulate(plan, shape).status());
  return watch.Ms();
}

absl::Status Main(const std::string& config, const std::string& name) {
  CAIRN_ASSIGN_OR_RETURN(const AgentSettings settings, ReadAgentConfig(config));
  CAIRN_ASSIGN_OR_RETURN(const DataSet* data_set,
                         settings.catalogue->Find(name));
  CAIRN_ASSIGN_OR_RETURN(
      const std::unique_ptr<DataSource> source,
      OpenDataSource(settings, *data_set, settings.ExtractPath(name)));
  std::string line;
  while (std::getline(std::cin, line)) {
    CAIRN_ASSIGN_OR_RETURN(const double ms, Cut(*source, *data_set, line));
    std::cout << ms << std::endl;
  }
  return absl::OkStatus();
}

}  // namespace
}  // namespace cairn

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: cairn-bench-tabulate-each CONFIG DATA_SET\n");
    return 2;
  }
  const absl::Status status = cairn::Main(argv[1], argv[2]);
  if (!status.ok()) std::fprintf(stderr, "%s\n", status.ToString().c_str());
  return status.ok() ? 0 : 1;
}
