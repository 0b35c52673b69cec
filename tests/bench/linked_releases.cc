// How much is shown, and how long it takes, when tables of one agency's records
// are released one after the other, each held against all before it:
//
//   cairn-bench-linked AGENT_CONFIG DATA_SET [--together] [--no-proof]
//       [--no-records] BY...
//
// BY: variables, comma separated. --together: as one problem.

#include <chrono>
#include <cstdio>
#include <ctime>
#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "agent/config.h"
#include "agent/figure_cache.h"
#include "agent/sqlite_source.h"
#include "core/disclosure/protect.h"
#include "core/query/plan.h"

namespace cairn {
namespace {

double Seconds() { return static_cast<double>(clock()) / CLOCKS_PER_SEC; }

void Print(const std::string& name, const Protection& protection,
           double seconds) {
  int shown = 0, small = 0, complements = 0;
  for (size_t c = 0; c < protection.why.size(); ++c) {
    switch (protection.why[c]) {
      case HiddenWhy::kShown:
        ++shown;
        break;
      case HiddenWhy::kComplement:
        ++complements;
        break;
      default:
        ++small;
    }
  }
  printf("%-36s cells %6zu shown %6d unsafe %6d complements %6d  %7.2f s\n",
         name.c_str(), protection.why.size(), shown, small, complements,
         seconds);
  fflush(stdout);
}

int Run(int argc, char** argv) {
  auto settings = ReadAgentConfig(argv[1]);
  if (!settings.ok()) {
    fprintf(stderr, "%s\n", std::string(settings.status().message()).c_str());
    return 2;
  }
  const auto data_set = settings->catalogue->Find(argv[2]);
  if (!data_set.ok()) return 2;
  auto source = SqliteSource::Open(settings->ExtractPath(argv[2]), **data_set,
                                   settings->catalogue->digest);
  if (!source.ok()) {
    fprintf(stderr, "%s\n", std::string(source.status().message()).c_str());
    return 2;
  }
  FigureCache cache(source->get(), *data_set, false);
  bool together = false, carry = true, walk = true;
  std::vector<std::string> names;
  std::vector<FigureCache::TablePtr> figures;
  const Measure measure{Measure::Kind::kCount, ""};
  for (int i = 3; i < argc; ++i) {
    const std::string by = argv[i];
    if (by == "--together") together = true;
    if (by == "--no-proof") carry = false;
    if (by == "--no-records") walk = false;
    if (by[0] == '-') continue;
    Query query;
    query.data_set = argv[2];
    query.by = absl::StrSplit(by, ',');
    query.measures = {measure};
    auto plan = MakePlan(**data_set, query);
    Refusal refusal;
    auto shape = plan.ok() ? (*source)->Shape(*plan, &refusal) : plan.status();
    auto table = shape.ok() ? cache.Tabulate(*shape, measure) : shape.status();
    if (!table.ok()) {
      fprintf(stderr, "%s: %s %s\n", by.c_str(),
              std::string(table.status().message()).c_str(),
              refusal.sentence.c_str());
      return 2;
    }
    names.push_back(by);
    figures.push_back(*table);
  }
  ProtectRequest request;
  request.measure = measure;
  request.policy = settings->policy;
  request.data_set = *data_set;
  request.tabulate = [&](const TableShape& shape) {
    return cache.Tabulate(shape, measure);
  };
  if (walk) {
    request.records =
        [&](const std::vector<const TableShape*>& shapes,
            bool held) -> absl::StatusOr<ProtectRequest::Records> {
      auto records = (*source)->Records(shapes, held);
      if (!records.ok()) return records.status();
      return std::make_shared<const Microdata>(*std::move(records));
    };
  }
  std::vector<Protection> released;
  released.reserve(figures.size());
  for (size_t i = 0; i < figures.size(); ++i) {
    request.tables.push_back(figures[i].get());
    if (together && i + 1 < figures.size()) continue;
    const double before = Seconds();
    auto now = Protect(request);
    const double seconds = Seconds() - before;
    if (!now.ok()) {
      fprintf(stderr, "%s\n", std::string(now.status().message()).c_str());
      return 1;
    }
    for (size_t t = 0; t < now->size(); ++t) {
      Print(names[together ? t : i], (*now)[t], seconds);
      released.push_back(std::move((*now)[t]));
    }
    request.tables.clear();
    request.pinned.clear();
    for (const Protection& p : released) request.pinned.push_back(&p.table);
    request.certificates = carry ? released.back().certificates.get() : nullptr;
  }
  return 0;
}

}  // namespace
}  // namespace cairn

int main(int argc, char** argv) {
  if (argc < 4) return 2;
  return cairn::Run(argc, argv);
}
