#include "agent/data_source.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "agent/extract_codes.h"
#include "agent/population_map.h"
#include "core/base/status_macros.h"
#include "core/base/utf8.h"
#include "core/disclosure/cell_key.h"
#include "core/link/translate.h"

namespace cairn {
namespace {

constexpr char kToldInstead[] = "cairn/told-instead";

// The codes of an axis in the catalogue's order (places: by code).
std::vector<std::string> InOrder(const Level& level, DimensionKind kind,
                                 const std::vector<std::string>& codes) {
  const std::set<std::string> unique(codes.begin(), codes.end());
  if (kind == DimensionKind::kPlace) return {unique.begin(), unique.end()};
  std::vector<std::string> ordered;
  for (const Code& code : level.codes) {
    if (unique.count(code.id) > 0) ordered.push_back(code.id);
  }
  return ordered;
}

}  // namespace

void SetRefusal(const Refusal& refusal, v1::Answer* answer) {
  answer->mutable_refusal()->set_reason(refusal.reason);
  answer->mutable_refusal()->set_sentence(PrintableUtf8(refusal.sentence));
}

absl::Status Refuse(Refusal* refusal, v1::RefusalReason reason,
                    absl::string_view sentence) {
  *refusal = {reason, std::string(sentence)};
  return absl::FailedPreconditionError(refusal->sentence);
}

absl::Status TellInstead(absl::Status error, absl::string_view sentence) {
  error.SetPayload(kToldInstead, absl::Cord(sentence));
  return error;
}

std::string ToldInstead(const absl::Status& error) {
  return std::string(error.GetPayload(kToldInstead).value_or(absl::Cord()));
}

std::vector<std::string> DataSource::ValuesAt(
    int at, const std::string& variable) const {
  if (at != time_) return CodesAt(meta_.dimension(at), variable);
  const std::vector<std::string> levels = absl::StrSplit(variable, kAtomJoin);
  std::vector<std::string> codes;
  for (const Era& era : eras_) {
    std::vector<std::string> atom;
    for (const std::string& level : levels) {
      const auto found = era.code_of.find(level);
      if (found != era.code_of.end()) atom.push_back(found->second);
    }
    codes.push_back(atom.size() < levels.size()
                        ? ""
                        : absl::StrJoin(atom, std::string(1, kAtomCodeJoin)));
  }
  return codes;
}

absl::Status DataSource::NoKeys() const {
  return absl::FailedPreconditionError(absl::StrCat(
      path_,
      ": was loaded by a version that gave records no keys, which method "
      "CELL_KEY needs; load again"));
}

absl::Status DataSource::CheckKeys(absl::string_view agent_key) const {
  if (meta_.record_key_check().empty()) return NoKeys();
  if (meta_.record_key_check() == RecordKeyCheck(agent_key, data_set_.id)) {
    return absl::OkStatus();
  }
  return absl::FailedPreconditionError(absl::StrCat(
      path_,
      ": was loaded with another pseudonym.key than the agent has now; "
      "restore that key or load again"));
}

absl::StatusOr<TableShape> DataSource::Shape(const Plan& plan,
                                             Refusal* refusal) const {
  TableShape shape;
  double cells = 1;
  for (const PlanAxis& axis : plan.axes) {
    CAIRN_ASSIGN_OR_RETURN(TableAxis table_axis, AxisOf(axis, refusal));
    cells *= static_cast<double>(table_axis.size());
    shape.axes.push_back(std::move(table_axis));
  }
  if (cells > static_cast<double>(kMaxTableCells)) {
    return Refuse(
        refusal, v1::TOO_LARGE,
        absl::StrCat("the table would have ", static_cast<int64_t>(cells),
                     " cells; at most ", kMaxTableCells,
                     " are released at once: use coarser variables "
                     "or fewer of them"));
  }
  for (const Measure& measure : plan.tables) {
    const auto& held = meta_.quantity();
    if (measure.kind == Measure::Kind::kDistinctPersons &&
        !meta_.has_person()) {
      return Refuse(refusal, v1::NOT_HELD, "does not hold a person key");
    }
    if (measure.kind == Measure::Kind::kSum &&
        std::find(held.begin(), held.end(), measure.quantity) == held.end()) {
      return Refuse(refusal, v1::NOT_HELD,
                    absl::StrCat("does not hold ", measure.quantity));
    }
  }
  return shape;
}

absl::StatusOr<TableAxis> DataSource::AxisOf(const PlanAxis& axis,
                                             Refusal* refusal) const {
  const Dimension& dimension = data_set_.dimensions[axis.dimension];
  const Level& level = dimension.levels[axis.level];
  if (dimension.population.has_value()) {
    return PopulationAxis(dimension, refusal);
  }
  const int at = FindStored(meta_, dimension.id);
  if (at < 0) {
    return Refuse(refusal, v1::NOT_HELD,
                  absl::StrCat("does not hold ", level.variable));
  }
  const v1::ExtractDimension& stored = meta_.dimension(at);
  const int stored_level = dimension.FindLevel(stored.variable());
  const std::vector<std::string> codes = CodesAt(stored, level.variable);
  if (stored_level < 0 || codes.empty()) {
    return Refuse(
        refusal, v1::TOO_FINE,
        absl::StrCat("keeps ", stored.variable(), ", not ", level.variable,
                     "; nothing finer than its source is given"));
  }
  TableAxis result;
  result.variable = level.variable;
  result.multi_valued = dimension.multi_valued;
  result.codes = InOrder(level, dimension.kind, codes);
  std::map<std::string, size_t> index;
  for (size_t i = 0; i < result.codes.size(); ++i) index[result.codes[i]] = i;

  // Which codes are covered only in part.
  result.part.assign(result.codes.size(), false);
  if (dimension.kind == DimensionKind::kTime) {
    const std::set<std::string> covered(meta_.month().begin(),
                                        meta_.month().end());
    for (size_t i = 0; i < result.codes.size(); ++i) {
      if (result.codes[i] == kUnknownCode) continue;
      for (const std::string& month :
           MonthsOf(level.variable, result.codes[i])) {
        if (month < data_set_.months.front() ||
            month > data_set_.months.back()) {
          continue;  // nobody is asked about it
        }
        if (covered.count(month) == 0) result.part[i] = true;
      }
    }
  } else if (dimension.kind == DimensionKind::kCategory) {
    const std::set<std::string> held(stored.code().begin(),
                                     stored.code().end());
    for (size_t leaf = 0; leaf < dimension.up[0].size(); ++leaf) {
      const std::string& fine = dimension.levels[stored_level]
                                    .codes[dimension.up[stored_level][leaf]]
                                    .id;
      if (fine == kUnknownCode || held.count(fine) > 0) continue;
      const auto above =
          index.find(level.codes[dimension.up[axis.level][leaf]].id);
      if (above != index.end()) result.part[above->second] = true;
    }
  }

  for (size_t l = 0; l < dimension.levels.size(); ++l) {
    const int coarse = static_cast<int>(l);
    if (coarse == axis.level || !dimension.Nests(axis.level, coarse)) continue;
    const std::vector<std::string> above =
        CodesAt(stored, dimension.levels[l].variable);
    if (above.empty()) continue;
    TableAxis::RollUp roll_up{dimension.levels[l].variable, {}};
    roll_up.codes.resize(result.codes.size());
    for (size_t i = 0; i < codes.size(); ++i) {
      roll_up.codes[index[codes[i]]] = above[i];
    }
    result.roll_ups.push_back(std::move(roll_up));
  }
  return result;
}

absl::StatusOr<TableAxis> DataSource::PopulationAxis(const Dimension& dimension,
                                                     Refusal* refusal) const {
  CAIRN_ASSIGN_OR_RETURN(const Selection selection,
                         Selection::Create(data_set_, dimension.population));
  for (const SelectionAxis& axis : selection.axes()) {
    const Dimension& used = data_set_.dimensions[axis.dimension];
    const int at = FindStored(meta_, used.id);
    const std::string& variable = used.levels[axis.level].variable;
    if (at < 0 || CodesAt(meta_.dimension(at), variable).empty()) {
      return Refuse(refusal, v1::NOT_HELD,
                    absl::StrCat("does not hold ", variable, ", which ",
                                 dimension.id, " is made of"));
    }
  }
  TableAxis axis;
  axis.variable = dimension.levels[0].variable;
  axis.codes = {"1", "0"};
  axis.part = {false, false};
  return axis;
}

absl::StatusOr<TableShape> DataSource::MeetingShape(
    const MeetingAxes& axes) const {
  TableShape shape;
  for (const std::vector<std::string>& variables : axes) {
    CAIRN_ASSIGN_OR_RETURN(const DataSet::Variable at,
                           data_set_.FindVariable(variables[0]));
    TableAxis axis;
    if (variables.size() == 1) {
      Refusal refusal;
      CAIRN_ASSIGN_OR_RETURN(axis, AxisOf({at.dimension, at.level}, &refusal));
    } else {
      const Dimension& dimension = data_set_.dimensions[at.dimension];
      const int stored = FindStored(meta_, dimension.id);
      if (stored >= 0) {
        axis = AtomAxis(meta_.dimension(stored), dimension, variables);
      }
      if (axis.codes.empty()) {
        return absl::FailedPreconditionError(
            absl::StrCat("the extract does not say how the levels of ",
                         dimension.id, " hang together; load again"));
      }
    }
    shape.axes.push_back(std::move(axis));
  }
  return shape;
}

absl::StatusOr<ScanPlan> DataSource::PlanScan(const Plan& plan,
                                              const TableShape& shape,
                                              bool with_keys,
                                              const EraSet* span) const {
  if (with_keys && meta_.record_key_check().empty()) return NoKeys();
  CAIRN_ASSIGN_OR_RETURN(
      ScanPlan scan, MakeScanPlan(plan, shape, meta_,
                                  [this](int at, const std::string& variable) {
                                    return ValuesAt(at, variable);
                                  }));
  scan.time = time_;
  scan.options.keys = with_keys;
  scan.chosen.assign(eras_.size(), false);
  for (const int era : span == nullptr ? span_ : *span) scan.chosen[era] = true;
  return scan;
}

absl::StatusOr<Microdata> DataSource::Records(
    const std::vector<const TableShape*>&, bool) const {
  return absl::UnimplementedError(
      absl::StrCat(path_, ": its records are not given"));
}

v1::Holding DataSource::Holding() const {
  v1::Holding holding;
  holding.set_data_set(meta_.data_set());
  holding.set_epoch(meta_.epoch());
  holding.set_loaded_at(meta_.loaded_at());
  holding.set_area(meta_.area());
  *holding.mutable_month() = meta_.month();
  holding.set_mapping_version(meta_.mapping_version());
  for (const Dimension& dimension : data_set_.dimensions) {
    for (size_t l = 0; l < dimension.levels.size(); ++l) {
      PlanAxis axis;
      for (size_t d = 0; d < data_set_.dimensions.size(); ++d) {
        if (&data_set_.dimensions[d] == &dimension) {
          axis.dimension = static_cast<int>(d);
        }
      }
      axis.level = static_cast<int>(l);
      Refusal refusal;
      if (AxisOf(axis, &refusal).ok()) {
        holding.add_variable(dimension.levels[l].variable);
      }
    }
  }
  holding.add_measure("count");
  if (meta_.has_person()) holding.add_measure("distinct_persons");
  for (const std::string& quantity : meta_.quantity()) {
    holding.add_measure(absl::StrCat("sum:", quantity));
    holding.add_measure(absl::StrCat("mean:", quantity));
  }
  return holding;
}

}  // namespace cairn
