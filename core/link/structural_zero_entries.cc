#include "core/link/structural_zero_entries.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/query/structural_zeros.h"

namespace cairn {
namespace {

constexpr size_t kMaxReasonBytes = 200;

absl::Status Invalid(absl::string_view sentence) {
  return absl::InvalidArgumentError(sentence);
}

// Where a code of a level stands; its id alone, as mappings have it.
absl::StatusOr<int> FindCode(const Level& level, const std::string& id) {
  std::vector<std::string> ids;
  for (const Code& code : level.codes) {
    if (code.id == id) return static_cast<int>(ids.size());
    ids.push_back(code.id);
  }
  const std::string near = Nearest(id, ids);
  return Invalid(absl::StrCat(
      "variable ", level.variable, " has no code '", id.substr(0, 40), "'",
      near.empty() ? "" : absl::StrCat("; did you mean ", near, "?")));
}

absl::Status CheckDimension(const Dimension& dimension,
                            const std::string& variable) {
  const char* const why =
      dimension.kind != DimensionKind::kCategory ? "is not a category"
      : dimension.population.has_value()         ? "is a population"
      : dimension.multi_valued ? "may have several codes in one record"
                               : nullptr;
  if (why == nullptr) return absl::OkStatus();
  return Invalid(absl::StrCat("variable ", variable, " ", why,
                              "; use variables of code lists that give each "
                              "record one code"));
}

absl::StatusOr<StructuralZero::Part> ToPart(
    const v1::StructuralZero::Part& message, const DataSet& data_set) {
  CAIRN_ASSIGN_OR_RETURN(const DataSet::Variable at,
                         data_set.FindVariable(message.variable()));
  const Dimension& dimension =
      data_set.dimensions[static_cast<size_t>(at.dimension)];
  CAIRN_RETURN_IF_ERROR(CheckDimension(dimension, message.variable()));
  if (message.code().empty()) {
    return Invalid(
        absl::StrCat("variable ", message.variable(), " is given no code"));
  }
  StructuralZero::Part part;
  part.dimension = at.dimension;
  part.leaves.assign(dimension.levels[0].codes.size(), false);
  const std::vector<int>& up = dimension.up[static_cast<size_t>(at.level)];
  for (const std::string& id : message.code()) {
    CAIRN_ASSIGN_OR_RETURN(
        const int code,
        FindCode(dimension.levels[static_cast<size_t>(at.level)], id));
    for (size_t leaf = 0; leaf < part.leaves.size(); ++leaf) {
      if (up[leaf] != code) continue;
      if (dimension.levels[0].codes[leaf].id == kUnknownCode) {
        return Invalid(absl::StrCat("code ", id, " of ", message.variable(),
                                    " takes in ", kUnknownCode,
                                    ", not known, which may be any record's"));
      }
      part.leaves[leaf] = true;
    }
  }
  return part;
}

absl::StatusOr<StructuralZero> ToStructuralZero(
    const v1::StructuralZero& message, const DataSet& data_set) {
  StructuralZero zero;
  zero.reason = message.reason();
  if (zero.reason.size() > kMaxReasonBytes) {
    return Invalid(
        absl::StrCat("its reason has more than ", kMaxReasonBytes, " bytes"));
  }
  for (const v1::StructuralZero::Part& given : message.part()) {
    CAIRN_ASSIGN_OR_RETURN(StructuralZero::Part part, ToPart(given, data_set));
    const bool twice = std::any_of(zero.parts.begin(), zero.parts.end(),
                                   [&part](const auto& known) {
                                     return known.dimension == part.dimension;
                                   });
    if (twice) {
      return Invalid(absl::StrCat(
          "variable ", given.variable(),
          " is there twice, or a level of it is; list its codes in one part"));
    }
    zero.parts.push_back(std::move(part));
  }
  if (zero.parts.size() < 2 || zero.parts.size() > kMaxVariables) {
    return Invalid(absl::StrCat("needs 2 to ", kMaxVariables,
                                " parts: part { variable: .. code: .. }"));
  }
  return zero;
}

}  // namespace

absl::Status AddStructuralZeros(const v1::DataSet& message, DataSet* data_set) {
  const auto count = static_cast<size_t>(message.structural_zero_size());
  if (count > kMaxStructuralZeros) {
    return Invalid(absl::StrCat("has ", count, " structural zeros; at most ",
                                kMaxStructuralZeros,
                                ": a part may list several codes"));
  }
  for (const v1::StructuralZero& given : message.structural_zero()) {
    auto zero = ToStructuralZero(given, *data_set);
    if (!zero.ok()) {
      return Invalid(absl::StrCat("structural_zero ",
                                  data_set->structural_zeros.size() + 1, ": ",
                                  zero.status().message()));
    }
    data_set->structural_zeros.push_back(*std::move(zero));
  }
  return absl::OkStatus();
}

}  // namespace cairn
