#include "core/disclosure/record_walk.h"

#include <algorithm>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/disclosure/protect.h"
#include "gtest/gtest.h"
#include "tests/core/disclosure/record_world.h"

namespace cairn {
namespace {

// The records as a certificate has them.
std::vector<Record> Edited(std::vector<Record> records,
                           const std::vector<RecordEdit>& edits) {
  for (const RecordEdit& edit : edits) {
    if (!edit.from.empty()) {
      const auto found = std::find(records.begin(), records.end(), edit.from);
      EXPECT_NE(found, records.end())
          << "it changes a record that is not there";
      if (found != records.end()) records.erase(found);
    }
    if (!edit.to.empty()) records.push_back(edit.to);
  }
  return records;
}

struct Released {
  std::vector<size_t> variables;
  ProtectedTable table;
};

// Every certificate's records, counted anew, answer every question as the true
// ones did; and together they take each small cell to both ends of its mark,
// but where earlier tables already rule that out (a row known to be 8 at least,
// of which 5 at most can lie elsewhere). Returns how many ends those are.
int ExpectOtherRecordsSayTheSame(const World& world,
                                 const std::vector<Released>& released,
                                 const ReleaseProof& proof,
                                 const std::string& where) {
  int missed = 0;
  std::vector<std::vector<Record>> worlds = {world.records()};
  // Certificates are made of the records that stand in for the true ones.
  std::vector<Record> stand_in;
  const size_t parts = proof.parts.size();
  for (size_t at = 0; at < proof.stand_in.size(); at += parts) {
    const auto from = proof.stand_in.begin() + static_cast<std::ptrdiff_t>(at);
    stand_in.emplace_back(from, from + static_cast<std::ptrdiff_t>(parts));
  }
  worlds.push_back(stand_in);
  for (const auto& edits : proof.certificates) {
    worlds.push_back(Edited(stand_in, edits));
  }
  for (const Released& one : released) {
    const size_t cells = one.table.cells().size();
    std::vector<int64_t> least(cells, kNoLimit), most(cells, 0);
    for (const std::vector<Record>& records : worlds) {
      const std::vector<int64_t> counts =
          World::Counts(one.table.shape(), one.variables, records);
      for (size_t cell = 0; cell < cells; ++cell) {
        const Cell& mark = one.table.cells()[cell];
        EXPECT_GE(counts[cell], mark.low) << where << " cell " << cell;
        EXPECT_LE(counts[cell], mark.high) << where << " cell " << cell;
        least[cell] = std::min(least[cell], counts[cell]);
        most[cell] = std::max(most[cell], counts[cell]);
      }
    }
    for (size_t cell = 0; cell < cells; ++cell) {
      const Cell& mark = one.table.cells()[cell];
      if (mark.status == CellStatus::kPublished || mark.high != 7) continue;
      missed += (least[cell] > 0 ? 1 : 0) + (most[cell] < 7 ? 1 : 0);
    }
  }
  return missed;
}

TEST(RecordWalk, OtherRecordsGiveTheSameAnswersToAllTablesOfARow) {
  int hidden = 0, shown = 0, missed = 0;
  for (uint32_t seed = 1; seed <= 40; ++seed) {
    const World world(seed, 60 + 10 * (seed % 7));
    const std::vector<std::vector<size_t>> asked = {{0},    {0, 1}, {1, 2},
                                                    {0, 2}, {0, 3}, {0, 1, 3}};
    std::vector<Released> released;
    released.reserve(asked.size());
    std::shared_ptr<const ReleaseProof> proof;
    for (const std::vector<size_t>& variables : asked) {
      const FrequencyTable table = world.Table(variables);
      ProtectRequest request;
      request.tables = {&table};
      request.measure = {Measure::Kind::kCount, ""};
      request.policy = Standard();
      request.certificates = proof.get();
      for (const Released& before : released) {
        request.pinned.push_back(&before.table);
      }
      request.tabulate = [&](const TableShape& shape)
          -> absl::StatusOr<ProtectRequest::Figures> {
        std::vector<size_t> of;
        for (const TableAxis& axis : shape.axes) {
          of.push_back(static_cast<size_t>(axis.variable[1] - '0'));
        }
        return std::make_shared<const FrequencyTable>(world.Table(of));
      };
      request.records = [&](const std::vector<const TableShape*>&,
                            bool) -> absl::StatusOr<ProtectRequest::Records> {
        return std::make_shared<const Microdata>(world.data());
      };
      auto protections = Protect(request);
      ASSERT_TRUE(protections.ok()) << protections.status();
      proof = (*protections)[0].certificates;
      released.push_back({variables, std::move((*protections)[0].table)});
      for (const Cell& cell : released.back().table.cells()) {
        ++(cell.status == CellStatus::kPublished ? shown : hidden);
      }
      missed += ExpectOtherRecordsSayTheSame(
          world, released, *proof,
          absl::StrCat("seed ", seed, ", table ", released.size()));
    }
  }
  EXPECT_LE(missed, 5);
  EXPECT_GT(hidden, 1000);
  EXPECT_GT(shown, 1000);
}

TEST(RecordWalk, RecordsThatDoNotMakeUpTheTablesAreNotTaken) {
  const World world(7, 80), other(8, 80);
  const TableShape shape = world.Shape({0, 1});
  const std::vector<const TableShape*> shapes = {&shape};
  const auto linked = LinkedTables::Create(shapes, true);
  ASSERT_TRUE(linked.ok());
  std::vector<int64_t> figures(static_cast<size_t>(linked->system().cells()));
  const FrequencyTable table = world.Table({0, 1});
  for (size_t cell = 0; cell < table.counts.size(); ++cell) {
    figures[static_cast<size_t>(linked->cells_of(0)[cell])] =
        table.counts[cell];
  }
  EXPECT_NE(RecordWalk::Create(world.data(), *linked, shapes, 1, figures),
            nullptr);
  EXPECT_EQ(RecordWalk::Create(other.data(), *linked, shapes, 1, figures),
            nullptr);
}

}  // namespace
}  // namespace cairn
