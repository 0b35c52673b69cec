#ifndef CAIRN_TESTS_SUPPORT_EXAMPLE_AGREEMENT_H_
#define CAIRN_TESTS_SUPPORT_EXAMPLE_AGREEMENT_H_

#include <string>

#include "absl/strings/str_replace.h"
#include "core/base/digest.h"

namespace cairn {

// An agreement over the example catalogue, on the lines that a test may change.
inline constexpr char kExampleAgreement[] = R"(partnership: "testshire"
agency: "police"
title: "Agreement of the police"
version: 1
party { name: "The police" role: "Controller" }
party { name: "The unit" role: "Asks" }
starts: "2026-04-01"
ends: "2027-03-31"
review_by: "2026-12-31"
lawful_basis { id: "duty" reference: "An Act, section 1" }
purpose { id: "research" lawful_basis: "duty" }
data_set {
  id: "events"
  measure: ["count", "sum:days"]
  variable: ["month", "ward", "age_band", "armed"]
  crossing { by: ["quarter", "ward", "age_band"] }
}
budget { questions: 100 days: 30 }
approval { id: "small" title: "About wards" variable: "ward" approvers: 2 one_from_agency: true }
disclosure { name: "standard" sha256: "DIGEST" }
retention { results_months: 12 ledger_years: 7 }
contact { role: "Steward" name: "A. Example" reach: "a@example.org" }
report_incidents_within_hours: 24
on_ending: "Tables are deleted."
right_of_audit: "At any time."
)";

// With each `from` put in place of `to`.
inline std::string ExampleAgreementText(const std::string& from = "",
                                        const std::string& to = "") {
  std::string text =
      absl::StrReplaceAll(kExampleAgreement, {{"DIGEST", Sha256Hex("a rule")}});
  return from.empty() ? text : absl::StrReplaceAll(text, {{from, to}});
}

}  // namespace cairn

#endif  // CAIRN_TESTS_SUPPORT_EXAMPLE_AGREEMENT_H_
