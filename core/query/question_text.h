#ifndef CAIRN_CORE_QUERY_QUESTION_TEXT_H_
#define CAIRN_CORE_QUERY_QUESTION_TEXT_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/query/catalogue.h"
#include "core/query/plan.h"
#include "core/query/query.h"

namespace cairn {

// A question as it is typed, for `cairn query` and `cairn-agent preview` alike.
struct QuestionText {
  std::string from;
  std::string by;                     // comma separated
  std::vector<std::string> measures;  // empty: count
  std::string where;                  // empty: everything
  std::string purpose;
};

// Checks a typed question whole against the catalogue. Every failure is
// INVALID_ARGUMENT or NOT_FOUND: one sentence that names the flag and what to
// do; in the filter with the place under a caret. `catalogue` must outlive the
// plan.
absl::StatusOr<Plan> ReadQuestion(const Catalogue& catalogue,
                                  const QuestionText& text);

}  // namespace cairn

#endif  // CAIRN_CORE_QUERY_QUESTION_TEXT_H_
