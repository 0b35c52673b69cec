#ifndef CAIRN_CORE_LEDGER_ORIGIN_H_
#define CAIRN_CORE_LEDGER_ORIGIN_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace cairn {

// Who keeps a log, and the names that follow from it (docs/ledger-format.md,
// section 3):
//
//   cairn.DOMAIN/PARTNERSHIP/agent/AGENCY/EDITION       the log of an agency
//   cairn.DOMAIN/PARTNERSHIP/coordinator/EDITION        the coordinator's
//   cairn.DOMAIN/PARTNERSHIP/agent/AGENCY/witness       what it cosigns with
//   cairn.DOMAIN/PARTNERSHIP/coordinator/witness
//
// EDITION is the year the log was begun in, 2026; the second log begun in one
// year is 2026-r2.
struct LogOwner {
  std::string domain;
  std::string partnership;
  std::string agency;  // empty: the coordinator

  std::string Origin(int year, int restart = 1) const;
  std::string WitnessName() const;
  // INVALID_ARGUMENT if a key of this name is not for a log of this owner.
  absl::Status CheckOrigin(absl::string_view origin) const;
  // "agency police" or "the coordinator".
  std::string Words() const;
};

// The year of a log's origin, or "" where it is not of the form above.
std::string EditionOf(absl::string_view origin);
// Whether a log was begun after another one of the same owner, by their names:
// 2026, 2026-r2, 2026-r10, 2027.
bool IsLaterEdition(absl::string_view origin, absl::string_view than);
// The name of the next log within the year of `origin`. INVALID_ARGUMENT if
// that is not one.
absl::StatusOr<std::string> NextRestart(const LogOwner& owner,
                                        absl::string_view origin);
// The year of an edition; 0 where it has none.
int YearOf(absl::string_view origin);

}  // namespace cairn

#endif  // CAIRN_CORE_LEDGER_ORIGIN_H_
