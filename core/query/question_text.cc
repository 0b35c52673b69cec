#include "core/query/question_text.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "core/base/status_macros.h"
#include "core/query/filter_text.h"

namespace cairn {
namespace {

absl::Status At(absl::string_view flag, const absl::Status& status) {
  return absl::Status(status.code(),
                      absl::StrCat(flag, ": ", status.message()));
}

absl::Status CheckText(absl::string_view flag, const std::string& text) {
  if (text.size() > 4096) {
    return absl::InvalidArgumentError(
        absl::StrCat(flag, ": ", text.size(), " characters; at most 4096"));
  }
  for (const char c : text) {
    if (static_cast<unsigned char>(c) >= 0x20 &&
        static_cast<unsigned char>(c) < 0x7f) {
      continue;
    }
    return absl::InvalidArgumentError(absl::StrCat(
        flag,
        ": names are plain letters, digits, - and _; a character in it "
        "is not"));
  }
  return absl::OkStatus();
}

absl::Status CheckPurpose(const Catalogue& catalogue,
                          const std::string& purpose) {
  std::vector<std::string> ids;
  for (const Purpose& known : catalogue.purposes) ids.push_back(known.id);
  const std::string all = absl::StrJoin(ids, ", ");
  if (purpose.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "--purpose is missing: every question says what it is for; one of ",
        all));
  }
  if (catalogue.HasPurpose(purpose)) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("--purpose: there is no purpose '", purpose.substr(0, 40),
                   "'; use one of ", all));
}

}  // namespace

absl::StatusOr<Plan> ReadQuestion(const Catalogue& catalogue,
                                  const QuestionText& text) {
  CAIRN_RETURN_IF_ERROR(CheckText("--from", text.from));
  CAIRN_RETURN_IF_ERROR(CheckText("--by", text.by));
  CAIRN_RETURN_IF_ERROR(CheckText("--purpose", text.purpose));
  const auto data_set = catalogue.Find(text.from);
  if (!data_set.ok()) return At("--from", data_set.status());
  CAIRN_RETURN_IF_ERROR(CheckPurpose(catalogue, text.purpose));
  Query query;
  query.data_set = text.from;
  query.purpose = text.purpose;
  for (const absl::string_view name : absl::StrSplit(text.by, ',')) {
    const auto trimmed = absl::StripAsciiWhitespace(name);
    if (trimmed.empty()) {
      if (absl::StripAsciiWhitespace(text.by).empty()) break;
      return absl::InvalidArgumentError(
          "--by: a variable is missing between two commas");
    }
    const auto variable = (*data_set)->FindVariable(trimmed);
    if (!variable.ok()) return At("--by", variable.status());
    query.by.push_back(std::string(trimmed));
  }
  for (const std::string& given : text.measures) {
    CAIRN_RETURN_IF_ERROR(CheckText("--measure", given));
    const auto measure = ParseMeasure(given);
    if (!measure.ok()) return At("--measure", measure.status());
    query.measures.push_back(*measure);
  }
  if (!absl::StripAsciiWhitespace(text.where).empty()) {
    auto filter = ParseFilter(text.where, **data_set);
    if (!filter.ok()) return At("--where", filter.status());
    query.where = *std::move(filter);
  }
  return MakePlan(**data_set, query);
}

}  // namespace cairn
