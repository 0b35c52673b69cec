// Structural zeros of the catalogue: published as 0 whatever the rule and the
// measure, and no made-up record is one.

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "core/disclosure/cell_key.h"
#include "core/disclosure/meeting.h"
#include "core/disclosure/protect.h"
#include "core/disclosure/worked_out.h"
#include "core/query/structural_zeros.h"
#include "gtest/gtest.h"
#include "tests/core/disclosure/never.h"
#include "tests/core/disclosure/record_world.h"
#include "tests/support/status_matchers.h"

namespace cairn {
namespace {

struct Small {
  AtomWorld world{{{"a", {0, 0}}, {"b", {0, 0, 0}}}};
  DataSet data;
  FrequencyTable table;
  ProtectRequest request;

  Small() {
    world.counts = {0, 20, 30, 40, 50, 60};
    data = DataSetOf(world);
    AddZero({{0, {0}}, {1, {0}}}, &data);
    table = world.Table({Cut::kFine, Cut::kFine});
    request.tables = {&table};
    request.data_set = &data;
  }
};

TEST(StructuralZeros, AreZeroForCertainWhateverTheMeasureAndTheRule) {
  for (const bool zeros_shown : {false, true}) {
    for (const int64_t base : {1, 5}) {
      Small small;
      small.request.policy.rounding_base = base;
      small.request.policy.zeros_shown = zeros_shown;
      small.table.persons = small.table.keyed_persons = small.table.counts;
      FrequencyTable::Sum sum;
      sum.quantity = "days";
      sum.clip_high = 100;
      sum.total = sum.largest = sum.second = small.table.counts;
      for (int64_t& total : sum.total) total *= 40;
      small.table.sums = {sum};
      small.request.tabulate = [&small](const TableShape& shape) {
        FrequencyTable table = small.world.TableOf(shape);
        table.persons = table.keyed_persons = table.counts;
        return std::make_shared<const FrequencyTable>(std::move(table));
      };
      for (const Measure& measure :
           {Measure{}, Measure{Measure::Kind::kDistinctPersons, ""},
            Measure{Measure::Kind::kSum, "days"}}) {
        small.request.measure = measure;
        const auto made = Protect(small.request);
        ASSERT_THAT(made, IsOk()) << measure.ToString();
        const ProtectedTable& table = made->front().table;
        EXPECT_EQ(table.cells()[0], PublishedCell(0, 0, 0))
            << measure.ToString();
        EXPECT_EQ(table.structural_zeros(),
                  StructuralZeroCells(small.data, table.shape()));
        EXPECT_EQ(made->front().why[0], HiddenWhy::kShown);
      }
    }
  }
}

TEST(StructuralZeros, StayZeroUnderACellKey) {
  for (const bool zeros_shown : {false, true}) {
    Small small;
    small.request.policy.zeros_shown = zeros_shown;
    small.request.policy.cell_key = CellKeyNoise();
    small.request.cell_key_secret = CellKeySecret("key", "world");
    for (size_t i = 0; i < small.table.counts.size(); ++i) {
      small.table.keys.push_back(small.table.counts[i] == 0 ? 0 : 77 * i + 1);
    }
    const auto made = Protect(small.request);
    ASSERT_THAT(made, IsOk());
    EXPECT_EQ(made->front().table.cells()[0], PublishedCell(0, 0, 0));
  }
}

TEST(StructuralZeros, AreNotPublishedOfRecordsThatHaveOne) {
  Small small;
  small.world.counts[0] = 1;
  small.table = small.world.Table({Cut::kFine, Cut::kFine});
  EXPECT_THAT(Protect(small.request), StatusIs(absl::StatusCode::kDataLoss));
}

TEST(StructuralZeros, StandInATableThatIsWorkedOut) {
  Small small;
  const auto made = Protect(small.request);
  ASSERT_THAT(made, IsOk());
  const ProtectedTable& table = made->front().table;
  TableShape wanted = table.shape();
  std::swap(wanted.axes[0], wanted.axes[1]);
  const auto worked_out = WorkOut(small.data, wanted, {&table});
  ASSERT_TRUE(worked_out.has_value());
  EXPECT_EQ(worked_out->cells()[0], PublishedCell(0, 0, 0));
  EXPECT_TRUE(worked_out->structural_zeros()[0]);
  EXPECT_FALSE(worked_out->structural_zeros()[1]);
}

// The data set of a World, in which no v0 = c1, c3 goes with v1 = c1.
DataSet DataSetOf(const World& world) {
  DataSet data;
  data.id = "d";
  data.months = {"2024-01"};
  for (const Microdata::Variable& variable : world.data().variables) {
    std::vector<Code> codes;
    for (const std::string& name : variable.names) {
      codes.push_back(ExampleCode(name));
    }
    codes.push_back(ExampleCode("U"));
    const std::vector<Within> within(codes.size());
    data.dimensions.push_back(
        ExampleDimension(data.months, variable.name, DimensionKind::kCategory,
                         {ExampleLevel(variable.name, codes)}, within));
  }
  AddZero({{0, {1, 3}}, {1, {1}}}, &data);
  return data;
}
bool MayBe(absl::Span<const Microdata::Leaf> record) {
  return record[1] != 1 || (record[0] != 1 && record[0] != 3);
}

World WorldOfPossibleRecords(uint32_t seed, size_t records) {
  World all(seed, 2 * records), possible(seed, 0);
  for (const Record& record : all.records()) {
    if (MayBe(record) && possible.records().size() < records) {
      possible.Add(record);
    }
  }
  return possible;
}

// What is shown is chosen by looking at made-up records, and proved by records
// that could be there instead: all of them could, for all that anyone knows.
TEST(StructuralZerosOfRecords, StandInsAndCertificatesAreOfPossibleRecords) {
  size_t stand_ins = 0, certificates = 0, changed = 0;
  for (uint32_t seed = 1; seed <= 30; ++seed) {
    const World world = WorldOfPossibleRecords(seed, 60 + 20 * (seed % 7));
    const DataSet data = DataSetOf(world);
    std::vector<ProtectedTable> told;
    told.reserve(4);
    std::shared_ptr<const ReleaseProof> proof;
    for (const std::vector<size_t>& variables :
         std::vector<std::vector<size_t>>{{0, 2}, {1, 2}, {0, 1, 3}, {0, 3}}) {
      const FrequencyTable table = world.Table(variables);
      const auto tabulate = [&world](const TableShape& shape) {
        std::vector<size_t> of;
        for (const TableAxis& axis : shape.axes) {
          of.push_back(static_cast<size_t>(axis.variable[1] - '0'));
        }
        return std::make_shared<const FrequencyTable>(world.Table(of));
      };
      ProtectRequest request;
      request.tables = {&table};
      request.policy = Standard();
      request.data_set = &data;
      request.certificates = proof.get();
      std::vector<const TableShape*> shapes = {&table.shape};
      for (const ProtectedTable& before : told) {
        request.pinned.push_back(&before);
        shapes.push_back(&before.shape());
      }
      for (const MeetingAxes& axes : FindMeetings(data, shapes)) {
        TableShape shape;
        for (const auto& axis : axes) {
          shape.axes.push_back(
              world.Shape({static_cast<size_t>(axis[0][1] - '0')}).axes[0]);
        }
        request.meetings.push_back(tabulate(shape));
      }
      request.tabulate = tabulate;
      request.records =
          [&world](const std::vector<const TableShape*>&,
                   bool held) -> absl::StatusOr<ProtectRequest::Records> {
        Microdata records = world.data();
        if (!held) records.leaves.clear();
        return std::make_shared<const Microdata>(std::move(records));
      };
      auto made = Protect(request);
      ASSERT_THAT(made, IsOk());
      told.push_back(std::move((*made)[0].table));
      proof = (*made)[0].certificates;
      // The first table alone ties nothing.
      if (told.size() < 2) continue;
      const size_t parts = proof->parts.size();
      for (size_t at = 0; at < proof->stand_in.size(); at += parts) {
        EXPECT_TRUE(
            MayBe(absl::MakeConstSpan(proof->stand_in).subspan(at, parts)))
            << "seed " << seed;
      }
      stand_ins += proof->stand_in.empty() ? 0 : 1;
      for (const auto& edits : proof->certificates) {
        ++certificates;
        for (const RecordEdit& edit : edits) {
          if (edit.to.empty()) continue;
          ++changed;
          EXPECT_TRUE(MayBe(edit.to)) << "seed " << seed;
        }
      }
    }
    const ProtectedTable& crossing = told[2];
    for (size_t cell = 0; cell < crossing.cells().size(); ++cell) {
      const TableShape& shape = crossing.shape();
      const size_t v0 = shape.at(cell, 0), v1 = shape.at(cell, 1);
      const bool never = (v0 == 1 || v0 == 3) && v1 == 1;
      EXPECT_EQ(crossing.structural_zeros()[cell], never);
      if (never) {
        EXPECT_EQ(crossing.cells()[cell], PublishedCell(0, 0, 0));
      }
    }
  }
  EXPECT_GT(stand_ins, 60u);
  EXPECT_GT(certificates, 300u);
  EXPECT_GT(changed, 1000u);
}

}  // namespace
}  // namespace cairn
