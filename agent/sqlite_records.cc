// SqliteSource::Records.

#include <algorithm>
#include <map>
#include <memory>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "agent/extract_codes.h"
#include "agent/population_map.h"
#include "agent/sqlite_source.h"
#include "core/base/status_macros.h"

namespace cairn {
namespace {

// The stored columns, and what their numbers mean on the axes of some tables.
class RecordColumns {
 public:
  RecordColumns(const DataSet& data_set, const v1::ExtractMeta& meta)
      : data_set_(data_set), meta_(meta) {
    for (int at = 0; at < meta.dimension_size(); ++at) PartOf(at);
  }

  absl::Status AddVariable(const TableAxis& axis) {
    for (const Microdata::Variable& known : data_.variables) {
      if (known.name == axis.variable) return absl::OkStatus();
    }
    // Atoms are named by the levels they are atoms of.
    CAIRN_ASSIGN_OR_RETURN(
        const DataSet::Variable variable,
        data_set_.FindVariable(
            axis.variable.substr(0, axis.variable.find(kAtomJoin))));
    const Dimension& dimension = data_set_.dimensions[variable.dimension];
    Microdata::Variable added;
    added.name = axis.variable;
    added.names = axis.codes;
    if (dimension.population.has_value()) {
      auto map = std::make_shared<PopulationMap>();
      CAIRN_ASSIGN_OR_RETURN(
          *map, PopulationMap::Create(data_set_, dimension, meta_,
                                      [this](int at) { return PartOf(at); }));
      for (const PopulationMap::Column& column : map->columns) {
        added.parts.push_back(column.at);
      }
      populations_.emplace_back(data_.variables.size(), std::move(map));
    } else {
      const int at = FindStored(meta_, dimension.id);
      added.parts = {PartOf(at)};
      axes_.emplace_back(data_.variables.size(), axis);
    }
    data_.variables.push_back(std::move(added));
    return absl::OkStatus();
  }

  const std::vector<int>& stored() const { return stored_; }

  // A set of codes of a multi-valued dimension is one leaf.
  absl::StatusOr<Microdata::Leaf> LeafOf(size_t part, int64_t value) {
    const size_t codes =
        static_cast<size_t>(meta_.dimension(stored_[part]).code_size());
    if (!multi_[part]) {
      if (value < 0 || static_cast<size_t>(value) >= codes) {
        return absl::DataLossError("a record is damaged; load again");
      }
      return static_cast<Microdata::Leaf>(value);
    }
    const auto [found, fresh] = sets_[part].try_emplace(
        value, static_cast<Microdata::Leaf>(values_[part].size()));
    if (fresh) values_[part].push_back(value);
    return found->second;
  }

  Microdata Finish(std::vector<Microdata::Leaf> leaves) {
    for (size_t part = 0; part < stored_.size(); ++part) {
      const v1::ExtractDimension& stored = meta_.dimension(stored_[part]);
      std::vector<std::string> names;
      if (multi_[part]) {
        for (const int64_t set : values_[part])
          names.push_back(SetName(stored, set));
      } else {
        names.assign(stored.code().begin(), stored.code().end());
        for (size_t i = 0; i < names.size(); ++i) {
          values_[part].push_back(static_cast<int64_t>(i));
        }
      }
      data_.parts.push_back({stored.dimension(), std::move(names)});
    }
    for (const auto& [variable, axis] : axes_) {
      FillCodes(axis, &data_.variables[variable]);
    }
    for (const auto& [variable, map] : populations_) {
      data_.variables[variable].code =
          [map = map, values = values_](const Microdata::Leaf* record) {
            std::vector<int64_t> row(values.size());
            for (size_t part = 0; part < row.size(); ++part) {
              row[part] = values[part][record[part]];
            }
            return static_cast<size_t>(map->Admits(row) == 1 ? 0 : 1);
          };
    }
    data_.leaves = std::move(leaves);
    return std::move(data_);
  }

 private:
  size_t PartOf(int at) {
    const auto found = std::find(stored_.begin(), stored_.end(), at);
    if (found != stored_.end()) {
      return static_cast<size_t>(found - stored_.begin());
    }
    stored_.push_back(at);
    bool multi = false;
    for (const Dimension& dimension : data_set_.dimensions) {
      if (dimension.id == meta_.dimension(at).dimension()) {
        multi = dimension.multi_valued;
      }
    }
    multi_.push_back(multi);
    sets_.emplace_back();
    values_.emplace_back();
    return stored_.size() - 1;
  }

  static std::string SetName(const v1::ExtractDimension& stored, int64_t set) {
    std::vector<std::string> codes;
    for (int code = 0; code < stored.code_size(); ++code) {
      if ((static_cast<uint64_t>(set) >> code & 1) != 0) {
        codes.push_back(stored.code(code));
      }
    }
    return absl::StrJoin(codes, " ");
  }

  void FillCodes(const TableAxis& axis, Microdata::Variable* variable) const {
    const size_t part = variable->parts[0];
    std::map<std::string, size_t> index;
    for (size_t i = 0; i < axis.codes.size(); ++i) index[axis.codes[i]] = i;
    std::vector<size_t> position;
    for (const std::string& code :
         CodesAt(meta_.dimension(stored_[part]), axis.variable)) {
      position.push_back(index.at(code));
    }
    for (const int64_t value : values_[part]) {
      variable->codes.emplace_back();
      if (!multi_[part]) {
        variable->codes.back() = {position[static_cast<size_t>(value)]};
        continue;
      }
      // As Tabulator::Add takes it: the mask's bits are places on the axis.
      for (size_t code = 0; code < axis.codes.size(); ++code) {
        if ((static_cast<uint64_t>(value) >> code & 1) == 0) continue;
        variable->codes.back().push_back(code);
      }
    }
  }

  const DataSet& data_set_;
  const v1::ExtractMeta& meta_;
  Microdata data_;
  std::vector<int> stored_;                   // by part: in meta.dimension()
  std::vector<bool> multi_;                   // by part
  std::vector<std::vector<int64_t>> values_;  // by part and leaf: as stored
  std::vector<absl::flat_hash_map<int64_t, Microdata::Leaf>> sets_;
  std::vector<std::pair<size_t, TableAxis>> axes_;
  std::vector<std::pair<size_t, std::shared_ptr<PopulationMap>>> populations_;
};

}  // namespace

absl::StatusOr<Microdata> SqliteSource::Records(
    const std::vector<const TableShape*>& shapes) const {
  RecordColumns columns(data_set_, meta_);
  for (const TableShape* shape : shapes) {
    for (const TableAxis& axis : shape->axes) {
      CAIRN_RETURN_IF_ERROR(columns.AddVariable(axis));
    }
  }
  std::vector<std::string> names = {"1"};
  for (const int at : columns.stored()) names.push_back(absl::StrCat("d", at));
  CAIRN_ASSIGN_OR_RETURN(
      Statement select,
      database_->Prepare(
          absl::StrCat("SELECT ", absl::StrJoin(names, ", "), " FROM record")));
  std::vector<Microdata::Leaf> leaves;
  leaves.reserve(meta_.rows() * columns.stored().size());
  while (true) {
    CAIRN_ASSIGN_OR_RETURN(const bool more, select.Step());
    if (!more) break;
    for (size_t part = 0; part < columns.stored().size(); ++part) {
      CAIRN_ASSIGN_OR_RETURN(
          const Microdata::Leaf leaf,
          columns.LeafOf(part, select.Int(static_cast<int>(part) + 1)));
      leaves.push_back(leaf);
    }
  }
  return columns.Finish(std::move(leaves));
}

}  // namespace cairn
