#ifndef CAIRN_CORE_AGREEMENT_RULING_H_
#define CAIRN_CORE_AGREEMENT_RULING_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "core/agreement/agreement.h"
#include "core/query/plan.h"

namespace cairn {

// What an agency's agent knows of a question beside its words. Nothing of it
// depends on what the records say.
struct AskedNow {
  const Plan* plan = nullptr;
  std::string asker;  // a person's id
  absl::Time now;
  // No question before it needed the same table (Plan::TableKey).
  bool first_use_of_crossing = false;
  // Its table is none of the release plan, and does not follow from those.
  bool outside_release_plan = false;
  // For each budget of the agreement, how many questions were admitted in its
  // days before now.
  std::vector<int64_t> asked;
};

// What the agreement says to a question.
struct Ruling {
  enum class Outcome { kAllowed, kNeedsApproval, kRefused };
  Outcome outcome = Outcome::kRefused;
  // kRefused: the first clause, in their order, that does not allow it, and why
  // in one sentence that names what is allowed instead, where something is.
  Clause clause = Clause::kWho;
  std::string sentence;
  // kNeedsApproval: the classes it is of, and what they come to together.
  std::vector<const Agreement::QueryClass*> classes;
  int approvers = 0;
  bool one_from_agency = false;
  bool result_too = false;
};

// Holds a question against the agreement. The table that is needed decides, not
// the rows that are shown: a question by local authority for one ward is of
// wards. What is not allowed is refused: a fact, data set, measure or crossing
// that the agreement does not name, a day outside it, a budget used up, an
// `asked` that is not of its budgets.
Ruling CheckAgainstAgreement(const Agreement& agreement, const AskedNow& asked);

}  // namespace cairn

#endif  // CAIRN_CORE_AGREEMENT_RULING_H_
