// SqliteSource::Records.

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "agent/population_map.h"
#include "agent/sqlite_source.h"
#include "core/base/status_macros.h"

namespace cairn {
namespace {

using ValuesAt =
    std::function<std::vector<std::string>(int, const std::string&)>;

// The stored columns, and what their numbers mean on the axes of some tables.
class RecordColumns {
 public:
  // `time`: the stored dimension that eras stand for; -1: none.
  RecordColumns(const DataSet& data_set, const v1::ExtractMeta& meta, int time,
                ValuesAt values_at)
      : data_set_(data_set),
        meta_(meta),
        time_(time),
        values_at_(std::move(values_at)),
        sets_(meta.dimension_size()),
        values_(meta.dimension_size()) {
    for (const v1::ExtractDimension& stored : meta.dimension()) {
      const auto found = std::find_if(
          data_set.dimensions.begin(), data_set.dimensions.end(),
          [&](const Dimension& d) { return d.id == stored.dimension(); });
      multi_.push_back(found != data_set.dimensions.end() &&
                       found->multi_valued);
    }
    data_.era_part =
        static_cast<size_t>(time < 0 ? meta.dimension_size() : time);
  }

  absl::Status AddVariable(const TableAxis& axis) {
    for (Microdata::Variable& known : data_.variables) {
      if (known.name != axis.variable) continue;
      // Tables of other epochs may have other months.
      for (const std::string& code : axis.codes) {
        if (std::find(known.names.begin(), known.names.end(), code) ==
            known.names.end()) {
          known.names.push_back(code);
        }
      }
      return absl::OkStatus();
    }
    // Atoms are named by the levels they are atoms of.
    CAIRN_ASSIGN_OR_RETURN(const DataSet::Variable variable,
                           data_set_.FindVariable(axis.variable.substr(
                               0, axis.variable.find(kAtomJoin))));
    const Dimension& dimension = data_set_.dimensions[variable.dimension];
    Microdata::Variable added;
    added.name = axis.variable;
    added.names = axis.codes;
    if (dimension.population.has_value()) {
      auto map = std::make_shared<PopulationMap>();
      CAIRN_ASSIGN_OR_RETURN(
          *map,
          PopulationMap::Create(
              data_set_, dimension, meta_,
              [](int at) { return static_cast<size_t>(at); }, values_at_));
      for (const PopulationMap::Column& column : map->columns) {
        added.parts.push_back(column.at);
      }
      populations_.emplace_back(data_.variables.size(), std::move(map));
    } else {
      const int at = FindStored(meta_, dimension.id);
      if (at < 0) return absl::NotFoundError(axis.variable);
      added.parts = {static_cast<size_t>(at)};
    }
    data_.variables.push_back(std::move(added));
    return absl::OkStatus();
  }

  // A part for each stored dimension, and one for the era where no dimension
  // stands for it.
  std::vector<std::string> Columns() const {
    std::vector<std::string> names;
    for (int at = 0; at < meta_.dimension_size(); ++at) {
      names.push_back(at == time_ ? "era" : absl::StrCat("d", at));
    }
    if (time_ < 0) names.emplace_back("era");
    return names;
  }

  // A set of codes of a multi-valued dimension is one leaf.
  absl::StatusOr<Microdata::Leaf> LeafOf(size_t part, int64_t value) {
    if (part < multi_.size() && multi_[part]) {
      const auto [found, fresh] = sets_[part].try_emplace(
          value, static_cast<Microdata::Leaf>(values_[part].size()));
      if (fresh) values_[part].push_back(value);
      return found->second;
    }
    if (value < 0 || value >= Leaves(part)) {
      return absl::DataLossError("a record is damaged; load again");
    }
    return static_cast<Microdata::Leaf>(value);
  }

  // Of multi-valued dimensions: no code, each code, and each two of them.
  void AddAnySets() {
    for (size_t part = 0; part < multi_.size(); ++part) {
      if (!multi_[part]) continue;
      const int codes = meta_.dimension(static_cast<int>(part)).code_size();
      values_[part].push_back(0);
      for (int a = 0; a < codes; ++a) {
        for (int b = 0; b <= a; ++b) {
          values_[part].push_back(int64_t{1} << a | int64_t{1} << b);
        }
      }
    }
  }

  Microdata Finish(std::vector<Microdata::Leaf> leaves) {
    for (int at = 0; at < meta_.dimension_size(); ++at) {
      const v1::ExtractDimension& stored = meta_.dimension(at);
      const size_t part = static_cast<size_t>(at);
      for (int i = 0; !multi_[part] && i < Leaves(part); ++i) {
        values_[part].push_back(i);
      }
      data_.parts.push_back({stored.dimension(), NamesOf(at)});
    }
    if (time_ < 0) data_.parts.push_back({"", EraNames()});
    for (Microdata::Variable& variable : data_.variables) {
      if (variable.parts.size() == 1) FillCodes(&variable);
    }
    for (const auto& [variable, map] : populations_) {
      data_.variables[variable].codes.clear();
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
  int Leaves(size_t part) const {
    return part == data_.era_part
               ? std::max(meta_.era_size(), 1)
               : meta_.dimension(static_cast<int>(part)).code_size();
  }

  std::vector<std::string> NamesOf(int at) const {
    const v1::ExtractDimension& stored = meta_.dimension(at);
    if (at == time_) return EraNames();
    if (!multi_[static_cast<size_t>(at)]) {
      return {stored.code().begin(), stored.code().end()};
    }
    std::vector<std::string> names;
    for (const int64_t set : values_[static_cast<size_t>(at)]) {
      std::vector<std::string> codes;
      for (int code = 0; code < stored.code_size(); ++code) {
        if ((static_cast<uint64_t>(set) >> code & 1) != 0) {
          codes.push_back(stored.code(code));
        }
      }
      names.push_back(absl::StrJoin(codes, " "));
    }
    return names;
  }

  // By its time and the loads it came and went with.
  std::vector<std::string> EraNames() const {
    std::vector<std::string> names;
    for (const v1::ExtractEra& era : meta_.era()) {
      names.push_back(absl::StrCat(era.in_size() == 0 ? "" : era.in(0).code(),
                                   " ", absl::StrJoin(era.bound(), " ")));
    }
    if (names.empty()) names.emplace_back();
    return names;
  }

  void FillCodes(Microdata::Variable* variable) const {
    const size_t part = variable->parts[0];
    std::map<std::string, size_t> index;
    for (size_t i = 0; i < variable->names.size(); ++i) {
      index[variable->names[i]] = i;
    }
    const std::vector<std::string> codes =
        values_at_(static_cast<int>(part), variable->name);
    for (const int64_t value : values_[part]) {
      variable->codes.emplace_back();
      for (size_t code = 0; code < codes.size(); ++code) {
        const bool has = multi_[part]
                             ? (static_cast<uint64_t>(value) >> code & 1) != 0
                             : static_cast<size_t>(value) == code;
        const auto found = has ? index.find(codes[code]) : index.end();
        if (found != index.end()) {
          variable->codes.back().push_back(found->second);
        }
      }
    }
  }

  const DataSet& data_set_;
  const v1::ExtractMeta& meta_;
  const int time_;
  const ValuesAt values_at_;
  Microdata data_;
  std::vector<bool> multi_;  // by part
  std::vector<absl::flat_hash_map<int64_t, Microdata::Leaf>> sets_;
  std::vector<std::vector<int64_t>> values_;  // by part and leaf: as stored
  std::vector<std::pair<size_t, std::shared_ptr<PopulationMap>>> populations_;
};

}  // namespace

absl::StatusOr<Microdata> SqliteSource::Records(
    const std::vector<const TableShape*>& shapes, bool held) const {
  RecordColumns columns(data_set_, meta_, time_,
                        [this](int at, const std::string& variable) {
                          return ValuesAt(at, variable);
                        });
  for (const TableShape* shape : shapes) {
    for (const TableAxis& axis : shape->axes) {
      CAIRN_RETURN_IF_ERROR(columns.AddVariable(axis));
    }
  }
  if (!held) {
    columns.AddAnySets();
    return columns.Finish({});
  }
  const std::vector<std::string> names = columns.Columns();
  CAIRN_ASSIGN_OR_RETURN(
      Statement select,
      database_->Prepare(
          absl::StrCat("SELECT ", absl::StrJoin(names, ", "), " FROM record")));
  std::vector<Microdata::Leaf> leaves;
  leaves.reserve(meta_.rows() * names.size());
  while (true) {
    CAIRN_ASSIGN_OR_RETURN(const bool more, select.Step());
    if (!more) break;
    for (size_t part = 0; part < names.size(); ++part) {
      CAIRN_ASSIGN_OR_RETURN(
          const Microdata::Leaf leaf,
          columns.LeafOf(part, select.Int(static_cast<int>(part))));
      leaves.push_back(leaf);
    }
  }
  return columns.Finish(std::move(leaves));
}

}  // namespace cairn
