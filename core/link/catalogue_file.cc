#include "core/link/catalogue_file.h"

#include <cstdint>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "core/base/digest.h"
#include "core/base/status_macros.h"
#include "core/link/place_entries.h"
#include "core/link/policy_file.h"
#include "core/link/structural_zero_entries.h"
#include "core/link/text_config.h"
#include "core/query/filter_text.h"
#include "core/query/selection.h"

namespace cairn {
namespace {

constexpr int kMaxCodes = 5000;

absl::Status Invalid(absl::string_view sentence) {
  return absl::InvalidArgumentError(sentence);
}

// Names become column headings, flags and file names.
absl::Status CheckName(absl::string_view what, absl::string_view name) {
  bool fine = !name.empty() && name.size() <= 64;
  for (const char c : name) {
    fine = fine && (absl::ascii_islower(c) || absl::ascii_isdigit(c) ||
                    c == '_' || c == '-');
  }
  if (fine) return absl::OkStatus();
  return Invalid(
      absl::StrCat(what, " '", name.substr(0, 64),
                   "' must be 1 to 64 lower-case letters, digits, - or _"));
}

// A DNS name; it becomes a part of key names, where no other signs may stand.
absl::Status CheckDomain(absl::string_view domain) {
  bool fine = domain.size() <= 253;
  for (const char c : domain) {
    fine = fine && (absl::ascii_islower(c) || absl::ascii_isdigit(c) ||
                    c == '.' || c == '-');
  }
  if (fine) return absl::OkStatus();
  return Invalid(absl::StrCat("domain '", domain.substr(0, 64),
                              "' must be lower-case letters, digits, - or ., "
                              "253 at most"));
}

using CodeLists = std::map<std::string, const v1::CodeList*>;

DimensionKind KindOf(v1::DimensionKind kind) {
  switch (kind) {
    case v1::TIME:
      return DimensionKind::kTime;
    case v1::WEEKDAY:
      return DimensionKind::kWeekday;
    case v1::HOUR:
      return DimensionKind::kHour;
    case v1::PLACE:
      return DimensionKind::kPlace;
    default:
      return DimensionKind::kCategory;
  }
}

Code ToCode(const v1::Code& message) {
  Code code;
  code.id = message.id();
  code.label = message.label().empty() ? message.id() : message.label();
  code.aliases.assign(message.alias().begin(), message.alias().end());
  if (message.has_at_least()) code.at_least = message.at_least();
  if (message.has_at_most()) code.at_most = message.at_most();
  return code;
}

absl::Status FillCodes(const v1::CodeList& list, Level* level,
                       std::vector<Within>* within) {
  std::set<std::string> ids;
  for (const v1::Code& message : list.code()) {
    if (message.id().empty() || message.id().size() > 40 ||
        message.id() == kTotal || !ids.insert(message.id()).second) {
      return Invalid(absl::StrCat("code list ", list.id(), ": code '",
                                  message.id().substr(0, 40),
                                  "' is empty, too long, reserved or twice"));
    }
    level->codes.push_back(ToCode(message));
    if (within == nullptr) continue;
    Within above;
    for (const v1::Within& in : message.in()) above[in.level()] = in.code();
    within->push_back(std::move(above));
  }
  if (level->codes.size() > kMaxCodes) {
    return Invalid(absl::StrCat("code list ", list.id(), " has more than ",
                                kMaxCodes, " codes"));
  }
  return absl::OkStatus();
}

absl::StatusOr<Dimension> ToDimension(const v1::Dimension& message,
                                      const CodeLists& lists,
                                      const std::vector<std::string>& months) {
  CAIRN_RETURN_IF_ERROR(CheckName("dimension", message.id()));
  Dimension dimension;
  dimension.id = message.id();
  dimension.title = message.title();
  dimension.kind = KindOf(message.kind());
  dimension.multi_valued = message.multi_valued();
  dimension.sensitive = message.sensitive();
  if (message.kind() == v1::DIMENSION_KIND_UNSPECIFIED) {
    return Invalid(absl::StrCat("dimension ", message.id(), " has no kind"));
  }
  std::vector<Within> within;
  for (const v1::Level& given : message.level()) {
    CAIRN_RETURN_IF_ERROR(CheckName("variable", given.variable()));
    Level level;
    level.variable = given.variable();
    level.title = given.title().empty() ? given.variable() : given.title();
    level.nests_in.assign(given.nests_in().begin(), given.nests_in().end());
    if (dimension.kind == DimensionKind::kCategory) {
      const auto list = lists.find(given.code_list());
      if (list == lists.end()) {
        return Invalid(absl::StrCat("variable ", given.variable(),
                                    ": there is no code list '",
                                    given.code_list(), "'"));
      }
      CAIRN_RETURN_IF_ERROR(FillCodes(
          *list->second, &level, dimension.levels.empty() ? &within : nullptr));
    }
    dimension.levels.push_back(std::move(level));
  }
  if (dimension.multi_valued &&
      (dimension.levels.size() != 1 ||
       dimension.kind != DimensionKind::kCategory || within.size() > 62)) {
    return Invalid(absl::StrCat(
        "dimension ", message.id(),
        ": a multi-valued variable has one level of at most 62 codes"));
  }
  CAIRN_RETURN_IF_ERROR(CompleteDimension(months, within, &dimension));
  return dimension;
}

absl::StatusOr<Quantity> ToQuantity(const v1::Quantity& message) {
  CAIRN_RETURN_IF_ERROR(CheckName("quantity", message.variable()));
  if (message.decimals() > 4 || message.clip_low() < 0 ||
      message.clip_high() <= message.clip_low() ||
      message.clip_high() > 1'000'000'000) {
    return Invalid(absl::StrCat(
        "quantity ", message.variable(),
        ": needs 0 <= clip_low < clip_high <= 10^9 and at most 4 decimals"));
  }
  Quantity quantity;
  quantity.variable = message.variable();
  quantity.title = message.title();
  quantity.unit = message.unit();
  quantity.decimals = static_cast<int>(message.decimals());
  int64_t scale = 1;
  for (int i = 0; i < quantity.decimals; ++i) scale *= 10;
  quantity.clip_low = message.clip_low() * scale;
  quantity.clip_high = message.clip_high() * scale;
  return quantity;
}

absl::StatusOr<Dimension> ToPopulation(const v1::Population& message,
                                       const DataSet& data_set) {
  CAIRN_RETURN_IF_ERROR(CheckName("population", message.variable()));
  Dimension dimension;
  dimension.id = message.variable();
  dimension.title = message.title();
  auto filter = ParseFilter(message.where(), data_set);
  if (!filter.ok()) {
    return Invalid(absl::StrCat("population ", message.variable(), ": ",
                                filter.status().message()));
  }
  auto selection = Selection::Create(data_set, *filter);
  if (!selection.ok()) {
    return Invalid(absl::StrCat("population ", message.variable(), ": ",
                                selection.status().message()));
  }
  for (const SelectionAxis& axis : selection->axes()) {
    const Dimension& used = data_set.dimensions[axis.dimension];
    if (used.kind == DimensionKind::kCategory) continue;
    return Invalid(absl::StrCat("population ", message.variable(), " uses ",
                                used.levels[axis.level].variable,
                                ", which is not a category"));
  }
  dimension.population = *std::move(filter);
  Level level;
  level.variable = message.variable();
  level.title = message.title();
  for (const auto& [id, label] :
       {std::pair{"1", "Yes"}, std::pair{"0", "No"}}) {
    Code code;
    code.id = id;
    code.label = label;
    level.codes.push_back(std::move(code));
  }
  level.whole = {true, true};
  dimension.levels = {std::move(level)};
  dimension.up = {{0, 1}};
  return dimension;
}

absl::Status CheckUnique(const DataSet& data_set) {
  std::set<std::string> names;
  for (const std::string& name : data_set.VariableNames()) {
    if (!names.insert(name).second || name == "agency" || name == "measure" ||
        name == "value" || name == "status" || name == "low" ||
        name == "high") {
      return Invalid(absl::StrCat("variable ", name,
                                  " is there twice, or is a reserved word"));
    }
  }
  return absl::OkStatus();
}

TimePrecision PrecisionOf(v1::TimePrecision precision) {
  switch (precision) {
    case v1::DAY:
      return TimePrecision::kDay;
    case v1::MINUTE:
      return TimePrecision::kMinute;
    default:
      return TimePrecision::kMonth;
  }
}

absl::StatusOr<DataSet> ToDataSet(
    const v1::Catalogue& catalogue, const v1::DataSet& message,
    const CodeLists& lists,
    const std::map<std::string, const v1::Dimension*>& shared) {
  CAIRN_RETURN_IF_ERROR(CheckName("data set", message.id()));
  DataSet data_set;
  data_set.id = message.id();
  data_set.title = message.title();
  data_set.grain = message.grain();
  data_set.unit = message.unit();
  data_set.has_person_key = message.has_person_key();
  data_set.time_precision = PrecisionOf(message.time_precision());
  if (message.agencies() == v1::COMBINATION_UNSPECIFIED ||
      message.time_precision() == v1::TIME_PRECISION_UNSPECIFIED) {
    return Invalid("needs agencies (DISJOINT or OVERLAP) and time_precision");
  }
  data_set.agencies = message.agencies() == v1::OVERLAP
                          ? Combination::kOverlap
                          : Combination::kDisjoint;
  CAIRN_ASSIGN_OR_RETURN(data_set.months, MonthsBetween(message.period_from(),
                                                        message.period_to()));
  for (const std::string& id : message.uses()) {
    const auto found = shared.find(id);
    if (found == shared.end()) {
      return Invalid(absl::StrCat("uses '", id, "', which is not shared"));
    }
    CAIRN_ASSIGN_OR_RETURN(Dimension dimension,
                           ToDimension(*found->second, lists, data_set.months));
    data_set.dimensions.push_back(std::move(dimension));
  }
  for (const v1::Dimension& own : message.dimension()) {
    CAIRN_ASSIGN_OR_RETURN(Dimension dimension,
                           ToDimension(own, lists, data_set.months));
    data_set.dimensions.push_back(std::move(dimension));
  }
  for (const v1::Quantity& given : message.quantity()) {
    CAIRN_ASSIGN_OR_RETURN(Quantity quantity, ToQuantity(given));
    data_set.quantities.push_back(std::move(quantity));
  }
  AddPlaces(catalogue, &data_set);
  // Populations last, and only over what stands before them.
  std::vector<Dimension> populations;
  for (const v1::Population& given : message.population()) {
    CAIRN_ASSIGN_OR_RETURN(Dimension population, ToPopulation(given, data_set));
    populations.push_back(std::move(population));
  }
  for (Dimension& population : populations) {
    data_set.dimensions.push_back(std::move(population));
  }
  CAIRN_RETURN_IF_ERROR(CheckUnique(data_set));
  CAIRN_RETURN_IF_ERROR(AddStructuralZeros(message, &data_set));
  return data_set;
}

}  // namespace

absl::StatusOr<std::shared_ptr<const Catalogue>> MakeCatalogue(
    const v1::Catalogue& message) {
  auto catalogue = std::make_shared<Catalogue>();
  CAIRN_RETURN_IF_ERROR(CheckName("partnership", message.partnership()));
  catalogue->partnership = message.partnership();
  catalogue->domain = "localhost";
  if (!message.domain().empty()) {
    CAIRN_RETURN_IF_ERROR(CheckDomain(message.domain()));
    catalogue->domain = message.domain();
  }
  catalogue->version = static_cast<int>(message.version());
  catalogue->digest = Sha256Hex(message.SerializeAsString());
  CodeLists lists;
  for (const v1::CodeList& list : message.code_list()) {
    if (!lists.emplace(list.id(), &list).second) {
      return Invalid(absl::StrCat("code list ", list.id(), " is there twice"));
    }
  }
  std::map<std::string, const v1::Dimension*> shared;
  for (const v1::Dimension& dimension : message.shared()) {
    if (!shared.emplace(dimension.id(), &dimension).second) {
      return Invalid(
          absl::StrCat("shared dimension ", dimension.id(), " is there twice"));
    }
  }
  for (const v1::Place& place : message.place()) {
    CAIRN_RETURN_IF_ERROR(CheckName("place", place.id()));
  }
  CAIRN_RETURN_IF_ERROR(CheckPlaces(message));
  for (const v1::DataSet& given : message.data_set()) {
    auto data_set = ToDataSet(message, given, lists, shared);
    if (!data_set.ok()) {
      return Invalid(absl::StrCat("data set ", given.id(), ": ",
                                  data_set.status().message()));
    }
    if (catalogue->Find(data_set->id).ok()) {
      return Invalid(absl::StrCat("data set ", given.id(), " is there twice"));
    }
    catalogue->data_sets.push_back(*std::move(data_set));
  }
  for (const v1::PurposeCode& purpose : message.purpose()) {
    CAIRN_RETURN_IF_ERROR(CheckName("purpose", purpose.id()));
    catalogue->purposes.push_back({purpose.id(), purpose.label()});
  }
  CAIRN_RETURN_IF_ERROR(FloorOf(message).status());
  if (catalogue->data_sets.empty() || catalogue->purposes.empty()) {
    return Invalid("the catalogue needs a data set and a purpose");
  }
  return catalogue;
}

absl::StatusOr<std::shared_ptr<const Catalogue>> ReadCatalogue(
    const std::string& path, v1::Catalogue* message) {
  v1::Catalogue local;
  if (message == nullptr) message = &local;
  CAIRN_RETURN_IF_ERROR(ReadTextProto(path, message));
  auto catalogue = MakeCatalogue(*message);
  if (!catalogue.ok()) {
    return Invalid(absl::StrCat(path, ": ", catalogue.status().message()));
  }
  return catalogue;
}

}  // namespace cairn
