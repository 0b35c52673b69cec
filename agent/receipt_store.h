#ifndef CAIRN_AGENT_RECEIPT_STORE_H_
#define CAIRN_AGENT_RECEIPT_STORE_H_

#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/disclosure/protected_table.h"
#include "core/store/sqlite.h"

namespace cairn {

// A full receipt (core/disclosure/receipt.h) and what binds the agency to it.
struct KeptReceipt {
  std::string text;
  std::string salt;  // 32 random bytes
  std::string hash;  // SHA-256 of salt, then text

  // With a new salt, and with the one it has.
  static KeptReceipt Make(std::string text);
  static KeptReceipt Seal(std::string text, std::string salt);
};

// The full receipts of the tables that have left, beside them in the agent's
// database. They are for the steward and for an auditor:
//   receipt(data_set, epoch, measure, table_key, text TEXT, salt BLOB)
// One thread at a time.
class ReceiptStore {
 public:
  // The database must outlive the store.
  static absl::StatusOr<std::unique_ptr<ReceiptStore>> Create(
      Database* database);

  // None for a table that was released without one. Else as it was written.
  absl::StatusOr<std::optional<KeptReceipt>> Find(const std::string& table_key,
                                                  const ProtectedTable& table);
  // To be called inside the commit that writes the table. ALREADY_EXISTS if
  // there is one: it is never written over.
  absl::Status Write(const std::string& table_key, const ProtectedTable& table,
                     const KeptReceipt& receipt);

 private:
  explicit ReceiptStore(Database* database) : database_(database) {}

  Database* const database_;
};

}  // namespace cairn

#endif  // CAIRN_AGENT_RECEIPT_STORE_H_
