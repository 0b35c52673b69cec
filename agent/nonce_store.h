#ifndef CAIRN_AGENT_NONCE_STORE_H_
#define CAIRN_AGENT_NONCE_STORE_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/identity/signed_question.h"
#include "core/store/sqlite.h"

namespace cairn {

// Which signed questions this agency was sent before, in its database:
//   question_nonce(asker, nonce, expires)   expires in Unix seconds
//   nonce_mark(forgotten)                   the latest `expires` forgotten
// A nonce is kept until its question has expired beyond all doubt. Whatever
// expires no later than the mark counts as spent, so that a clock that is set
// back brings nothing back. One thread at a time.
class NonceStore : public NonceMemory {
 public:
  // The database must outlive the store.
  static absl::StatusOr<std::unique_ptr<NonceStore>> Create(Database* database);

  absl::StatusOr<bool> Spent(absl::string_view asker, absl::string_view nonce,
                             absl::Time expires) const override;

  // To be called inside the commit that logs the question. ALREADY_EXISTS if it
  // was spent meanwhile: the commit is to fail.
  absl::Status Spend(const SignedQuestion& question);

  // Forgets what expired an hour or more ago.
  absl::Status Forget(absl::Time now);

 private:
  explicit NonceStore(Database* database) : database_(database) {}

  Database* const database_;
};

}  // namespace cairn

#endif  // CAIRN_AGENT_NONCE_STORE_H_
