#include "agent/ask_book.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/link/translate.h"

namespace cairn {
namespace {

constexpr int64_t kOfEarlierLog = -1;  // the seq of a question

}  // namespace

absl::StatusOr<std::unique_ptr<AskBook>> AskBook::Create(
    Database* database, SqliteCommitmentStore* commitments,
    const Clock* clock) {
  CAIRN_RETURN_IF_ERROR(database->Execute(
      "CREATE TABLE IF NOT EXISTS asked("
      "query_id TEXT PRIMARY KEY, seq INTEGER NOT NULL, asker TEXT NOT NULL, "
      "outcome TEXT NOT NULL DEFAULT 'open', answer BLOB, kept_until INTEGER);"
      "CREATE INDEX IF NOT EXISTS asked_open ON asked(outcome) "
      "WHERE outcome = 'open';"
      "CREATE INDEX IF NOT EXISTS asked_kept ON asked(kept_until) "
      "WHERE kept_until IS NOT NULL;"
      "CREATE TABLE IF NOT EXISTS asked_earlier("
      "query_id TEXT PRIMARY KEY, question BLOB NOT NULL, "
      "answer BLOB NOT NULL, kept_until INTEGER NOT NULL)"));
  return std::unique_ptr<AskBook>(new AskBook(database, commitments, clock));
}

absl::StatusOr<std::optional<AskBook::Asked>> AskBook::Find(
    const v1::Ask& ask) {
  CAIRN_ASSIGN_OR_RETURN(
      Statement select,
      database_->Prepare("SELECT seq, asker, outcome, answer FROM asked "
                         "WHERE query_id = ?1"));
  select.BindText(1, ask.query_id());
  CAIRN_ASSIGN_OR_RETURN(const bool found, select.Step());
  if (!found) return std::optional<Asked>();
  if (select.Int(0) == kOfEarlierLog) {
    const bool same_asker = select.Text(1) == ask.asker();
    const bool answered = select.Text(2) == "answered";
    select.Reset();
    return FindEarlier(ask, same_asker, answered);
  }
  Asked asked;
  const std::string outcome = select.Text(2);
  asked.state = outcome == "open"       ? State::kOpen
                : outcome == "answered" ? State::kAnswered
                                        : State::kAbandoned;
  CAIRN_ASSIGN_OR_RETURN(
      const auto question,
      commitments_->Find(static_cast<uint64_t>(select.Int(0))));
  asked.same = select.Text(1) == ask.asker() && question.has_value() &&
               question->bytes == ask.query();
  if (!select.IsNull(3) &&
      !asked.answer.emplace().ParseFromString(select.Blob(3))) {
    return absl::DataLossError(
        absl::StrCat(database_->path(), ": an answer that was kept cannot be ",
                     "read back"));
  }
  select.Reset();
  return asked;
}

absl::StatusOr<std::optional<AskBook::Asked>> AskBook::FindEarlier(
    const v1::Ask& ask, bool same_asker, bool answered) {
  Asked asked;
  asked.state = answered ? State::kAnswered : State::kAbandoned;
  CAIRN_ASSIGN_OR_RETURN(
      Statement select,
      database_->Prepare("SELECT question, answer FROM asked_earlier "
                         "WHERE query_id = ?1"));
  select.BindText(1, ask.query_id());
  CAIRN_ASSIGN_OR_RETURN(const bool kept, select.Step());
  if (!kept) return std::optional<Asked>(asked);
  asked.same = same_asker && select.Blob(0) == ask.query();
  if (!asked.answer.emplace().ParseFromString(select.Blob(1))) {
    return absl::DataLossError(
        absl::StrCat(database_->path(), ": an answer that was kept cannot be ",
                     "read back"));
  }
  select.Reset();
  return std::optional<Asked>(std::move(asked));
}

absl::Status AskBook::WriteTurn(const Prove& prove) {
  CAIRN_ASSIGN_OR_RETURN(
      Statement select,
      database_->Prepare("SELECT query_id, seq, answer, kept_until FROM asked "
                         "WHERE answer IS NOT NULL AND seq >= 0"));
  CAIRN_ASSIGN_OR_RETURN(
      Statement insert,
      database_->Prepare("INSERT INTO asked_earlier(query_id, question, "
                         "answer, kept_until) VALUES(?1,?2,?3,?4)"));
  while (prove) {
    CAIRN_ASSIGN_OR_RETURN(const bool more, select.Step());
    if (!more) break;
    CAIRN_ASSIGN_OR_RETURN(
        const auto question,
        commitments_->Find(static_cast<uint64_t>(select.Int(1))));
    v1::Answer answer;
    if (!question.has_value() || !question->bytes.has_value() ||
        !answer.ParseFromString(select.Blob(2))) {
      continue;  // it could not be given again
    }
    CAIRN_RETURN_IF_ERROR(prove(answer.mutable_receipt()));
    insert.BindText(1, select.Text(0));
    insert.BindBlob(2, *question->bytes);
    insert.BindBlob(3, answer.SerializeAsString());
    insert.BindInt(4, select.Int(3));
    CAIRN_RETURN_IF_ERROR(insert.Run());
  }
  return database_->Execute(
      "UPDATE asked SET seq = -1, answer = NULL, kept_until = NULL");
}

absl::string_view AskBook::WhyNotAgain(const Asked& asked) {
  if (!asked.same) {
    return "was asked another question under this id before, or keeps that one "
           "no longer";
  }
  if (asked.state == State::kAnswered) {
    return "gave its answer to this id and does not keep it any longer; ask "
           "anew";
  }
  return "was stopped while it worked on this id, and runs nothing twice; ask "
         "anew";
}

absl::Status AskBook::WriteOpen(const v1::Ask& ask, uint64_t seq) {
  CAIRN_ASSIGN_OR_RETURN(
      Statement insert,
      database_->Prepare(
          "INSERT INTO asked(query_id, seq, asker) VALUES(?1,?2,?3)"));
  insert.BindText(1, ask.query_id());
  insert.BindInt(2, static_cast<int64_t>(seq));
  insert.BindText(3, ask.asker());
  return insert.Run();
}

absl::Status AskBook::WriteAnswer(const v1::Answer& answer) {
  CAIRN_ASSIGN_OR_RETURN(
      Statement update,
      database_->Prepare("UPDATE asked SET outcome = 'answered', answer = ?2, "
                         "kept_until = ?3 WHERE query_id = ?1"));
  update.BindText(1, answer.query_id());
  update.BindBlob(2, answer.SerializeAsString());
  update.BindInt(3, absl::ToUnixMillis(clock_->Now() + kAnswerKept));
  return update.Run();
}

absl::Status AskBook::EraseExpired() {
  CAIRN_ASSIGN_OR_RETURN(
      Statement update,
      database_->Prepare("UPDATE asked SET answer = NULL, kept_until = NULL "
                         "WHERE kept_until IS NOT NULL AND kept_until <= ?1"));
  update.BindInt(1, absl::ToUnixMillis(clock_->Now()));
  CAIRN_RETURN_IF_ERROR(update.Run());
  CAIRN_ASSIGN_OR_RETURN(
      Statement erase,
      database_->Prepare("DELETE FROM asked_earlier WHERE kept_until <= ?1"));
  erase.BindInt(1, absl::ToUnixMillis(clock_->Now()));
  return erase.Run();
}

absl::Status AskBook::CloseAbandoned(Ledger* ledger) {
  std::vector<Entry> entries;
  {
    CAIRN_ASSIGN_OR_RETURN(
        Statement select,
        database_->Prepare("SELECT query_id FROM asked WHERE outcome = 'open' "
                           "ORDER BY seq"));
    while (true) {
      CAIRN_ASSIGN_OR_RETURN(const bool more, select.Step());
      if (!more) break;
      entries.push_back({"query.abandoned", select.Text(0), {}});
    }
  }
  if (entries.empty()) return absl::OkStatus();
  return ledger
      ->Append(entries,
               [this] {
                 return database_->Execute(
                     "UPDATE asked SET outcome = 'abandoned' "
                     "WHERE outcome = 'open'");
               })
      .status();
}

}  // namespace cairn
