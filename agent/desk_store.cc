#include "agent/desk_store.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/base/status_macros.h"

namespace cairn {
namespace {

constexpr char kSchema[] =
    "CREATE TABLE IF NOT EXISTS desk_setting("
    "name TEXT PRIMARY KEY, value TEXT NOT NULL);"
    "CREATE TABLE IF NOT EXISTS desk_case("
    "question TEXT PRIMARY KEY, canonical TEXT NOT NULL, agreement TEXT NOT "
    "NULL, agency TEXT NOT NULL, asker TEXT NOT NULL, asker_key TEXT NOT NULL, "
    "approvers INTEGER NOT NULL, one_from_agency INTEGER NOT NULL, result_too "
    "INTEGER NOT NULL, arrived INTEGER NOT NULL, expires INTEGER NOT NULL, "
    "state TEXT NOT NULL, at_result INTEGER NOT NULL, result TEXT NOT NULL, "
    "why TEXT NOT NULL, query_id TEXT NOT NULL, query BLOB NOT NULL, envelope "
    "BLOB NOT NULL, certificate BLOB NOT NULL, words TEXT NOT NULL, "
    "result_words TEXT NOT NULL DEFAULT '', answered INTEGER);"
    "CREATE INDEX IF NOT EXISTS desk_case_state ON desk_case(state, arrived);"
    "CREATE TABLE IF NOT EXISTS desk_decision("
    "question TEXT NOT NULL REFERENCES desk_case(question), seq INTEGER NOT "
    "NULL, person TEXT NOT NULL, key_id TEXT NOT NULL, organisation TEXT NOT "
    "NULL, kind TEXT NOT NULL, why TEXT NOT NULL, subject TEXT NOT NULL, at "
    "INTEGER NOT NULL, envelope BLOB NOT NULL, PRIMARY KEY(question, seq));"
    "CREATE TABLE IF NOT EXISTS desk_standing("
    "canonical TEXT NOT NULL, agreement TEXT NOT NULL, approvers TEXT NOT "
    "NULL, PRIMARY KEY(canonical, agreement));"
    "CREATE TABLE IF NOT EXISTS desk_inbox("
    "id INTEGER PRIMARY KEY AUTOINCREMENT, envelope BLOB NOT NULL, certificate "
    "BLOB NOT NULL);";

constexpr char kColumns[] =
    "question, canonical, agreement, agency, asker, asker_key, approvers, "
    "one_from_agency, result_too, arrived, expires, state, at_result, result, "
    "why, query_id, query, envelope, certificate, words, result_words, "
    "answered";
constexpr int kStateColumn = 11;

// The columns of a case that change: state, at_result, result, why.
void BindChanging(const Case& given, int first, Statement* statement) {
  statement->BindText(first, NameOf(given.state));
  statement->BindInt(first + 1, given.stage == CaseStage::kResult ? 1 : 0);
  statement->BindText(first + 2, given.result);
  statement->BindText(first + 3, NameOf(given.why));
}

absl::StatusOr<WaitingQuestion> ReadRow(const Statement& row) {
  WaitingQuestion question;
  Case& given = question.given;
  given.question = row.Text(0);
  given.canonical = row.Text(1);
  given.agreement = row.Text(2);
  given.agency = row.Text(3);
  given.asker = row.Text(4);
  given.asker_key = row.Text(5);
  given.approvers = static_cast<int>(row.Int(6));
  given.one_from_agency = row.Int(7) != 0;
  given.result_too = row.Int(8) != 0;
  given.arrived = absl::FromUnixSeconds(row.Int(9));
  given.expires = absl::FromUnixSeconds(row.Int(10));
  CAIRN_ASSIGN_OR_RETURN(given.state, ParseCaseState(row.Text(kStateColumn)));
  given.stage = row.Int(12) != 0 ? CaseStage::kResult : CaseStage::kQuestion;
  given.result = row.Text(13);
  CAIRN_ASSIGN_OR_RETURN(given.why, ParseRefusalCode(row.Text(14)));
  question.query_id = row.Text(15);
  question.query = row.Blob(16);
  question.envelope = row.Blob(17);
  question.certificate = row.Blob(18);
  question.words = row.Text(19);
  question.result_words = row.Text(20);
  if (!row.IsNull(21)) given.answered = absl::FromUnixSeconds(row.Int(21));
  return question;
}

}  // namespace

absl::StatusOr<std::unique_ptr<DeskStore>> DeskStore::Create(
    Database* database) {
  CAIRN_RETURN_IF_ERROR(database->Execute(kSchema));
  return std::unique_ptr<DeskStore>(new DeskStore(database));
}

absl::StatusOr<Desk> DeskStore::ReadDesk() const {
  CAIRN_ASSIGN_OR_RETURN(
      Statement select,
      database_->Prepare("SELECT name, value FROM desk_setting"));
  Desk desk;
  while (true) {
    CAIRN_ASSIGN_OR_RETURN(const bool found, select.Step());
    if (!found) return desk;
    if (select.Text(0) == "paused") desk.paused = select.Text(1) != "no";
    if (select.Text(0) != "mode") continue;
    CAIRN_ASSIGN_OR_RETURN(desk.mode, ParseDeskMode(select.Text(1)));
  }
}

absl::Status DeskStore::WriteDesk(const Desk& desk) {
  CAIRN_ASSIGN_OR_RETURN(
      Statement insert,
      database_->Prepare("INSERT INTO desk_setting(name, value) VALUES('mode', "
                         "?1), ('paused', ?2) ON CONFLICT(name) DO UPDATE SET "
                         "value = excluded.value"));
  insert.BindText(1, NameOf(desk.mode));
  insert.BindText(2, desk.paused ? "yes" : "no");
  return insert.Run();
}

absl::Status DeskStore::Add(const WaitingQuestion& question) {
  const Case& given = question.given;
  CAIRN_ASSIGN_OR_RETURN(const auto known, Find(given.question));
  if (known.has_value()) {
    return absl::AlreadyExistsError("this question waits already");
  }
  CAIRN_ASSIGN_OR_RETURN(
      Statement insert,
      database_->Prepare(absl::StrCat(
          "INSERT INTO desk_case(", kColumns,
          ") VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, "
          "?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, NULL)")));
  insert.BindText(1, given.question);
  insert.BindText(2, given.canonical);
  insert.BindText(3, given.agreement);
  insert.BindText(4, given.agency);
  insert.BindText(5, given.asker);
  insert.BindText(6, given.asker_key);
  insert.BindInt(7, given.approvers);
  insert.BindInt(8, given.one_from_agency ? 1 : 0);
  insert.BindInt(9, given.result_too ? 1 : 0);
  insert.BindInt(10, ToUnixSeconds(given.arrived));
  insert.BindInt(11, ToUnixSeconds(given.expires));
  BindChanging(given, kStateColumn + 1, &insert);
  insert.BindText(16, question.query_id);
  insert.BindBlob(17, question.query);
  insert.BindBlob(18, question.envelope);
  insert.BindBlob(19, question.certificate);
  insert.BindText(20, question.words);
  insert.BindText(21, question.result_words);
  return insert.Run();
}

absl::Status DeskStore::Update(const Case& given, size_t known,
                               absl::string_view envelope) {
  CAIRN_ASSIGN_OR_RETURN(
      Statement update,
      database_->Prepare("UPDATE desk_case SET state = ?2, at_result = ?3, "
                         "result = ?4, why = ?5, answered = ?6 WHERE question "
                         "= ?1"));
  update.BindText(1, given.question);
  BindChanging(given, 2, &update);
  if (given.answered.has_value()) {
    update.BindInt(6, ToUnixSeconds(*given.answered));
  }
  CAIRN_RETURN_IF_ERROR(update.Run());
  for (size_t i = known; i < given.decisions.size(); ++i) {
    const Decision& decision = given.decisions[i];
    CAIRN_ASSIGN_OR_RETURN(
        Statement insert,
        database_->Prepare("INSERT INTO desk_decision VALUES(?1, ?2, ?3, ?4, "
                           "?5, ?6, ?7, ?8, ?9, ?10)"));
    insert.BindText(1, given.question);
    insert.BindInt(2, static_cast<int64_t>(i));
    insert.BindText(3, decision.person);
    insert.BindText(4, decision.key_id);
    insert.BindText(5, decision.organisation);
    insert.BindText(6, NameOf(decision.kind));
    insert.BindText(7, NameOf(decision.why));
    insert.BindText(8, decision.subject);
    insert.BindInt(9, ToUnixSeconds(decision.at));
    insert.BindBlob(10, i + 1 == given.decisions.size() ? envelope : "");
    CAIRN_RETURN_IF_ERROR(insert.Run());
  }
  return absl::OkStatus();
}

absl::Status DeskStore::SetResultWords(absl::string_view question,
                                       absl::string_view words) {
  CAIRN_ASSIGN_OR_RETURN(
      Statement update,
      database_->Prepare(
          "UPDATE desk_case SET result_words = ?2 WHERE question = ?1"));
  update.BindText(1, question);
  update.BindText(2, words);
  return update.Run();
}

absl::Status DeskStore::ReadDecisions(Case* given) const {
  CAIRN_ASSIGN_OR_RETURN(
      Statement select,
      database_->Prepare(
          "SELECT person, key_id, organisation, kind, why, subject, at FROM "
          "desk_decision WHERE question = ?1 ORDER BY seq"));
  select.BindText(1, given->question);
  while (true) {
    CAIRN_ASSIGN_OR_RETURN(const bool found, select.Step());
    if (!found) return absl::OkStatus();
    Decision decision;
    decision.person = select.Text(0);
    decision.key_id = select.Text(1);
    decision.organisation = select.Text(2);
    CAIRN_ASSIGN_OR_RETURN(decision.kind, ParseDecisionKind(select.Text(3)));
    CAIRN_ASSIGN_OR_RETURN(decision.why, ParseRefusalCode(select.Text(4)));
    decision.subject = select.Text(5);
    decision.at = absl::FromUnixSeconds(select.Int(6));
    given->decisions.push_back(std::move(decision));
  }
}

absl::StatusOr<std::vector<WaitingQuestion>> DeskStore::Select(
    absl::string_view condition, absl::string_view value) const {
  CAIRN_ASSIGN_OR_RETURN(Statement select,
                         database_->Prepare(absl::StrCat(
                             "SELECT ", kColumns, " FROM desk_case WHERE ",
                             condition, " ORDER BY arrived, question")));
  select.BindText(1, value);
  std::vector<WaitingQuestion> questions;
  while (true) {
    CAIRN_ASSIGN_OR_RETURN(const bool found, select.Step());
    if (!found) break;
    CAIRN_ASSIGN_OR_RETURN(WaitingQuestion question, ReadRow(select));
    questions.push_back(std::move(question));
  }
  for (WaitingQuestion& question : questions) {
    CAIRN_RETURN_IF_ERROR(ReadDecisions(&question.given));
  }
  return questions;
}

absl::StatusOr<std::optional<WaitingQuestion>> DeskStore::Find(
    absl::string_view question) const {
  CAIRN_ASSIGN_OR_RETURN(std::vector<WaitingQuestion> found,
                         Select("question = ?1", question));
  if (found.empty()) return std::optional<WaitingQuestion>();
  return std::move(found[0]);
}

absl::StatusOr<std::optional<WaitingQuestion>> DeskStore::FindBySubject(
    absl::string_view subject) const {
  CAIRN_ASSIGN_OR_RETURN(std::vector<WaitingQuestion> found,
                         Select("question = ?1 OR result = ?1", subject));
  if (found.empty()) return std::optional<WaitingQuestion>();
  return std::move(found[0]);
}

absl::StatusOr<std::optional<Case>> DeskStore::Latest(
    absl::string_view canonical, absl::string_view agreement,
    absl::string_view asker) const {
  CAIRN_ASSIGN_OR_RETURN(const std::vector<WaitingQuestion> found,
                         Select("canonical = ?1", canonical));
  for (auto at = found.rbegin(); at != found.rend(); ++at) {
    if (at->given.agreement == agreement && at->given.asker == asker) {
      return std::optional<Case>(at->given);
    }
  }
  return std::optional<Case>();
}

absl::StatusOr<WaitingQuestion> DeskStore::FindByPrefix(
    absl::string_view prefix) const {
  if (prefix.size() < 4 ||
      prefix.find_first_not_of("0123456789abcdef") != absl::string_view::npos) {
    return absl::InvalidArgumentError(
        "a question is named by at least the first 4 digits that `cairn-agent "
        "review` prints before it");
  }
  CAIRN_ASSIGN_OR_RETURN(
      std::vector<WaitingQuestion> found,
      Select("substr(question, 1, length(?1)) = ?1", prefix));
  if (found.size() == 1) return std::move(found[0]);
  if (found.empty()) {
    return absl::NotFoundError(absl::StrCat("no question begins with ", prefix,
                                            "; see: cairn-agent review"));
  }
  return absl::InvalidArgumentError(absl::StrCat(
      found.size(), " questions begin with ", prefix, "; give more digits"));
}

absl::StatusOr<std::vector<WaitingQuestion>> DeskStore::InState(
    CaseState state) const {
  return Select("state = ?1", NameOf(state));
}

absl::Status DeskStore::AddStanding(const StandingApproval& standing) {
  CAIRN_ASSIGN_OR_RETURN(
      Statement insert,
      database_->Prepare(
          "INSERT OR REPLACE INTO desk_standing VALUES(?1, ?2, ?3)"));
  insert.BindText(1, standing.canonical);
  insert.BindText(2, standing.agreement);
  insert.BindText(3, absl::StrJoin(standing.approvers, ","));
  return insert.Run();
}

absl::Status DeskStore::RemoveStanding(absl::string_view canonical) {
  CAIRN_ASSIGN_OR_RETURN(
      Statement remove,
      database_->Prepare("DELETE FROM desk_standing WHERE canonical = ?1"));
  remove.BindText(1, canonical);
  return remove.Run();
}

absl::StatusOr<bool> DeskStore::Stands(absl::string_view canonical,
                                       absl::string_view agreement) const {
  CAIRN_ASSIGN_OR_RETURN(
      Statement select,
      database_->Prepare("SELECT 1 FROM desk_standing WHERE canonical = ?1 AND "
                         "agreement = ?2"));
  select.BindText(1, canonical);
  select.BindText(2, agreement);
  return select.Step();
}

absl::Status DeskStore::Submit(absl::string_view envelope,
                               absl::string_view certificate) {
  CAIRN_ASSIGN_OR_RETURN(
      Statement insert,
      database_->Prepare(
          "INSERT INTO desk_inbox(envelope, certificate) VALUES(?1, ?2)"));
  insert.BindBlob(1, envelope);
  insert.BindBlob(2, certificate);
  return insert.Run();
}

absl::StatusOr<std::vector<DeskStore::Letter>> DeskStore::Inbox() const {
  CAIRN_ASSIGN_OR_RETURN(
      Statement select,
      database_->Prepare(
          "SELECT id, envelope, certificate FROM desk_inbox ORDER BY id"));
  std::vector<Letter> letters;
  while (true) {
    CAIRN_ASSIGN_OR_RETURN(const bool found, select.Step());
    if (!found) return letters;
    letters.push_back({select.Int(0), select.Blob(1), select.Blob(2)});
  }
}

absl::Status DeskStore::Discard(int64_t id) {
  CAIRN_ASSIGN_OR_RETURN(
      Statement remove,
      database_->Prepare("DELETE FROM desk_inbox WHERE id = ?1"));
  remove.BindInt(1, id);
  return remove.Run();
}

}  // namespace cairn
