#ifndef CAIRN_AGENT_DESK_STORE_H_
#define CAIRN_AGENT_DESK_STORE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "core/agreement/approval.h"
#include "core/store/sqlite.h"

namespace cairn {

// A question that waits, with what is needed to answer it later.
struct WaitingQuestion {
  Case given;
  std::string query_id;
  std::string query;     // v1.Query, the very bytes that were signed
  std::string envelope;  // as it came; empty if the question was not signed
  std::string certificate;
  std::string words;         // the question, for the steward
  std::string result_words;  // what would leave, once it is there
};

// The steward's desk in the agent's database:
//   desk_case       one row a question that waits or waited
//   desk_decision   what persons decided, with their signed envelopes
//   desk_standing   standing approvals
//   desk_setting    mode and pause
//   desk_inbox      decisions that `cairn-agent approve` brought, unread
// The running agent writes all of it inside the commits of its ledger. Another
// process writes only settings and the inbox. One thread at a time.
class DeskStore {
 public:
  // The database must outlive the store.
  static absl::StatusOr<std::unique_ptr<DeskStore>> Create(Database* database);

  absl::StatusOr<Desk> ReadDesk() const;
  absl::Status WriteDesk(const Desk& desk);

  // To be called inside a commit. ALREADY_EXISTS if the question is there.
  absl::Status Add(const WaitingQuestion& question);
  // Writes a case anew, and its decisions from the `known`-th on with the last
  // one's envelope.
  absl::Status Update(const Case& given, size_t known,
                      absl::string_view envelope);

  absl::Status SetResultWords(absl::string_view question,
                              absl::string_view words);

  absl::StatusOr<std::optional<WaitingQuestion>> Find(
      absl::string_view question) const;
  // By the question's name, or that of the result that waits to be looked at.
  absl::StatusOr<std::optional<WaitingQuestion>> FindBySubject(
      absl::string_view subject) const;
  // The newest of one asker's cases of a question, whatever its state.
  absl::StatusOr<std::optional<Case>> Latest(absl::string_view canonical,
                                             absl::string_view agreement,
                                             absl::string_view asker) const;
  // By the beginning of its name, as a person types it. NOT_FOUND; also
  // INVALID_ARGUMENT for fewer than 4 digits or if several begin so.
  absl::StatusOr<WaitingQuestion> FindByPrefix(absl::string_view prefix) const;
  // Those in a state, the oldest first.
  absl::StatusOr<std::vector<WaitingQuestion>> InState(CaseState state) const;

  // To be called inside a commit.
  absl::Status AddStanding(const StandingApproval& standing);
  absl::Status RemoveStanding(absl::string_view canonical);
  absl::StatusOr<bool> Stands(absl::string_view canonical,
                              absl::string_view agreement) const;

  struct Letter {
    int64_t id = 0;
    std::string envelope;
    std::string certificate;
  };
  absl::Status Submit(absl::string_view envelope,
                      absl::string_view certificate);
  absl::StatusOr<std::vector<Letter>> Inbox() const;
  // To be called inside the commit in which the letter was acted on.
  absl::Status Discard(int64_t id);

 private:
  explicit DeskStore(Database* database) : database_(database) {}

  absl::StatusOr<std::vector<WaitingQuestion>> Select(
      absl::string_view condition, absl::string_view value) const;
  absl::Status ReadDecisions(Case* given) const;

  Database* const database_;
};

}  // namespace cairn

#endif  // CAIRN_AGENT_DESK_STORE_H_
