#ifndef CAIRN_TESTS_CORE_DISCLOSURE_RECORD_WORLD_H_
#define CAIRN_TESTS_CORE_DISCLOSURE_RECORD_WORLD_H_

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/disclosure/microdata.h"
#include "core/disclosure/policy.h"
#include "core/query/table.h"

namespace cairn {

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

  void Add(const Record& record) {
    data_.leaves.insert(data_.leaves.end(), record.begin(), record.end());
    records_.push_back(record);
  }

  const Microdata& data() const { return data_; }
  const std::vector<Record>& records() const { return records_; }

 private:
  std::mt19937 random_;
  Microdata data_;
  std::vector<Record> records_;
};

inline DisclosurePolicy Standard() {
  DisclosurePolicy policy;
  policy.largest_hidden_count = 7;
  policy.rounding_base = 5;
  policy.minimum_persons = 1;
  return policy;
}

}  // namespace cairn

#endif  // CAIRN_TESTS_CORE_DISCLOSURE_RECORD_WORLD_H_
