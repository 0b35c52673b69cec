#ifndef CAIRN_AGENT_RELEASE_STORE_H_
#define CAIRN_AGENT_RELEASE_STORE_H_

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "agent/certificate_store.h"
#include "agent/receipt_store.h"
#include "core/disclosure/protected_table.h"
#include "core/ledger/ledger.h"
#include "core/store/sqlite.h"
#include "core/store/sqlite_commitment_store.h"

namespace cairn {

// The tables that have left, for ever: a cell that was released keeps its value
// or its mark, bit for bit, for everyone, across restarts, for the life of its
// epoch. Kept in the same database as the ledger, so that a release and its
// entry are one commit. One thread at a time.
class ReleaseStore {
 public:
  // The database must outlive the store.
  static absl::StatusOr<std::unique_ptr<ReleaseStore>> Create(
      Database* database);

  // The store of a database that is only read; a release store has made it.
  static std::unique_ptr<ReleaseStore> ForReading(Database* database) {
    std::unique_ptr<ReleaseStore> store(new ReleaseStore(database));
    store->certificates_ = std::make_unique<CertificateStore>(database);
    return store;
  }
  // Whether the ledger names each table that is here, and each that it names is
  // here: a table that was lost would be released again, and may then say
  // something else. To be called once at the start; DATA_LOSS, with a sentence
  // for the steward, is sound() from then on. Other errors: it cannot be read.
  absl::Status CheckAgainst(LedgerStore* ledger);
  // In the commit that begins a new log: what was released before is named by
  // the old one, so the new log's first entry says how many tables that are and
  // what makes them these (carried, carried_digest). They stand in
  // release_carried(epoch, table_key, measure).
  absl::Status Carry(Entry* opened);
  const absl::Status& sound() const { return sound_; }

  using TablePtr = std::shared_ptr<const ProtectedTable>;

  // All released tables of a data set's epoch and measure, by table key
  // (Plan::TableKey). DATA_LOSS if one cannot be read back: nothing is answered
  // for that epoch then.
  absl::StatusOr<const std::map<std::string, TablePtr>*> Tables(
      const std::string& data_set, const std::string& epoch,
      const Measure& measure);

  // The epochs of a data set of which tables were released.
  absl::StatusOr<std::vector<std::string>> Epochs(const std::string& data_set);

  // Whether every table released of the epoch, of any measure, was released
  // under this policy.
  absl::StatusOr<bool> AllUnder(const DisclosurePolicy& policy,
                                const std::string& data_set,
                                const std::string& epoch);

  // The keys of all tables released of the epoch, once for each measure.
  absl::StatusOr<std::vector<std::string>> Keys(const std::string& data_set,
                                                const std::string& epoch);

  // Writes a table; to be called inside the ledger's commit. ALREADY_EXISTS if
  // the table was released before: it is never written over.
  absl::Status Write(const std::string& table_key, const ProtectedTable& table);
  // Makes a written table known, after the commit.
  void Remember(const std::string& table_key, TablePtr table);
  // Knows only what is on the disk again.
  void Forget() {
    known_.clear();
    certificates_->Forget();
  }

  // Why each of these tables is as it is: for the steward.
  ReceiptStore* receipts() { return receipts_.get(); }
  CertificateStore* certificates() { return certificates_.get(); }
  // What opens the commitments of the ledger's entries.
  SqliteCommitmentStore* commitments() { return commitments_.get(); }

 private:
  explicit ReleaseStore(Database* database) : database_(database) {}

  Database* const database_;
  std::unique_ptr<ReceiptStore> receipts_;
  std::unique_ptr<CertificateStore> certificates_;
  std::unique_ptr<SqliteCommitmentStore> commitments_;
  absl::Status sound_;
  std::map<std::string, std::map<std::string, TablePtr>> known_;
};

}  // namespace cairn

#endif  // CAIRN_AGENT_RELEASE_STORE_H_
