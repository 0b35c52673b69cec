// cairn-simulation: a partnership in one process, from one seed to the next.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <deque>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "tests/simulation/disk.h"
#include "tests/simulation/partnership.h"
#include "tests/simulation/plants.h"
#include "tests/simulation/simulator.h"
#include "tests/simulation/world.h"

namespace cairn::simulation {
namespace {

constexpr char kUsage[] =
    "usage: tests/simulation/run [--seeds N] [--first N] [--plant NAME]\n"
    "                            [--plants] [--twice] [--trace]\n"
    "  --seeds N     how many seeds to run (300)\n"
    "  --first N     the first of them (1)\n"
    "  --plant NAME  put a bug into the programs; it is to be found\n"
    "  --plants      each of them in turn, up to N seeds each\n"
    "  --twice       each seed twice: both are to go the same way\n"
    "  --trace       only a digest of all that happened\n"
    "Exits 1 with the seed, what happened and the command to see it again "
    "where\n"
    "a promise was broken, or a planted bug was not found.\n";

struct Options {
  uint64_t seeds = 300;
  uint64_t first = 1;
  std::string plant;
  bool plants = false;
  bool twice = false;
  bool trace = false;
};

struct Outcome {
  std::optional<Simulator::Finding> finding;
  std::deque<std::string> words;
  uint64_t trace = 0;
  uint64_t steps = 0;
};

Outcome RunSeed(uint64_t seed, const Partnership& partnership) {
  Simulator simulator(seed);
  Outcome outcome;
  {
    World world(&simulator, &partnership);
    world.Run();
    outcome.finding = simulator.finding();
    outcome.words = simulator.last_words();
    outcome.trace = simulator.trace();
    outcome.steps = simulator.steps();
  }
  return outcome;
}

void Print(uint64_t seed, const Outcome& outcome, const Options& options) {
  std::printf("seed %llu: %s\n  %s\nwhat happened last:\n",
              static_cast<unsigned long long>(seed),
              outcome.finding->checker.c_str(), outcome.finding->words.c_str());
  for (const std::string& words : outcome.words) {
    std::printf("  %s\n", words.c_str());
  }
  std::printf("once more: tests/simulation/run --seeds 1 --first %llu%s%s\n",
              static_cast<unsigned long long>(seed),
              options.plant.empty() ? "" : " --plant ", options.plant.c_str());
}

struct Totals {
  uint64_t found = 0, steps = 0, trace = 0;
  // The last seed that was run.
  uint64_t seed = 0;
  Outcome last;
};

// With a bug planted, until the checker finds it that is there for it.
Totals RunSeeds(const Options& options, const Partnership& partnership,
                const Plant* plant) {
  Totals totals;
  for (uint64_t i = 0; i < options.seeds; ++i) {
    totals.seed = options.first + i;
    totals.last = RunSeed(totals.seed, partnership);
    totals.steps += totals.last.steps;
    totals.trace = totals.trace * 31 + totals.last.trace;
    auto& finding = totals.last.finding;
    if (options.twice &&
        RunSeed(totals.seed, partnership).trace != totals.last.trace) {
      finding = {"the same seed goes the same way",
                 "a second run went another way"};
    }
    if (!finding.has_value()) continue;
    if (plant != nullptr && finding->checker != plant->checker) continue;
    ++totals.found;
    if (plant != nullptr) break;
    Print(totals.seed, totals.last, options);
  }
  return totals;
}

int FindPlants(const Options& options, const Partnership& partnership) {
  int missed = 0;
  for (const Plant& plant : Plants()) {
    SetPlant(plant.name);
    const Totals totals = RunSeeds(options, partnership, &plant);
    const bool found = totals.found > 0;
    missed += found ? 0 : 1;
    std::printf("%-6s %-18s %s\n", found ? "found" : "MISSED",
                plant.name.c_str(),
                found ? absl::StrCat("seed ", totals.seed, ": ",
                                     totals.last.finding->words)
                            .c_str()
                      : plant.checker.c_str());
    std::fflush(stdout);
  }
  return missed == 0 ? 0 : 1;
}

bool ReadOptions(int argc, char** argv, Options* options) {
  for (int i = 1; i < argc; ++i) {
    const std::string flag = argv[i];
    bool* const set = flag == "--plants"  ? &options->plants
                      : flag == "--twice" ? &options->twice
                      : flag == "--trace" ? &options->trace
                                          : nullptr;
    if (set != nullptr) {
      *set = true;
      continue;
    }
    if (i + 1 >= argc) return false;
    const std::string value = argv[++i];
    char* end = nullptr;
    const uint64_t number = std::strtoull(value.c_str(), &end, 10);
    const bool is_number = !value.empty() && *end == '\0';
    if (flag == "--seeds" && is_number) {
      options->seeds = number;
    } else if (flag == "--first" && is_number) {
      options->first = number;
    } else if (flag == "--plant" && SetPlant(value)) {
      options->plant = value;
    } else {
      return false;
    }
  }
  return true;
}

int Main(int argc, char** argv) {
  Options options;
  if (!ReadOptions(argc, argv, &options)) {
    std::fprintf(stderr, "%s\nThe bugs that can be planted:\n", kUsage);
    for (const Plant& plant : Plants()) {
      std::fprintf(stderr, "  %-18s %s\n", plant.name.c_str(),
                   plant.words.c_str());
    }
    return 2;
  }
  auto partnership = Partnership::Make();
  if (!partnership.ok()) {
    std::fprintf(stderr, "%s\n", partnership.status().ToString().c_str());
    return 1;
  }
  Disk::Install();
  if (options.plants) return FindPlants(options, **partnership);
  const Plant* const plant = FindPlant(options.plant);
  const std::clock_t begun = std::clock();
  const Totals totals = RunSeeds(options, **partnership, plant);
  const double seconds =
      static_cast<double>(std::clock() - begun) / CLOCKS_PER_SEC;
  if (options.trace) {
    std::printf("%016llx\n", static_cast<unsigned long long>(totals.trace));
    return totals.found == 0 ? 0 : 1;
  }
  for (const auto& [what, count] : Simulator::Counts()) {
    std::printf("%10llu %s\n", static_cast<unsigned long long>(count),
                what.c_str());
  }
  std::printf(
      "%llu seeds from %llu, %llu steps, %.1f s of CPU, %llu findings\n",
      static_cast<unsigned long long>(totals.seed + 1 - options.first),
      static_cast<unsigned long long>(options.first),
      static_cast<unsigned long long>(totals.steps), seconds,
      static_cast<unsigned long long>(totals.found));
  if (plant == nullptr) return totals.found == 0 ? 0 : 1;
  if (totals.found > 0) Print(totals.seed, totals.last, options);
  return totals.found > 0 ? 0 : 1;
}

}  // namespace
}  // namespace cairn::simulation

int main(int argc, char** argv) { return cairn::simulation::Main(argc, argv); }
