#include "agent/load_held.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"

namespace cairn {
namespace {

int IndexOf(const std::vector<std::string>& names, absl::string_view name) {
  const auto found = std::find(names.begin(), names.end(), name);
  return found == names.end() ? -1 : static_cast<int>(found - names.begin());
}

}  // namespace

// Codes as indices of all_.
struct HeldCodes::Declared {
  std::set<int> held;
  std::vector<std::pair<std::string, int>> values;  // text -> code
  std::vector<int> banded;
  int unmapped = -1;
  int empty = -1;
  std::map<int, int> index;  // of all_ -> of the held codes
};

HeldCodes::HeldCodes(const MappingInputs& inputs, DataSet::Variable variable,
                     std::string where)
    : in_(inputs),
      at_(variable),
      where_(std::move(where)),
      dimension_(inputs.data_set->dimensions[variable.dimension]),
      level_(dimension_.levels[variable.level]) {
  if (!IsPlace()) {
    for (const Code& code : level_.codes) all_.push_back(code.id);
    return;
  }
  place_level_ = in_.places->FindVariable(level_.variable);
  all_ = in_.places->Codes(place_level_);
  all_.push_back(kOutsideCode);
  all_.push_back(kUnknownCode);
}

absl::Status HeldCodes::Fail(absl::string_view sentence) const {
  return absl::InvalidArgumentError(absl::StrCat(where_, sentence));
}

bool HeldCodes::IsPlace() const {
  return dimension_.kind == DimensionKind::kPlace;
}

absl::StatusOr<int> HeldCodes::CodeOf(const std::string& code) const {
  const int index = IndexOf(all_, code);
  if (index >= 0) return index;
  if (IsPlace() && in_.places->Find(place_level_, code) == Places::kOutside) {
    return IndexOf(all_, kOutsideCode);
  }
  return Fail(absl::StrCat("'", code, "' is not a code of ", level_.variable,
                           DidYouMean(code, all_)));
}

absl::Status HeldCodes::Declare(const v1::Mapping::Column& given,
                                Declared* declared) const {
  for (const v1::Mapping::Value& value : given.value()) {
    CAIRN_ASSIGN_OR_RETURN(const int code, CodeOf(value.to()));
    CAIRN_ASSIGN_OR_RETURN(std::string text, TextOf(value, where_));
    declared->values.emplace_back(std::move(text), code);
    declared->held.insert(code);
  }
  if (!given.unmapped().empty()) {
    CAIRN_ASSIGN_OR_RETURN(declared->unmapped, CodeOf(given.unmapped()));
    declared->held.insert(declared->unmapped);
    declared->empty = declared->unmapped;
  }
  if (!given.empty().empty()) {
    CAIRN_ASSIGN_OR_RETURN(declared->empty, CodeOf(given.empty()));
    declared->held.insert(declared->empty);
  }
  return absl::OkStatus();
}

// All codes but U, where texts may be any of them.
absl::Status HeldCodes::DeclareWholeList(const v1::Mapping::Column& given,
                                         bool bands, Declared* declared) const {
  const int unknown = IndexOf(all_, kUnknownCode);
  // Without an area, a place is outside only where the mapping says so.
  const int outside =
      IsPlace() && !in_.places->has_area() ? IndexOf(all_, kOutsideCode) : -1;
  for (int i = 0; i < static_cast<int>(all_.size()); ++i) {
    if (i == unknown || i == outside) continue;
    if (IsPlace() || given.identity()) declared->held.insert(i);
    if (!bands || IsPlace()) continue;
    if (!level_.codes[i].at_least && !level_.codes[i].at_most) continue;
    declared->held.insert(i);
    declared->banded.push_back(i);
  }
  if (!bands || !declared->banded.empty()) return absl::OkStatus();
  return Fail(absl::StrCat("the codes of ", level_.variable,
                           " say no numbers (at_least, at_most)"));
}

absl::Status HeldCodes::OfColumn(const v1::Mapping::Column& given, bool bands,
                                 LoadPlan::Held* held, CodeTable* table) const {
  Declared declared;
  CAIRN_RETURN_IF_ERROR(Declare(given, &declared));
  CAIRN_RETURN_IF_ERROR(DeclareWholeList(given, bands, &declared));
  *held = LoadPlan::Held{at_.dimension, at_.level};
  held->multi_valued = dimension_.multi_valued;
  for (const int code : declared.held) {
    declared.index[code] = static_cast<int>(held->codes.size());
    held->codes.push_back(all_[code]);
  }
  held->unknown = IndexOf(held->codes, kUnknownCode);
  for (const auto& [text, code] : declared.values) {
    if (!table->AddValue(text, declared.index[code])) {
      return Fail(absl::StrCat("the value '", text,
                               "' is there twice, with different codes"));
    }
  }
  if (declared.unmapped >= 0) {
    table->unmapped = declared.index[declared.unmapped];
  }
  if (declared.empty >= 0) table->empty = declared.index[declared.empty];
  if (IsPlace()) {
    AddPlaceNames(given, *held, table);
  } else if (given.identity()) {
    AddNames(declared, table);
  }
  for (const int code : declared.banded) {
    const Code& band = level_.codes[code];
    table->AddBand({band.at_least.value_or(std::numeric_limits<int64_t>::min()),
                    band.at_most.value_or(std::numeric_limits<int64_t>::max()),
                    declared.index[code]});
  }
  return absl::OkStatus();
}

absl::Status HeldCodes::OfConstant(const std::string& code,
                                   LoadPlan::Held* held) const {
  CAIRN_ASSIGN_OR_RETURN(const int index, CodeOf(code));
  *held = LoadPlan::Held{at_.dimension, at_.level, LoadPlan::From::kConstant};
  held->multi_valued = dimension_.multi_valued;
  held->codes = {all_[index]};
  held->unknown = IndexOf(held->codes, kUnknownCode);
  return absl::OkStatus();
}

// In the order in which a question's words are understood: ids, then labels
// and aliases of one code after the other.
void HeldCodes::AddNames(const Declared& declared, CodeTable* table) const {
  for (const auto& [code, held] : declared.index) {
    table->AddId(level_.codes[code].id, held);
  }
  for (const auto& [code, held] : declared.index) {
    table->AddName(level_.codes[code].label, held);
    for (const std::string& alias : level_.codes[code].aliases) {
      table->AddName(alias, held);
    }
  }
}

// Codes of places are themselves; with identity, so are labels that only one
// area has. Held places come first, as they are numbered in the places.
void HeldCodes::AddPlaceNames(const v1::Mapping::Column& given,
                              const LoadPlan::Held& held,
                              CodeTable* table) const {
  const int outside = IndexOf(held.codes, kOutsideCode);
  in_.places->ForEachCode(place_level_, [&](const std::string& id, int code) {
    table->AddId(id, code == Places::kOutside ? outside : code);
  });
  if (!given.identity()) return;
  in_.places->ForEachLabel(
      place_level_, [&](const std::string& label, int code) {
        table->AddName(label, code == Places::kOutside ? outside : code);
      });
}

absl::StatusOr<std::string> TextOf(const v1::Mapping::Value& value,
                                   absl::string_view where) {
  std::string text(absl::StripAsciiWhitespace(value.from()));
  if (!text.empty()) return text;
  return absl::InvalidArgumentError(absl::StrCat(
      where, "a value has no 'from'; an empty field is given by 'empty'"));
}

std::string DidYouMean(absl::string_view text,
                       const std::vector<std::string>& names) {
  const std::string near = Nearest(text, names);
  return near.empty() ? "" : absl::StrCat("; did you mean ", near, "?");
}

}  // namespace cairn
