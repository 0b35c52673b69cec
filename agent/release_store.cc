#include "agent/release_store.h"

#include <array>
#include <optional>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "core/base/digest.h"
#include "core/base/status_macros.h"
#include "core/link/translate.h"

namespace cairn {
namespace {

std::string GroupKey(const std::string& data_set, const std::string& epoch,
                     const Measure& measure) {
  return absl::StrCat(data_set, "\n", epoch, "\n", measure.ToString());
}

// The text of a field of a ledger's line; nothing if it is not there. Those
// that are read here have no character that JSON writes in another way.
std::optional<std::string> FieldOf(absl::string_view line,
                                   absl::string_view name) {
  const std::string begin = absl::StrCat(",\"", name, "\":\"");
  const size_t at = line.find(begin);
  if (at == absl::string_view::npos) return std::nullopt;
  const size_t from = at + begin.size();
  return std::string(line.substr(from, line.find('"', from) - from));
}

// Epoch, table and measure.
using Released = std::array<std::string, 3>;

absl::StatusOr<std::set<Released>> ReadReleased(Database* database,
                                                const char* table) {
  CAIRN_ASSIGN_OR_RETURN(Statement select,
                         database->Prepare(absl::StrCat(
                             "SELECT epoch, table_key, measure FROM ", table)));
  std::set<Released> found;
  while (true) {
    CAIRN_ASSIGN_OR_RETURN(const bool more, select.Step());
    if (!more) return found;
    found.insert({select.Text(0), select.Text(1), select.Text(2)});
  }
}

std::string DigestOf(const std::set<Released>& released) {
  std::string text;
  for (const Released& one : released) {
    absl::StrAppend(&text, one[0], "\n", one[1], "\n", one[2], "\n");
  }
  return Sha256Hex(text);
}

}  // namespace

absl::Status ReleaseStore::Carry(Entry* opened) {
  CAIRN_RETURN_IF_ERROR(database_->Execute(
      "DELETE FROM release_carried;"
      "INSERT INTO release_carried(epoch, table_key, measure) "
      "SELECT DISTINCT epoch, table_key, measure FROM release"));
  CAIRN_ASSIGN_OR_RETURN(const std::set<Released> carried,
                         ReadReleased(database_, "release_carried"));
  opened->fields["carried"] = static_cast<int64_t>(carried.size());
  opened->fields["carried_digest"] = DigestOf(carried);
  return absl::OkStatus();
}

absl::Status ReleaseStore::CheckAgainst(LedgerStore* ledger) {
  CAIRN_ASSIGN_OR_RETURN(std::set<Released> named,
                         ReadReleased(database_, "release_carried"));
  const std::string carried = DigestOf(named);
  std::string carried_as_logged = DigestOf({});
  CAIRN_ASSIGN_OR_RETURN(const uint64_t size, ledger->Size());
  CAIRN_RETURN_IF_ERROR(
      ledger->Read(0, size, [&](const LedgerStore::Line& line) {
        if (line.index == 0) {
          const auto digest = FieldOf(line.text, "carried_digest");
          if (digest.has_value()) carried_as_logged = *digest;
        }
        const auto epoch = FieldOf(line.text, "epoch");
        const auto table = FieldOf(line.text, "table");
        const auto measures = FieldOf(line.text, "measure");
        const auto plan = FieldOf(line.text, "released");
        if (epoch && plan && !plan->empty()) {
          for (const absl::string_view one : absl::StrSplit(*plan, ';')) {
            const std::pair<std::string, std::string> measure_table =
                absl::StrSplit(one, absl::MaxSplits(' ', 1));
            named.insert({*epoch, measure_table.second, measure_table.first});
          }
        }
        if (!epoch || !table || !measures) return absl::OkStatus();
        for (const absl::string_view measure : absl::StrSplit(*measures, ',')) {
          named.insert({*epoch, *table, std::string(measure)});
        }
        return absl::OkStatus();
      }));
  if (carried != carried_as_logged) {
    sound_ = absl::DataLossError(
        "the tables that were released before this log began are not those "
        "that its first entry stands for; nothing is answered until the state "
        "directory is put back whole from a backup");
    return sound_;
  }
  CAIRN_ASSIGN_OR_RETURN(const std::set<Released> here,
                         ReadReleased(database_, "release"));
  const auto words = [](const Released& released) {
    return absl::StrCat(released[2], " of table '", released[1], "' of epoch ",
                        released[0]);
  };
  for (const Released& released : named) {
    if (here.count(released) > 0) continue;
    sound_ = absl::DataLossError(absl::StrCat(
        "the ledger names a released table that is not there any more (",
        words(released),
        "); nothing is answered until the state directory "
        "is put back whole from a backup"));
    return sound_;
  }
  for (const Released& released : here) {
    if (named.count(released) > 0) continue;
    sound_ = absl::DataLossError(absl::StrCat(
        "a released table is there that the ledger does not name (",
        words(released),
        "); nothing is answered until the state directory "
        "is put back whole from a backup"));
    return sound_;
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<ReleaseStore>> ReleaseStore::Create(
    Database* database) {
  CAIRN_RETURN_IF_ERROR(database->Execute(
      "CREATE TABLE IF NOT EXISTS release("
      "data_set TEXT NOT NULL, epoch TEXT NOT NULL, measure TEXT NOT NULL, "
      "table_key TEXT NOT NULL, bytes BLOB NOT NULL, "
      "PRIMARY KEY(data_set, epoch, measure, table_key));"
      "CREATE TABLE IF NOT EXISTS release_carried("
      "epoch TEXT NOT NULL, table_key TEXT NOT NULL, measure TEXT NOT NULL, "
      "PRIMARY KEY(epoch, measure, table_key))"));
  std::unique_ptr<ReleaseStore> store(new ReleaseStore(database));
  CAIRN_ASSIGN_OR_RETURN(store->receipts_, ReceiptStore::Create(database));
  CAIRN_ASSIGN_OR_RETURN(store->certificates_,
                         CertificateStore::Create(database));
  CAIRN_ASSIGN_OR_RETURN(store->commitments_,
                         SqliteCommitmentStore::Create(database));
  return store;
}

absl::StatusOr<const std::map<std::string, ReleaseStore::TablePtr>*>
ReleaseStore::Tables(const std::string& data_set, const std::string& epoch,
                     const Measure& measure) {
  const std::string group = GroupKey(data_set, epoch, measure);
  const auto found = known_.find(group);
  if (found != known_.end()) return &found->second;
  CAIRN_ASSIGN_OR_RETURN(
      Statement select,
      database_->Prepare("SELECT table_key, bytes FROM release WHERE "
                         "data_set = ?1 AND epoch = ?2 AND measure = ?3"));
  select.BindText(1, data_set);
  select.BindText(2, epoch);
  select.BindText(3, measure.ToString());
  std::map<std::string, TablePtr> tables;
  while (true) {
    CAIRN_ASSIGN_OR_RETURN(const bool more, select.Step());
    if (!more) break;
    v1::ProtectedTable message;
    absl::Status read = ParseMessage(select.Blob(1), kMaxAnswerBytes, &message);
    if (read.ok()) {
      auto table = FromProto(message);
      read = table.status();
      if (table.ok()) {
        tables[select.Text(0)] =
            std::make_shared<const ProtectedTable>(*std::move(table));
      }
    }
    if (!read.ok()) {
      return absl::DataLossError(absl::StrCat(
          "a released table cannot be read back (", read.message(), ")"));
    }
  }
  return &(known_[group] = std::move(tables));
}

absl::StatusOr<std::vector<std::string>> ReleaseStore::Epochs(
    const std::string& data_set) {
  CAIRN_ASSIGN_OR_RETURN(
      Statement select,
      database_->Prepare("SELECT epoch FROM release WHERE data_set = ?1 "
                         "GROUP BY epoch ORDER BY min(rowid)"));
  select.BindText(1, data_set);
  std::vector<std::string> epochs;
  while (true) {
    CAIRN_ASSIGN_OR_RETURN(const bool more, select.Step());
    if (!more) return epochs;
    epochs.push_back(select.Text(0));
  }
}

absl::StatusOr<bool> ReleaseStore::AllUnder(const DisclosurePolicy& policy,
                                            const std::string& data_set,
                                            const std::string& epoch) {
  CAIRN_ASSIGN_OR_RETURN(
      Statement select,
      database_->Prepare("SELECT DISTINCT measure FROM release WHERE "
                         "data_set = ?1 AND epoch = ?2"));
  select.BindText(1, data_set);
  select.BindText(2, epoch);
  while (true) {
    CAIRN_ASSIGN_OR_RETURN(const bool more, select.Step());
    if (!more) return true;
    CAIRN_ASSIGN_OR_RETURN(const Measure measure, ParseMeasure(select.Text(0)));
    CAIRN_ASSIGN_OR_RETURN(const auto* tables,
                           Tables(data_set, epoch, measure));
    for (const auto& [key, table] : *tables) {
      if (!(table->policy() == policy)) return false;
    }
  }
}

absl::StatusOr<std::vector<std::string>> ReleaseStore::Keys(
    const std::string& data_set, const std::string& epoch) {
  CAIRN_ASSIGN_OR_RETURN(
      Statement select,
      database_->Prepare("SELECT table_key FROM release WHERE "
                         "data_set = ?1 AND epoch = ?2"));
  select.BindText(1, data_set);
  select.BindText(2, epoch);
  std::vector<std::string> keys;
  while (true) {
    CAIRN_ASSIGN_OR_RETURN(const bool more, select.Step());
    if (!more) return keys;
    keys.push_back(select.Text(0));
  }
}

absl::Status ReleaseStore::Write(const std::string& table_key,
                                 const ProtectedTable& table) {
  CAIRN_ASSIGN_OR_RETURN(
      Statement insert,
      database_->Prepare("INSERT INTO release(data_set, epoch, measure, "
                         "table_key, bytes) VALUES(?1,?2,?3,?4,?5)"));
  insert.BindText(1, table.data_set());
  insert.BindText(2, table.epoch());
  insert.BindText(3, table.measure().ToString());
  insert.BindText(4, table_key);
  insert.BindBlob(5, ToProto(table).SerializeAsString());
  return insert.Run();
}

void ReleaseStore::Remember(const std::string& table_key, TablePtr table) {
  const std::string group =
      GroupKey(table->data_set(), table->epoch(), table->measure());
  known_[group][table_key] = std::move(table);
}

}  // namespace cairn
