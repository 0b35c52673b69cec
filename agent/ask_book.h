#ifndef CAIRN_AGENT_ASK_BOOK_H_
#define CAIRN_AGENT_ASK_BOOK_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "cairn/v1/agent_link.pb.h"
#include "core/base/clock.h"
#include "core/ledger/ledger.h"
#include "core/store/sqlite.h"
#include "core/store/sqlite_commitment_store.h"

namespace cairn {

// What became of each question the agency was asked, so that none runs twice:
//
//   not here      runs, once: its row and its query.received are one commit
//   open          was being worked out when the agent stopped; the next start
//                 closes it with query.abandoned, and it never runs again
//   answered      has its answer, or its refusal, to the byte as it was sent:
//                 the same question under the same id gets these bytes again
//
//   asked(query_id TEXT, seq INTEGER, asker TEXT, outcome TEXT, answer BLOB,
//         kept_until INTEGER)       in the ledger's database; seq is that of
//                                   query.received, kept_until Unix ms
//   asked_earlier(query_id TEXT, question BLOB, answer BLOB,
//                 kept_until INTEGER)
//
// Where a new log begins, the numbers of the old one name nothing any more:
// every seq becomes -1, and what is kept of an answer moves to asked_earlier,
// with its proof in the log that was sealed.
//
// An answer is kept for kAnswerKept: longer than any coordinator waits for one
// and time to bring a broken one back. Then its bytes are erased, and its id
// only stays taken: what was released of it stands in the release store. One
// thread at a time.
class AskBook {
 public:
  static constexpr absl::Duration kAnswerKept = absl::Hours(24);

  // All must outlive the book. `commitments`: of the same database.
  static absl::StatusOr<std::unique_ptr<AskBook>> Create(
      Database* database, SqliteCommitmentStore* commitments,
      const Clock* clock);

  enum class State { kOpen, kAnswered, kAbandoned };
  struct Asked {
    State state = State::kOpen;
    bool same = false;                 // question and asker, to the byte
    std::optional<v1::Answer> answer;  // while it is kept
  };
  // What became of an id; nothing if it was never asked. DATA_LOSS if an answer
  // that is kept cannot be read.
  absl::StatusOr<std::optional<Asked>> Find(const v1::Ask& ask);
  // Why an id gets no answer a second time: what the coordinator is told.
  static absl::string_view WhyNotAgain(const Asked& asked);

  // The next ones are to be called inside the ledger's commit.

  // `seq`: of its query.received. ALREADY_EXISTS if the id was asked before.
  absl::Status WriteOpen(const v1::Ask& ask, uint64_t seq);
  // The answer of an open question, as it is going to be sent.
  absl::Status WriteAnswer(const v1::Answer& answer);
  // Erases the answers that were kept long enough.
  absl::Status EraseExpired();
  // In the commit that begins a new log, while the old one's commitments are
  // there. `prove` puts entry and proof into the receipt of an answer; null:
  // the old log proves nothing, and the answers are erased.
  using Prove = std::function<absl::Status(v1::Receipt* receipt)>;
  absl::Status WriteTurn(const Prove& prove);

  // Once, before the first question: those that are open get an entry
  // query.abandoned, in one commit with their end here.
  absl::Status CloseAbandoned(Ledger* ledger);

 private:
  absl::StatusOr<std::optional<Asked>> FindEarlier(const v1::Ask& ask,
                                                   bool same_asker,
                                                   bool answered);

  AskBook(Database* database, SqliteCommitmentStore* commitments,
          const Clock* clock)
      : database_(database), commitments_(commitments), clock_(clock) {}

  Database* const database_;
  SqliteCommitmentStore* const commitments_;
  const Clock* const clock_;
};

}  // namespace cairn

#endif  // CAIRN_AGENT_ASK_BOOK_H_
