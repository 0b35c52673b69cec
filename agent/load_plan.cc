#include "agent/load_plan.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "agent/load_held.h"
#include "core/base/status_macros.h"

namespace cairn {
namespace {

std::vector<std::string> IdsOf(const Level& level) {
  std::vector<std::string> ids;
  for (const Code& code : level.codes) ids.push_back(code.id);
  return ids;
}

class Planner {
 public:
  explicit Planner(const MappingInputs& inputs)
      : in_(inputs), mapping_(*inputs.mapping), data_set_(*inputs.data_set) {}

  absl::StatusOr<LoadPlan> Plan() {
    if (mapping_.data_set() != data_set_.id) {
      return Fail(absl::StrCat("this mapping is for data set '",
                               mapping_.data_set(), "', not for '",
                               data_set_.id, "'"));
    }
    constexpr Precision kCarried[] = {Precision::kMonth, Precision::kDay,
                                      Precision::kMinute};
    plan_.precision = std::min(
        in_.precision, kCarried[static_cast<int>(data_set_.time_precision)]);
    for (const v1::Mapping::Column& given : mapping_.column()) {
      CAIRN_RETURN_IF_ERROR(AddColumn(given));
    }
    for (const v1::Mapping::Constant& constant : mapping_.constant()) {
      CAIRN_RETURN_IF_ERROR(AddConstant(constant));
    }
    if (plan_.date_column < 0) {
      return Fail(
          "no column has occurred_at: true; one must, since records outside "
          "the months covered are left out");
    }
    CAIRN_RETURN_IF_ERROR(AddClock());
    GiveSlots();
    return std::move(plan_);
  }

 private:
  using To = LoadPlan::To;
  using Held = LoadPlan::Held;
  using Given = v1::Mapping::Column;

  absl::Status Fail(absl::string_view sentence) const {
    return absl::InvalidArgumentError(absl::StrCat(Where(), sentence));
  }
  std::string Where() const { return absl::StrCat(in_.path, ": ", where_); }

  // The options that mean nothing for what a column stands for.
  absl::Status CheckOptions(const Given& given, absl::string_view what,
                            bool identity, bool bands, bool otherwise) const {
    const char* wrong = nullptr;
    if (given.identity() && !identity) wrong = "identity";
    if (given.number_to_band() && !bands) wrong = "number_to_band";
    const bool has = !given.unmapped().empty() || !given.empty().empty();
    if (has && !otherwise) wrong = "unmapped and empty";
    if (wrong == nullptr) return absl::OkStatus();
    return Fail(absl::StrCat("'", wrong, "' means nothing for ", what));
  }

  absl::Status AddColumn(const Given& given) {
    where_ = absl::StrCat("column '", given.name(), "': ");
    if (given.name().empty()) return Fail("it has no name");
    LoadPlan::Column column;
    column.name = given.name();
    column.unmapped_to = given.unmapped();
    column.empty_to = given.empty().empty() ? given.unmapped() : given.empty();
    switch (given.to_case()) {
      case Given::kVariable:
        CAIRN_RETURN_IF_ERROR(AddVariable(given, given.variable(), &column));
        break;
      case Given::kBirthDateOf:
        CAIRN_RETURN_IF_ERROR(AddBirthDate(given, &column));
        break;
      case Given::kOccurredAt:
        CAIRN_RETURN_IF_ERROR(AddDate(given, &column));
        break;
      case Given::kPersonKey:
        CAIRN_RETURN_IF_ERROR(AddPerson(given, &column));
        break;
      case Given::kRecordKey:
        CAIRN_RETURN_IF_ERROR(
            CheckOptions(given, "a record's key", false, false, false));
        column.to = To::kRecordKey;
        break;
      case Given::kQuantity:
        CAIRN_RETURN_IF_ERROR(AddQuantity(given, &column));
        break;
      case Given::TO_NOT_SET:
        return Fail(
            "it says nothing about what it stands for; give variable, "
            "occurred_at, person_key, record_key, quantity or birth_date_of");
    }
    if (!given.split().empty() && !column.multi_valued) {
      return Fail("'split' is only for a variable with several values");
    }
    plan_.columns.push_back(std::move(column));
    where_.clear();
    return absl::OkStatus();
  }

  // The variable, if it can be given by a column or a constant.
  absl::StatusOr<DataSet::Variable> Reach(const std::string& name) {
    const auto found = data_set_.FindVariable(name);
    if (!found.ok()) return Fail(found.status().message());
    const Dimension& dimension = data_set_.dimensions[found->dimension];
    if (dimension.population.has_value()) {
      return Fail(absl::StrCat(name, " is worked out from other variables; no ",
                               "column or constant may give it"));
    }
    if (dimension.kind != DimensionKind::kCategory &&
        dimension.kind != DimensionKind::kPlace) {
      return Fail(absl::StrCat(name, " comes from the record's date; map the ",
                               "date with occurred_at: true"));
    }
    const std::string by = where_.empty() ? "a constant" : where_;
    const auto [at, is_new] = reached_.try_emplace(found->dimension, by);
    if (!is_new) {
      return Fail(absl::StrCat(
          dimension.levels[found->level].variable, " is given already, by ",
          absl::StripSuffix(at->second, ": "),
          "; one column for each of: ", LevelNames(dimension)));
    }
    if (dimension.kind == DimensionKind::kPlace) {
      if (in_.places == nullptr) {
        return Fail(absl::StrCat(name, " needs the places file, and the ",
                                 "configuration names none"));
      }
      if (in_.places->FindVariable(name) < 0) {
        return Fail(absl::StrCat("the places file has no column for ", name));
      }
    }
    return *found;
  }

  static std::string LevelNames(const Dimension& dimension) {
    std::string names;
    for (const Level& level : dimension.levels) {
      absl::StrAppend(&names, names.empty() ? "" : ", ", level.variable);
    }
    return names;
  }

  absl::Status AddVariable(const Given& given, const std::string& variable,
                           LoadPlan::Column* column) {
    CAIRN_ASSIGN_OR_RETURN(const DataSet::Variable at, Reach(variable));
    const Dimension& dimension = data_set_.dimensions[at.dimension];
    const bool place = dimension.kind == DimensionKind::kPlace;
    CAIRN_RETURN_IF_ERROR(
        CheckOptions(given, place ? "a place" : "it", true, !place, true));
    column->multi_valued = dimension.multi_valued;
    column->split = given.split();
    if (!place && given.value().empty() && !given.identity() &&
        !given.number_to_band()) {
      return Fail("no text maps; give value, identity or number_to_band");
    }
    return Hold(given, at, given.number_to_band(), column);
  }

  absl::Status AddBirthDate(const Given& given, LoadPlan::Column* column) {
    CAIRN_ASSIGN_OR_RETURN(const DataSet::Variable at,
                           Reach(given.birth_date_of()));
    CAIRN_RETURN_IF_ERROR(
        CheckOptions(given, "a date of birth", false, false, true));
    const Dimension& dimension = data_set_.dimensions[at.dimension];
    if (dimension.kind != DimensionKind::kCategory || dimension.multi_valued) {
      return Fail(absl::StrCat(given.birth_date_of(), " has no age bands"));
    }
    column->to = To::kBirthDate;
    return Hold(given, at, /*bands=*/true, column);
  }

  absl::Status Hold(const Given& given, const DataSet::Variable& at, bool bands,
                    LoadPlan::Column* column) {
    column_of_[at.dimension] = static_cast<int>(plan_.columns.size());
    return HeldCodes(in_, at, Where())
        .OfColumn(given, bands, &held_[at.dimension], &column->table);
  }

  // For dates and persons, a value can only be declared to mean "not known".
  absl::Status AddUnknowns(const Given& given, absl::string_view means,
                           CodeTable* table) {
    for (const v1::Mapping::Value& value : given.value()) {
      CAIRN_ASSIGN_OR_RETURN(const std::string text, TextOf(value, Where()));
      if (value.to() != kUnknownCode) {
        return Fail(absl::StrCat("a value can only go to U here: ", means));
      }
      table->AddValue(text, 0);
      date_may_be_unknown_ |= given.has_occurred_at();
    }
    return absl::OkStatus();
  }

  absl::Status AddDate(const Given& given, LoadPlan::Column* column) {
    CAIRN_RETURN_IF_ERROR(CheckTrue(given.occurred_at(), "occurred_at"));
    CAIRN_RETURN_IF_ERROR(
        CheckOptions(given, "the record's date", false, false, true));
    if (plan_.date_column >= 0) {
      return Fail(
          absl::StrCat("the record's date is given already, by column '",
                       plan_.columns[plan_.date_column].name, "'"));
    }
    column->to = To::kDate;
    CAIRN_RETURN_IF_ERROR(
        AddUnknowns(given, "the date is not known", &column->table));
    for (const std::string* code : {&given.unmapped(), &given.empty()}) {
      if (code->empty()) continue;
      if (*code != kUnknownCode) {
        return Fail("'unmapped' and 'empty' can only be U for a date");
      }
      date_may_be_unknown_ = true;
    }
    if (!given.unmapped().empty()) column->table.unmapped = 0;
    if (!column->empty_to.empty()) column->table.empty = 0;
    plan_.date_column = static_cast<int>(plan_.columns.size());
    return absl::OkStatus();
  }

  absl::Status AddPerson(const Given& given, LoadPlan::Column* column) {
    CAIRN_RETURN_IF_ERROR(CheckTrue(given.person_key(), "person_key"));
    CAIRN_RETURN_IF_ERROR(
        CheckOptions(given, "a person's key", false, false, false));
    if (!data_set_.has_person_key) {
      return Fail(absl::StrCat("the records of data set ", data_set_.id,
                               " have no person in the catalogue"));
    }
    if (plan_.person_column >= 0) {
      return Fail(absl::StrCat("the person's key is given already, by column '",
                               plan_.columns[plan_.person_column].name, "'"));
    }
    column->to = To::kPerson;
    plan_.person_column = static_cast<int>(plan_.columns.size());
    return AddUnknowns(given, "the person is not known", &column->table);
  }

  absl::Status CheckTrue(bool value, absl::string_view name) const {
    return value ? absl::OkStatus()
                 : Fail(absl::StrCat(name,
                                     " can only be true; leave the "
                                     "column out instead"));
  }

  absl::StatusOr<int64_t> Amount(const std::string& text,
                                 const Quantity& quantity) const {
    const auto amount = ParseAmount(text, quantity.decimals);
    if (amount.has_value()) {
      return std::clamp(*amount, quantity.clip_low, quantity.clip_high);
    }
    return Fail(absl::StrCat("'", text, "' is not a number such as 2 or 2.5, ",
                             "which ", quantity.variable, " needs"));
  }

  absl::Status AddQuantity(const Given& given, LoadPlan::Column* column) {
    CAIRN_RETURN_IF_ERROR(CheckOptions(given, "a number", false, false, true));
    const Quantity* quantity = data_set_.FindQuantity(given.quantity());
    if (quantity == nullptr) {
      std::vector<std::string> names;
      for (const Quantity& known : data_set_.quantities) {
        names.push_back(known.variable);
      }
      return Fail(absl::StrCat("data set ", data_set_.id, " has no quantity '",
                               given.quantity(), "'",
                               DidYouMean(given.quantity(), names)));
    }
    for (const LoadPlan::Column& other : plan_.columns) {
      if (other.quantity != quantity) continue;
      return Fail(absl::StrCat(given.quantity(), " is given already, by ",
                               "column '", other.name, "'"));
    }
    column->to = To::kQuantity;
    column->quantity = quantity;
    for (const v1::Mapping::Value& value : given.value()) {
      CAIRN_ASSIGN_OR_RETURN(const std::string text, TextOf(value, Where()));
      CAIRN_ASSIGN_OR_RETURN(const int64_t amount,
                             Amount(value.to(), *quantity));
      if (!column->table.AddValue(text, amount)) {
        return Fail(absl::StrCat("the value '", text,
                                 "' is there twice, with different numbers"));
      }
    }
    if (!given.unmapped().empty()) {
      CAIRN_ASSIGN_OR_RETURN(column->table.unmapped,
                             Amount(given.unmapped(), *quantity));
    }
    if (!column->empty_to.empty()) {
      CAIRN_ASSIGN_OR_RETURN(column->table.empty,
                             Amount(column->empty_to, *quantity));
    }
    return absl::OkStatus();
  }

  absl::Status AddConstant(const v1::Mapping::Constant& constant) {
    where_ = absl::StrCat("constant '", constant.variable(), "': ");
    CAIRN_ASSIGN_OR_RETURN(const DataSet::Variable at,
                           Reach(constant.variable()));
    CAIRN_RETURN_IF_ERROR(
        HeldCodes(in_, at, Where())
            .OfConstant(constant.code(), &held_[at.dimension]));
    where_.clear();
    return absl::OkStatus();
  }

  // What follows from the record's date, as finely as it is known.
  absl::Status AddClock() {
    for (size_t d = 0; d < data_set_.dimensions.size(); ++d) {
      const Dimension& dimension = data_set_.dimensions[d];
      Held held{static_cast<int>(d), 0};
      if (dimension.kind == DimensionKind::kTime) {
        held.from = LoadPlan::From::kMonth;
        CAIRN_RETURN_IF_ERROR(HoldMonths(dimension.levels[0], &held));
      } else if (dimension.kind == DimensionKind::kWeekday &&
                 plan_.precision >= Precision::kDay) {
        held.from = LoadPlan::From::kWeekday;
      } else if (dimension.kind == DimensionKind::kHour &&
                 plan_.precision >= Precision::kMinute) {
        held.from = LoadPlan::From::kHour;
      } else {
        continue;
      }
      if (held.from != LoadPlan::From::kMonth) {
        held.codes = IdsOf(dimension.levels[0]);
        held.codes.pop_back();  // U
      }
      if (date_may_be_unknown_) {
        held.unknown = static_cast<int>(held.codes.size());
        held.codes.push_back(kUnknownCode);
      }
      held_[static_cast<int>(d)] = std::move(held);
    }
    return absl::OkStatus();
  }

  absl::Status HoldMonths(const Level& finest, Held* held) const {
    for (const std::string& month : in_.months) {
      CAIRN_ASSIGN_OR_RETURN(const std::string code,
                             CalendarCode(month, finest.variable));
      if (held->codes.empty() || held->codes.back() != code) {
        held->codes.push_back(code);
      }
      held->code_of_month.push_back(static_cast<int>(held->codes.size()) - 1);
    }
    return absl::OkStatus();
  }

  void GiveSlots() {
    int slot = 0;
    for (auto& [dimension, held] : held_) {
      const auto column = column_of_.find(dimension);
      if (column != column_of_.end()) plan_.columns[column->second].slot = slot;
      plan_.dimensions.push_back(std::move(held));
      ++slot;
    }
    for (const Quantity& quantity : data_set_.quantities) {
      for (LoadPlan::Column& column : plan_.columns) {
        if (column.quantity != &quantity) continue;
        plan_.quantities.push_back(&quantity);
        column.slot = slot++;
      }
    }
  }

  const MappingInputs& in_;
  const v1::Mapping& mapping_;
  const DataSet& data_set_;
  LoadPlan plan_;
  std::string where_;                   // "column 'X': "
  std::map<int, std::string> reached_;  // by dimension: by which column
  std::map<int, Held> held_;            // by dimension
  std::map<int, int> column_of_;        // by dimension
  bool date_may_be_unknown_ = false;
};

}  // namespace

absl::StatusOr<LoadPlan> MakeLoadPlan(const MappingInputs& inputs) {
  return Planner(inputs).Plan();
}

void DescribeUnmapped(const LoadPlan& plan, const DataSet& data_set,
                      v1::ExtractMeta* meta) {
  meta->set_says_unmapped(true);
  const auto add = [&](const LoadPlan::Held& held, const std::string& code) {
    v1::Unmapped* unmapped = meta->add_unmapped();
    unmapped->set_dimension(data_set.dimensions[held.dimension].id);
    unmapped->set_code(code);
  };
  for (const LoadPlan::Column& column : plan.columns) {
    if (column.unmapped_to.empty()) continue;
    for (size_t slot = 0; slot < plan.dimensions.size(); ++slot) {
      const LoadPlan::Held& held = plan.dimensions[slot];
      const bool of_date = held.from != LoadPlan::From::kColumn &&
                           held.from != LoadPlan::From::kConstant;
      if (column.to == LoadPlan::To::kDate
              ? of_date
              : column.slot == static_cast<int>(slot)) {
        add(held, column.unmapped_to);
      }
    }
  }
}

}  // namespace cairn
