#include "agent/terms.h"

#include <algorithm>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/link/policy_file.h"

namespace cairn {
namespace {

absl::Status MakeTable(Database* database) {
  return database->Execute(
      "CREATE TABLE IF NOT EXISTS terms("
      "name TEXT PRIMARY KEY, digest TEXT NOT NULL)");
}

absl::StatusOr<std::string> LastLogged(Database* database,
                                       const std::string& name) {
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

constexpr char kRecords[] = "records.";  // and the data set's id

}  // namespace

DisclosureReceipt TermsOf(const AgentSettings& settings) {
  DisclosureReceipt terms;
  terms.engine = kRuleEngine;
  terms.policy_digest = PolicyDigest(settings.policy);
  terms.catalogue_digest = settings.catalogue->digest;
  terms.catalogue_version = settings.catalogue->version;
  return terms;
}

absl::Status ForgetLoggedTerms(Database* database) {
  CAIRN_RETURN_IF_ERROR(MakeTable(database));
  return database->Execute("DELETE FROM terms");
}

absl::Status LogTerms(const AgentSettings& settings, Database* database,
                      Ledger* ledger) {
  CAIRN_RETURN_IF_ERROR(MakeTable(database));
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

std::string RowsBand(uint64_t rows) {
  if (rows == 0) return "none";
  if (rows < 100) return "1 to 99";
  uint64_t from = 100;
  while (rows / 10 >= from) from *= 10;
  return absl::StrCat(from, " to ", from * 9 + (from - 1));
}

absl::StatusOr<std::unique_ptr<RecordsBook>> RecordsBook::Create(
    Database* database, Ledger* ledger) {
  CAIRN_RETURN_IF_ERROR(MakeTable(database));
  return std::unique_ptr<RecordsBook>(new RecordsBook(database, ledger));
}

absl::Status RecordsBook::Loaded(const std::string& data_set,
                                 const std::string& epoch, uint64_t rows) {
  const std::string name = absl::StrCat(kRecords, data_set);
  CAIRN_ASSIGN_OR_RETURN(const std::string last, LastLogged(database_, name));
  if (last == epoch) return absl::OkStatus();
  Entry entry{"dataset.loaded", "", {}};
  entry.fields["data_set"] = data_set;
  entry.fields["from"] = last;
  entry.fields["to"] = epoch;
  entry.fields["rows"] = RowsBand(rows);
  return ledger_
      ->Append({entry}, [&] { return WriteLogged(database_, name, epoch); })
      .status();
}

absl::Status RecordsBook::Removed(const std::string& data_set) {
  const std::string name = absl::StrCat(kRecords, data_set);
  CAIRN_ASSIGN_OR_RETURN(const std::string last, LastLogged(database_, name));
  if (last.empty()) return absl::OkStatus();
  Entry entry{"dataset.removed", "", {}};
  entry.fields["data_set"] = data_set;
  entry.fields["from"] = last;
  return ledger_
      ->Append({entry}, [&] { return WriteLogged(database_, name, ""); })
      .status();
}

absl::Status RecordsBook::RemovedBut(const v1::AgentConfig& config) {
  std::vector<std::string> gone;
  {
    CAIRN_ASSIGN_OR_RETURN(
        Statement select,
        database_->Prepare("SELECT name FROM terms WHERE digest <> '' "
                           "ORDER BY name"));
    while (true) {
      CAIRN_ASSIGN_OR_RETURN(const bool more, select.Step());
      if (!more) break;
      const std::string name = select.Text(0);
      if (!absl::StartsWith(name, kRecords)) continue;
      const std::string id = name.substr(sizeof(kRecords) - 1);
      const bool configured =
          std::any_of(config.source().begin(), config.source().end(),
                      [&](const auto& s) { return s.data_set() == id; });
      if (!configured) gone.push_back(id);
    }
  }
  for (const std::string& id : gone) CAIRN_RETURN_IF_ERROR(Removed(id));
  return absl::OkStatus();
}

}  // namespace cairn
