#include "agent/nonce_store.h"

#include "core/base/status_macros.h"

namespace cairn {
namespace {

constexpr absl::Duration kKeptAfterExpiry = absl::Hours(1);

}  // namespace

absl::StatusOr<std::unique_ptr<NonceStore>> NonceStore::Create(
    Database* database) {
  CAIRN_RETURN_IF_ERROR(database->Execute(
      "CREATE TABLE IF NOT EXISTS question_nonce("
      "asker TEXT NOT NULL, nonce BLOB NOT NULL, expires INTEGER NOT NULL, "
      "PRIMARY KEY(asker, nonce)) WITHOUT ROWID;"
      "CREATE TABLE IF NOT EXISTS nonce_mark("
      "one INTEGER PRIMARY KEY CHECK(one = 1), forgotten INTEGER NOT NULL);"
      "INSERT OR IGNORE INTO nonce_mark VALUES(1, 0);"));
  return std::unique_ptr<NonceStore>(new NonceStore(database));
}

absl::StatusOr<bool> NonceStore::Spent(absl::string_view asker,
                                       absl::string_view nonce,
                                       absl::Time expires) const {
  CAIRN_ASSIGN_OR_RETURN(
      Statement select,
      database_->Prepare("SELECT EXISTS(SELECT 1 FROM question_nonce WHERE "
                         "asker = ?1 AND nonce = ?2) OR "
                         "(SELECT forgotten FROM nonce_mark) >= ?3"));
  select.BindText(1, asker);
  select.BindBlob(2, nonce);
  select.BindInt(3, ToUnixSeconds(expires));
  CAIRN_ASSIGN_OR_RETURN(const bool found, select.Step());
  return !found || select.Int(0) != 0;
}

absl::Status NonceStore::Spend(const SignedQuestion& question) {
  CAIRN_ASSIGN_OR_RETURN(const bool spent, Spent(question.asker, question.nonce,
                                                 question.expires));
  if (spent) {
    return absl::AlreadyExistsError("this very question was sent before");
  }
  CAIRN_ASSIGN_OR_RETURN(
      Statement insert,
      database_->Prepare("INSERT INTO question_nonce VALUES(?1, ?2, ?3)"));
  insert.BindText(1, question.asker);
  insert.BindBlob(2, question.nonce);
  insert.BindInt(3, ToUnixSeconds(question.expires));
  return insert.Run();
}

absl::Status NonceStore::Forget(absl::Time now) {
  const int64_t before = ToUnixSeconds(now - kKeptAfterExpiry);
  return database_->Transact([&]() -> absl::Status {
    CAIRN_ASSIGN_OR_RETURN(
        Statement mark,
        database_->Prepare(
            "UPDATE nonce_mark SET forgotten = max(forgotten, coalesce("
            "(SELECT max(expires) FROM question_nonce WHERE expires < ?1), "
            "0))"));
    mark.BindInt(1, before);
    CAIRN_RETURN_IF_ERROR(mark.Run());
    CAIRN_ASSIGN_OR_RETURN(
        Statement remove,
        database_->Prepare("DELETE FROM question_nonce WHERE expires < ?1"));
    remove.BindInt(1, before);
    return remove.Run();
  });
}

}  // namespace cairn
