// cairn-synthetic: writes the exports of eight made-up agencies.

#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>

#include "deploy/synthetic/region.h"
#include "deploy/synthetic/world.h"

namespace {

constexpr char kUsage[] =
    "usage: cairn-synthetic --out DIR [--rows N] [--seed S]\n"
    "Writes places.csv and the exports of eight made-up agencies into DIR.\n"
    "  --rows N   rows over all agencies, 1000 to 20000000 (default 60000)\n"
    "  --seed S   a whole number; the same seed gives the same bytes "
    "(default 1)\n";
constexpr int64_t kLeastRows = 1000;
constexpr int64_t kMostRows = 20000000;

struct Flags {
  std::string out;
  int64_t rows = 60000;
  uint64_t seed = 1;
};

template <typename Number>
bool ParseNumber(std::string_view text, Number* number) {
  const char* end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, *number);
  return result.ec == std::errc() && result.ptr == end;
}

// Returns "" or what is wrong with the command line.
std::string ParseFlags(int argc, char** argv, Flags* flags) {
  for (int i = 1; i < argc; i += 2) {
    const std::string name = argv[i];
    if (i + 1 == argc) return name + " needs a value";
    const std::string value = argv[i + 1];
    if (name == "--out") {
      flags->out = value;
    } else if (name == "--rows") {
      if (!ParseNumber(value, &flags->rows) || flags->rows < kLeastRows ||
          flags->rows > kMostRows) {
        return "--rows must be a whole number from 1000 to 20000000, not '" +
               value + "'";
      }
    } else if (name == "--seed") {
      if (!ParseNumber(value, &flags->seed)) {
        return "--seed must be a whole number, not '" + value + "'";
      }
    } else {
      return "unknown option '" + name + "'";
    }
  }
  if (flags->out.empty()) return "--out DIR is missing";
  return "";
}

std::string WriteAll(const Flags& flags) {
  using cairn::synthetic::World;
  std::error_code error;
  std::filesystem::create_directories(flags.out, error);
  if (error) return "cannot create " + flags.out + ": " + error.message();
  const World world(flags.seed, flags.rows);
  const std::string places = flags.out + "/places.csv";
  std::string problem = cairn::synthetic::WritePlaces(world.region, places);
  using Writer = std::string (*)(const World&, const std::string&);
  constexpr Writer kWriters[] = {
      cairn::synthetic::WritePolice,       cairn::synthetic::WriteStMarys,
      cairn::synthetic::WriteQueens,       cairn::synthetic::WriteAmbulance,
      cairn::synthetic::WriteCouncil,      cairn::synthetic::WriteSchools,
      cairn::synthetic::WriteYouthJustice, cairn::synthetic::WriteProbation};
  for (const Writer writer : kWriters) {
    if (problem.empty()) problem = writer(world, flags.out);
  }
  return problem;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2 && std::string_view(argv[1]) == "--help") {
    std::fputs(kUsage, stdout);
    return 0;
  }
  Flags flags;
  std::string problem = ParseFlags(argc, argv, &flags);
  if (!problem.empty()) {
    std::fprintf(stderr, "cairn-synthetic: %s\n%s", problem.c_str(), kUsage);
    return 2;
  }
  problem = WriteAll(flags);
  if (!problem.empty()) {
    std::fprintf(stderr, "cairn-synthetic: %s\n", problem.c_str());
    return 1;
  }
  return 0;
}
