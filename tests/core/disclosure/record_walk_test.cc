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

namespace cairn {
namespace {

using Record = std::vector<Microdata::Leaf>;

// Records of a few variables, and tables of them counted here by themselves.
class World {
 public:
  World(uint32_t seed, size_t records) : random_(seed) {
    const size_t sizes[] = {4, 3, 5, 2};
    for (size_t v = 0; v < 4; ++v) {
      Microdata::Variable variable;
      variable.name = absl::StrCat("v", v);
      variable.parts = {v};
      Microdata::Part part{variable.name, {}};
      for (size_t code = 0; code < sizes[v]; ++code) {
        part.leaves.push_back(absl::StrCat("c", code));
        variable.names.push_back(part.leaves.back());
        variable.codes.push_back({code});
      }
      data_.parts.push_back(part);
      data_.variables.push_back(variable);
    }
    data_.era_part = 4;
    data_.parts.push_back({"", {""}});
    for (size_t r = 0; r < records; ++r) {
      for (size_t v = 0; v < 4; ++v) {
        // The first codes are common, the last ones rare.
        size_t code = 0;
        while (code + 1 < sizes[v] && random_() % 5 < 2) ++code;
        data_.leaves.push_back(static_cast<Microdata::Leaf>(code));
      }
      data_.leaves.push_back(0);
      records_.push_back(Record(data_.leaves.end() - 5, data_.leaves.end()));
    }
  }

  TableShape Shape(const std::vector<size_t>& variables) const {
    TableShape shape;
    for (const size_t v : variables) {
      TableAxis axis;
      axis.variable = data_.variables[v].name;
      axis.codes = data_.variables[v].names;
      axis.part.assign(axis.codes.size(), false);
      shape.axes.push_back(axis);
    }
    return shape;
  }

  static std::vector<int64_t> Counts(const TableShape& shape,
                                     const std::vector<size_t>& variables,
                                     const std::vector<Record>& records) {
    std::vector<int64_t> counts(shape.cells(), 0);
    for (size_t cell = 0; cell < counts.size(); ++cell) {
      for (const Record& record : records) {
        bool in = true;
        for (size_t a = 0; a < variables.size(); ++a) {
          const size_t at = shape.at(cell, a);
          in = in &&
               (at == shape.axes[a].margin() || at == record[variables[a]]);
        }
        counts[cell] += in ? 1 : 0;
      }
    }
    return counts;
  }

  FrequencyTable Table(const std::vector<size_t>& variables) const {
    FrequencyTable table;
    table.data_set = "d";
    table.epoch = "e";
    table.shape = Shape(variables);
    table.counts = Counts(table.shape, variables, records_);
    return table;
  }

  const Microdata& data() const { return data_; }
  const std::vector<Record>& records() const { return records_; }

 private:
  std::mt19937 random_;
  Microdata data_;
  std::vector<Record> records_;
};

DisclosurePolicy Standard() {
  DisclosurePolicy policy;
  policy.largest_hidden_count = 7;
  policy.rounding_base = 5;
  policy.minimum_persons = 1;
  return policy;
}

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
  for (const auto& edits : proof.certificates) {
    worlds.push_back(Edited(world.records(), edits));
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
      request.records = [&](const std::vector<const TableShape*>&)
          -> absl::StatusOr<ProtectRequest::Records> {
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
  EXPECT_LE(missed, 3);
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
