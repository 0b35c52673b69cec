#include "core/query/query.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace cairn {

std::string Measure::ToString() const {
  switch (kind) {
    case Kind::kCount:
      return "count";
    case Kind::kDistinctPersons:
      return "distinct_persons";
    case Kind::kSum:
      return absl::StrCat("sum:", quantity);
    case Kind::kMean:
      return absl::StrCat("mean:", quantity);
  }
  return "";
}

absl::StatusOr<Measure> ParseMeasure(absl::string_view text) {
  if (text == "count") return Measure{};
  if (text == "distinct_persons") {
    return Measure{Measure::Kind::kDistinctPersons, ""};
  }
  absl::string_view rest = text;
  if (absl::ConsumePrefix(&rest, "sum:") && !rest.empty()) {
    return Measure{Measure::Kind::kSum, std::string(rest)};
  }
  rest = text;
  if (absl::ConsumePrefix(&rest, "mean:") && !rest.empty()) {
    return Measure{Measure::Kind::kMean, std::string(rest)};
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "'", text.substr(0, 60),
      "' is not a measure; use count, distinct_persons, sum:VARIABLE or "
      "mean:VARIABLE"));
}

}  // namespace cairn
