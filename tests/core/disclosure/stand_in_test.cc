#include "core/disclosure/stand_in.h"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <vector>

#include "core/disclosure/protect.h"
#include "gtest/gtest.h"
#include "tests/core/disclosure/record_world.h"

namespace cairn {
namespace {

// What an outsider is told of a table, and what is kept for the next one.
struct Answers {
  std::vector<ProtectedTable> tables;
  std::shared_ptr<const ReleaseProof> proof;
};

using Crossing = std::vector<size_t>;  // variables

// One table after the other, each held against all before it. `held`: whether
// the true records were asked for.
Answers Ask(const World& world, const std::vector<Crossing>& asked,
            bool* held) {
  Answers answers;
  answers.tables.reserve(asked.size());
  for (const Crossing& variables : asked) {
    const FrequencyTable table = world.Table(variables);
    ProtectRequest request;
    request.tables = {&table};
    request.measure = {Measure::Kind::kCount, ""};
    request.policy = Standard();
    request.certificates = answers.proof.get();
    for (const ProtectedTable& before : answers.tables) {
      request.pinned.push_back(&before);
    }
    request.tabulate = [&](const TableShape& shape)
        -> absl::StatusOr<ProtectRequest::Figures> {
      Crossing of;
      for (const TableAxis& axis : shape.axes) {
        of.push_back(static_cast<size_t>(axis.variable[1] - '0'));
      }
      return std::make_shared<const FrequencyTable>(world.Table(of));
    };
    request.records = [&](const std::vector<const TableShape*>&,
                          bool all) -> absl::StatusOr<ProtectRequest::Records> {
      *held = *held || all;
      Microdata data = world.data();
      if (!all) data.leaves.clear();
      return std::make_shared<const Microdata>(std::move(data));
    };
    auto protections = Protect(request);
    EXPECT_TRUE(protections.ok()) << protections.status();
    if (!protections.ok()) return answers;
    answers.proof = (*protections)[0].certificates;
    answers.tables.push_back(std::move((*protections)[0].table));
  }
  return answers;
}

const std::vector<Crossing>& Asked() {
  static const auto* const asked =
      new std::vector<Crossing>{{0}, {0, 1}, {1, 2}, {0, 2}, {0, 3}, {0, 1, 3}};
  return *asked;
}

// How a count looks: small, or the figure that it rounds to.
int64_t LookOf(int64_t count) { return count <= 7 ? -1 : (count + 2) / 5; }

bool LookAlike(const World& a, const World& b) {
  for (const Crossing& variables : Asked()) {
    const FrequencyTable one = a.Table(variables), other = b.Table(variables);
    for (size_t cell = 0; cell < one.counts.size(); ++cell) {
      if (LookOf(one.counts[cell]) != LookOf(other.counts[cell])) return false;
    }
  }
  return true;
}

// The same records and one more, whom no rounded figure shows.
std::optional<World> TwinOf(const World& world, std::mt19937* random) {
  for (int tries = 0; tries < 200; ++tries) {
    World twin = world;
    Record more = {static_cast<Microdata::Leaf>((*random)() % 4),
                   static_cast<Microdata::Leaf>((*random)() % 3),
                   static_cast<Microdata::Leaf>((*random)() % 5),
                   static_cast<Microdata::Leaf>((*random)() % 2), 0};
    twin.Add(more);
    if (LookAlike(world, twin)) return twin;
  }
  return std::nullopt;
}

TEST(StandIn, OneRecordThatRoundingHidesChangesNoMark) {
  int twins = 0, hidden = 0, complements = 0;
  for (uint32_t seed = 1; seed <= 60; ++seed) {
    const World world(seed, 60 + 10 * (seed % 7));
    std::mt19937 random(seed);
    const std::optional<World> twin = TwinOf(world, &random);
    if (!twin.has_value()) continue;
    ++twins;
    bool held = false;
    const Answers left = Ask(world, Asked(), &held);
    const Answers right = Ask(*twin, Asked(), &held);
    EXPECT_FALSE(held) << "the records were asked for, seed " << seed;
    ASSERT_EQ(left.tables.size(), right.tables.size());
    for (size_t t = 0; t < left.tables.size(); ++t) {
      ASSERT_EQ(left.tables[t].cells(), right.tables[t].cells())
          << "seed " << seed << ", table " << t;
      const FrequencyTable truth = world.Table(Asked()[t]);
      for (size_t cell = 0; cell < truth.counts.size(); ++cell) {
        if (left.tables[t].cells()[cell].status == CellStatus::kPublished) {
          continue;
        }
        ++hidden;
        complements += truth.counts[cell] > 7 ? 1 : 0;
      }
    }
    // What the next table is protected with is the same too.
    EXPECT_EQ(left.proof->stand_in, right.proof->stand_in);
    EXPECT_EQ(left.proof->certificates, right.proof->certificates);
  }
  EXPECT_GT(twins, 30);
  EXPECT_GT(hidden, 1000);
  EXPECT_GT(complements, 100);  // else there was nothing to choose
}

// The stand-in's records, counted anew.
TEST(StandIn, LooksLikeTheRecordsInEveryTableThatWasTold) {
  for (uint32_t seed = 1; seed <= 20; ++seed) {
    const World world(seed, 60 + 10 * (seed % 7));
    bool held = false;
    const Answers answers = Ask(world, Asked(), &held);
    std::vector<Record> records;
    const size_t parts = world.data().parts.size();
    const std::vector<Microdata::Leaf>& leaves = answers.proof->stand_in;
    for (size_t at = 0; at < leaves.size(); at += parts) {
      const auto from = leaves.begin() + static_cast<std::ptrdiff_t>(at);
      records.emplace_back(from, from + static_cast<std::ptrdiff_t>(parts));
    }
    for (const Crossing& variables : Asked()) {
      const FrequencyTable truth = world.Table(variables);
      const std::vector<int64_t> counts =
          World::Counts(truth.shape, variables, records);
      for (size_t cell = 0; cell < counts.size(); ++cell) {
        EXPECT_EQ(LookOf(counts[cell]), LookOf(truth.counts[cell]))
            << "seed " << seed << ": " << counts[cell] << " for "
            << truth.counts[cell];
      }
    }
  }
}

}  // namespace
}  // namespace cairn
