#ifndef CAIRN_CORE_AGREEMENT_AGREEMENT_H_
#define CAIRN_CORE_AGREEMENT_AGREEMENT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/civil_time.h"
#include "core/query/catalogue.h"
#include "core/query/query.h"

namespace cairn {

// What an agency and those who may ask it agreed on. It is read and checked
// whole by core/link/agreement_file.h; an Agreement that exists names only what
// the catalogue has, and lives no longer than it.

struct Agreement {
  struct Party {
    std::string name;
    std::string role;
  };
  struct LawfulBasis {
    std::string id;
    std::string reference;
  };
  struct PurposeTerms {
    const Purpose* purpose = nullptr;
    std::vector<int> lawful_basis;  // places in `lawful_basis`
  };
  struct DataSetTerms {
    const DataSet* data_set = nullptr;
    std::vector<Measure> measures;             // of tables: never a mean
    std::vector<DataSet::Variable> variables;  // the finest levels
    std::vector<std::vector<DataSet::Variable>> crossings;
    int any_crossing_of = 1;
  };
  struct Budget {
    const DataSet* data_set = nullptr;  // null: all together
    int64_t questions = 0;
    int days = 0;
  };
  struct QueryClass {
    std::string id;
    std::string title;
    std::vector<const DataSet*> data_sets;
    std::vector<std::string> variables;
    bool first_use_of_crossing = false;
    bool outside_release_plan = false;
    int approvers = 1;
    bool one_from_agency = false;
    bool result_too = false;
  };
  struct FileReference {
    std::string name;
    std::string sha256;  // hex
  };
  struct Contact {
    std::string role, name, reach;
  };

  std::string partnership;
  std::string agency;
  std::string title;
  int64_t version = 0;
  std::string replaces;  // hex
  std::string digest;    // SHA-256 of the exact text, hex: its name
  std::vector<Party> parties;
  std::vector<std::string> askers;  // none: every analyst
  absl::CivilDay starts, ends, review_by;
  std::vector<LawfulBasis> lawful_basis;
  std::vector<PurposeTerms> purposes;
  std::vector<DataSetTerms> data_sets;
  std::vector<Budget> budgets;
  std::vector<QueryClass> classes;
  FileReference disclosure;
  std::optional<FileReference> release_plan;
  int results_months = 0;
  int ledger_years = 0;
  std::vector<Contact> contacts;
  int report_incidents_within_hours = 0;
  std::string on_ending;
  std::string right_of_audit;
};

// The parts of an agreement, numbered as the printed words number them.
enum class Clause {
  kWho = 1,
  kHowLong,
  kWhatFor,
  kWhichRecords,
  kWhichFacts,
  kWhichMeasures,
  kTogether,
  kHowMuch,
  kWhoDecides,
  kSmallNumbers,
  kTables,
  kKeeping,
  kContacts,
};
inline constexpr int kClauses = 13;
const char* TitleOf(Clause clause);

// What an agent remembers of the agreement it accepted last.
struct AgreementInForce {
  int64_t version = 0;
  std::string digest;
};

// Whether `next` may follow. FAILED_PRECONDITION: an older version, another
// text of the same version, or one that replaces another agreement than the one
// in force. The same one may always be shown again.
absl::Status CheckSuccession(const std::optional<AgreementInForce>& current,
                             const Agreement& next);

}  // namespace cairn

#endif  // CAIRN_CORE_AGREEMENT_AGREEMENT_H_
