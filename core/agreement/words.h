#ifndef CAIRN_CORE_AGREEMENT_WORDS_H_
#define CAIRN_CORE_AGREEMENT_WORDS_H_

#include <string>
#include <vector>

#include "absl/time/civil_time.h"
#include "core/agreement/agreement.h"

namespace cairn {

// An agreement in plain English, for a board: no code, no field name. Names are
// the catalogue's titles.

struct ClauseWords {
  Clause clause;
  std::vector<std::string> sentences;
};

// All clauses in their order. `rule` says in words what the disclosure policy
// hides (DisclosurePolicy::ToWords); empty where it is not at hand.
std::vector<ClauseWords> WordsOf(const Agreement& agreement,
                                 const std::string& rule);

// The whole text, its lines of at most 78 columns.
std::string ExplainAgreement(const Agreement& agreement,
                             const std::string& rule);

// What differs, clause by clause: sentences taken out under "-", put in under
// "+". "" if they say the same.
std::string DiffAgreements(const Agreement& before, const Agreement& after);

// Tables in Markdown for a data sharing agreement and a data protection impact
// assessment. What no file knows is marked "(to be written)".
std::string ReportAgreement(const Agreement& agreement,
                            const std::string& rule);

// "1 April 2026".
std::string DayInWords(absl::CivilDay day);

}  // namespace cairn

#endif  // CAIRN_CORE_AGREEMENT_WORDS_H_
