#include "agent/terms.h"

#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "core/base/status_macros.h"
#include "core/link/policy_file.h"

namespace cairn {
namespace {

absl::StatusOr<std::string> LastLogged(Database* database, const char* name) {
  CAIRN_ASSIGN_OR_RETURN(
      Statement select,
      database->Prepare("SELECT digest FROM terms WHERE name = ?1"));
  select.BindText(1, name);
  CAIRN_ASSIGN_OR_RETURN(const bool found, select.Step());
  return found ? select.Text(0) : std::string();
}

absl::Status WriteLogged(Database* database, const std::string& name,
                         const std::string& digest) {
  CAIRN_ASSIGN_OR_RETURN(
      Statement insert,
      database->Prepare("INSERT INTO terms(name, digest) VALUES(?1, ?2) "
                        "ON CONFLICT(name) DO UPDATE SET digest = ?2"));
  insert.BindText(1, name);
  insert.BindText(2, digest);
  return insert.Run();
}

}  // namespace

DisclosureReceipt TermsOf(const AgentSettings& settings) {
  DisclosureReceipt terms;
  terms.engine = kRuleEngine;
  terms.policy_digest = PolicyDigest(settings.policy);
  terms.catalogue_digest = settings.catalogue->digest;
  terms.catalogue_version = settings.catalogue->version;
  return terms;
}

absl::Status LogTerms(const AgentSettings& settings, Database* database,
                      Ledger* ledger) {
  CAIRN_RETURN_IF_ERROR(
      database->Execute("CREATE TABLE IF NOT EXISTS terms("
                        "name TEXT PRIMARY KEY, digest TEXT NOT NULL)"));
  const DisclosurePolicy& policy = settings.policy;
  Entry catalogue{"catalogue.changed", "", {}};
  catalogue.fields["version"] = int64_t{settings.catalogue->version};
  Entry rule{"policy.changed", "", {}};
  rule.fields["largest_hidden_count"] = policy.largest_hidden_count;
  rule.fields["rounding_base"] = policy.rounding_base;
  rule.fields["minimum_persons"] = policy.minimum_persons;
  std::vector<Entry> entries;
  std::vector<std::pair<std::string, std::string>> logged;
  for (const auto& [name, digest, entry] :
       {std::tuple{"catalogue", settings.catalogue->digest, &catalogue},
        std::tuple{"policy", PolicyDigest(policy), &rule}}) {
    CAIRN_ASSIGN_OR_RETURN(const std::string last, LastLogged(database, name));
    if (last == digest) continue;
    entry->fields["from"] = last;
    entry->fields["to"] = digest;
    entries.push_back(*entry);
    logged.emplace_back(name, digest);
  }
  if (entries.empty()) return absl::OkStatus();
  return ledger
      ->Append(entries,
               [&]() -> absl::Status {
                 for (const auto& [name, digest] : logged) {
                   CAIRN_RETURN_IF_ERROR(WriteLogged(database, name, digest));
                 }
                 return absl::OkStatus();
               })
      .status();
}

}  // namespace cairn
