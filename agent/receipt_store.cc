#include "agent/receipt_store.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/digest.h"
#include "core/base/status_macros.h"

namespace cairn {
namespace {

constexpr size_t kSaltBytes = 32;

void BindKey(const std::string& table_key, const ProtectedTable& table,
             Statement* statement) {
  statement->BindText(1, table.data_set());
  statement->BindText(2, table.epoch());
  statement->BindText(3, table.measure().ToString());
  statement->BindText(4, table_key);
}

}  // namespace

KeptReceipt KeptReceipt::Seal(std::string text, std::string salt) {
  std::string hash = Sha256(absl::StrCat(salt, text));
  return {std::move(text), std::move(salt), std::move(hash)};
}

KeptReceipt KeptReceipt::Make(std::string text) {
  return Seal(std::move(text), RandomBytes(kSaltBytes));
}

absl::StatusOr<std::unique_ptr<ReceiptStore>> ReceiptStore::Create(
    Database* database) {
  CAIRN_RETURN_IF_ERROR(database->Execute(
      "CREATE TABLE IF NOT EXISTS receipt("
      "data_set TEXT NOT NULL, epoch TEXT NOT NULL, measure TEXT NOT NULL, "
      "table_key TEXT NOT NULL, text TEXT NOT NULL, salt BLOB NOT NULL, "
      "PRIMARY KEY(data_set, epoch, measure, table_key))"));
  return std::unique_ptr<ReceiptStore>(new ReceiptStore(database));
}

absl::StatusOr<std::optional<KeptReceipt>> ReceiptStore::Find(
    const std::string& table_key, const ProtectedTable& table) {
  CAIRN_ASSIGN_OR_RETURN(
      Statement select,
      database_->Prepare(
          "SELECT text, salt FROM receipt WHERE data_set = ?1 AND "
          "epoch = ?2 AND measure = ?3 AND table_key = ?4"));
  BindKey(table_key, table, &select);
  CAIRN_ASSIGN_OR_RETURN(const bool found, select.Step());
  if (!found) return std::optional<KeptReceipt>();
  return KeptReceipt::Seal(select.Text(0), select.Blob(1));
}

absl::Status ReceiptStore::Write(const std::string& table_key,
                                 const ProtectedTable& table,
                                 const KeptReceipt& receipt) {
  CAIRN_ASSIGN_OR_RETURN(
      Statement insert,
      database_->Prepare("INSERT INTO receipt(data_set, epoch, measure, "
                         "table_key, text, salt) VALUES(?1,?2,?3,?4,?5,?6)"));
  BindKey(table_key, table, &insert);
  insert.BindText(5, receipt.text);
  insert.BindBlob(6, receipt.salt);
  return insert.Run();
}

}  // namespace cairn
