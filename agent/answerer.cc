#include "agent/answerer.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "agent/new_tables.h"
#include "agent/planner.h"
#include "agent/question_entries.h"
#include "agent/terms.h"
#include "core/base/digest.h"
#include "core/base/disk_reserve.h"
#include "core/base/log.h"
#include "core/base/status_macros.h"
#include "core/base/utf8.h"
#include "core/ledger/commitment.h"
#include "core/link/policy_file.h"
#include "core/link/receipt_wire.h"
#include "core/link/translate.h"

namespace cairn {
namespace {

constexpr size_t kMaxId = 64;

// The beginning of a text, whole characters only.
std::string Beginning(const std::string& text) {
  const std::string cut = text.substr(0, kMaxId);
  return cut.substr(0, FirstInvalidUtf8(cut));
}

void SetElapsed(std::chrono::milliseconds took, v1::Answer* answer) {
  answer->set_elapsed_ms(static_cast<uint32_t>(took.count()));
}

void SetReceipt(const Receipt& receipt, v1::Answer* answer) {
  answer->mutable_receipt()->set_index(receipt.index);
  answer->mutable_receipt()->set_entry_hash(receipt.entry_hash);
}

// What is said of a failure: nothing that depends on the records.
Refusal WhyNoTable(const absl::Status& status) {
  const std::string told = ToldInstead(status);
  if (!told.empty()) return {v1::NOT_READY, told};
  if (absl::IsFailedPrecondition(status)) {
    return {v1::NOT_READY,
            "its disclosure policy changed since these records were first "
            "released; it answers again with its next load"};
  }
  if (absl::IsDataLoss(status)) {
    return {v1::NOT_READY,
            "what it told before does not fit its records any more, so it "
            "tells nothing new of them; its steward finds the reason in the "
            "agent's log"};
  }
  if (absl::IsResourceExhausted(status)) {
    return {v1::TOO_LARGE, std::string(status.message())};
  }
  return {v1::NOT_READY,
          "could not work out the answer; its steward finds the reason in the "
          "agent's log"};
}

absl::StatusOr<Query> ReadQuestion(const v1::Ask& ask, Refusal* refusal) {
  v1::Query message;
  const absl::Status read =
      ParseMessage(ask.query(), kMaxQuestionBytes, &message);
  if (!read.ok()) return Refuse(refusal, v1::INVALID, read.message());
  auto query = FromProto(message);
  if (query.ok()) return query;
  return Refuse(refusal, v1::INVALID, query.status().message());
}

}  // namespace

Answerer::Answerer(const AgentSettings* settings, Ledger* ledger,
                   ReleaseStore* releases, AskBook* asks, LedgerLink* link)
    : settings_(settings),
      ledger_(ledger),
      releases_(releases),
      asks_(asks),
      link_(link) {}

absl::StatusOr<Answerer::Admitted> Answerer::Admit(const Query& query, Use use,
                                                   AtGate* at_gate,
                                                   Refusal* refusal) {
  const auto data_set = settings_->catalogue->Find(query.data_set);
  if (!data_set.ok()) {
    return Refuse(refusal, v1::INVALID, data_set.status().message());
  }
  if (!settings_->catalogue->HasPurpose(query.purpose)) {
    return Refuse(refusal, v1::NOT_PERMITTED,
                  "the purpose is not in the catalogue");
  }
  const auto& permitted = settings_->config.permitted_purpose();
  if (!permitted.empty() && std::find(permitted.begin(), permitted.end(),
                                      query.purpose) == permitted.end()) {
    return Refuse(
        refusal, v1::NOT_PERMITTED,
        absl::StrCat("does not answer for the purpose ", query.purpose));
  }
  // A refusal is a few hundred bytes, an answer may be many: those stop first.
  const absl::Status room = CheckDiskReserve(settings_->config.state_dir());
  if (!room.ok()) {
    LogLine("disk.reserve", {{"reason", std::string(room.message())}});
    return Refuse(refusal, v1::NOT_READY,
                  "has too little room left on its disk to keep a record of "
                  "an answer; its steward finds the reason in the agent's "
                  "log");
  }
  Admitted admitted;
  auto plan = MakePlan(**data_set, query);
  if (!plan.ok()) {
    return Refuse(refusal, v1::INVALID, plan.status().message());
  }
  admitted.plan = *std::move(plan);
  if (gate_ != nullptr && at_gate != nullptr) {
    CAIRN_RETURN_IF_ERROR(PassGate(admitted.plan, at_gate, refusal));
  }
  CAIRN_ASSIGN_OR_RETURN(OpenSource * open, Source(**data_set, use, refusal));
  admitted.source = open->source.get();
  admitted.figures = open->figures.get();
  admitted.cell_key_secret = open->cell_key_secret;
  CAIRN_ASSIGN_OR_RETURN(admitted.shape,
                         admitted.source->Shape(admitted.plan, refusal));
  CAIRN_RETURN_IF_ERROR(CheckNewTables(
      *settings_, admitted.plan, admitted.source->epoch(), releases_, refusal));
  return admitted;
}

absl::Status Answerer::WriteFailed(const absl::Status& why,
                                   v1::Answer* answer) {
  // The true reason is for the agency's own eyes; the sentence sent depends on
  // nothing in the records.
  LogLine("query.failed", {{"query", answer->query_id()},
                           {"reason", std::string(why.message())}});
  SetRefusal(WhyNoTable(why), answer);
  return WriteEnd(std::string(absl::StatusCodeToString(why.code())), answer);
}

absl::Status Answerer::WriteEnd(const std::string& reason, v1::Answer* answer) {
  Entry failed{"query.failed", answer->query_id(), {}};
  failed.fields["reason"] = reason;
  return ledger_
      ->Append({failed},
               [&](const Receipt& receipt) {
                 SetReceipt(receipt, answer);
                 return asks_->WriteAnswer(*answer);
               })
      .status();
}

absl::Status Answerer::Release(const Admitted& admitted, const AtGate& at_gate,
                               std::vector<PreviewTable> tables,
                               v1::Answer* answer) {
  int64_t shown = 0, hidden = 0;
  DisclosureReceipt disclosure = TermsOf(*settings_);
  std::vector<std::string> kept;
  for (const PreviewTable& table : tables) {
    *answer->mutable_tables()->add_table() = ToProto(*table.table);
    TableReceipt open = MakeTableReceipt(*table.table);
    if (table.receipt.has_value()) open.full_receipt = table.receipt->hash;
    shown += open.shown;
    hidden += open.hidden;
    kept.push_back(Hex(open.full_receipt));
    disclosure.tables.push_back(std::move(open));
  }
  CAIRN_ASSIGN_OR_RETURN(const bool looked_at_first,
                         LookFirst(admitted, tables, at_gate, answer));
  if (looked_at_first) return absl::OkStatus();
  *answer->mutable_receipt()->mutable_disclosure() = ToProto(disclosure);
  const Commitment commitment =
      Commitment::To(answer->tables().SerializeAsString());
  Entry released{"answer.released", answer->query_id(), {}};
  released.fields["answer_commit"] = commitment.hash;
  released.fields["cells_released"] = shown;
  released.fields["cells_suppressed"] = hidden;
  released.fields["epoch"] = admitted.source->epoch();
  // Which tables left: their cells stand in the release store, not in the log.
  const std::string key = admitted.plan.TableKey();
  released.fields["table"] = key;
  // What binds the agency to what it says of them, one a table.
  released.fields["receipts"] = absl::StrJoin(kept, ",");
  // By measure: released themselves, or worked out from tables of the plan.
  std::vector<std::string> measures, worked_out;
  for (const PreviewTable& table : tables) {
    (table.table->worked_out() ? worked_out : measures)
        .push_back(table.measure.ToString());
  }
  if (!measures.empty()) {
    released.fields["measure"] = absl::StrJoin(measures, ",");
  }
  if (!worked_out.empty()) {
    released.fields["worked_out"] = absl::StrJoin(worked_out, ",");
  }
  const auto write = [&](const Receipt& receipt) -> absl::Status {
    SetReceipt(receipt, answer);
    answer->mutable_receipt()->set_salt(commitment.salt);
    CAIRN_RETURN_IF_ERROR(asks_->WriteAnswer(*answer));
    if (at_gate.judged.has_value()) {
      CAIRN_RETURN_IF_ERROR(gate_->WriteReleased(*at_gate.judged));
    }
    CAIRN_RETURN_IF_ERROR(releases_->commitments()->Write(
        receipt.index, commitment.salt, std::nullopt));
    for (const PreviewTable& table : tables) {
      if (table.why.empty()) continue;  // released before
      CAIRN_RETURN_IF_ERROR(releases_->Write(key, *table.table));
      CAIRN_RETURN_IF_ERROR(
          releases_->receipts()->Write(key, *table.table, *table.receipt));
      CAIRN_RETURN_IF_ERROR(releases_->certificates()->Write(
          table.table->data_set(), table.measure, *table.certificates));
    }
    return absl::OkStatus();
  };
  CAIRN_RETURN_IF_ERROR(ledger_->Append({released}, write).status());
  for (const PreviewTable& table : tables) {
    if (table.why.empty()) continue;
    releases_->Remember(key, table.table);
    releases_->certificates()->Remember(table.table->data_set(), table.measure,
                                        table.certificates);
  }
  return absl::OkStatus();
}

absl::Status Answerer::WriteReceived(const v1::Ask& ask, const Query& query,
                                     const AtGate& at_gate,
                                     const AskFindings& findings,
                                     const Refusal* refusal, bool new_id,
                                     v1::Answer* answer) {
  const Commitment question = Commitment::To(ask.query());
  // What the witness has seen meanwhile goes first.
  std::vector<Entry> entries;
  if (link_ != nullptr) entries = link_->TakeEntries();
  entries.push_back(ReceivedEntry(ask, query, *settings_->catalogue, question));
  if (at_gate.opened.has_value() && at_gate.opened->question.has_value()) {
    // Who signed it, not whom the coordinator names. The name of a signed
    // question says nothing of what it asks: there is a nonce in it.
    entries.back().fields["actor"] = at_gate.opened->asker;
    entries.back().fields["signed"] = at_gate.opened->name;
  }
  if (findings.index.has_value()) {
    entries.back().fields["coordinator_index"] =
        static_cast<int64_t>(*findings.index);
    entries.back().fields["coordinator_entry"] = Hex(findings.leaf_hash);
  }
  if (refusal == nullptr) {
    entries.push_back({"query.admitted", ask.query_id(), {}});
    entries.back().fields["policy"] = PolicyDigest(settings_->policy);
  } else {
    entries.push_back({"query.refused", ask.query_id(), {}});
    entries.back().fields["reason"] = v1::RefusalReason_Name(refusal->reason);
    if (!at_gate.code.empty()) entries.back().fields["why"] = at_gate.code;
    SetRefusal(*refusal, answer);
  }
  const auto write = [&](const Receipt& last) -> absl::Status {
    const uint64_t received = last.index - 1;
    if (link_ != nullptr) CAIRN_RETURN_IF_ERROR(link_->KeepInCommit());
    CAIRN_RETURN_IF_ERROR(
        releases_->commitments()->Write(received, question.salt, ask.query()));
    if (at_gate.opened.has_value()) {
      CAIRN_RETURN_IF_ERROR(gate_->WriteReceived(
          *at_gate.opened, at_gate.plan.has_value() ? &*at_gate.plan : nullptr,
          at_gate.judged.has_value() ? &*at_gate.judged : nullptr));
    }
    if (refusal != nullptr) SetReceipt(last, answer);
    if (!new_id) return absl::OkStatus();
    CAIRN_RETURN_IF_ERROR(asks_->EraseExpired());
    CAIRN_RETURN_IF_ERROR(asks_->WriteOpen(ask, received));
    return refusal == nullptr ? absl::OkStatus() : asks_->WriteAnswer(*answer);
  };
  return ledger_->Append(entries, write).status();
}

absl::StatusOr<Answerer::Begun> Answerer::Begin(const v1::Ask& given,
                                                const AskFindings& findings) {
  const auto start = Watch::now();
  // Both go into the ledger: whoever sends more than an id gets its beginning
  // back.
  v1::Ask ask = given;
  ask.set_query_id(Beginning(given.query_id()));
  ask.set_asker(Beginning(given.asker()));
  if (under_way_ != nullptr &&
      under_way_->answer.query_id() == ask.query_id()) {
    return Begun{Begun::Next::kLater, {}, nullptr};
  }
  CAIRN_ASSIGN_OR_RETURN(std::optional<AskBook::Asked> before,
                         asks_->Find(ask));
  if (!findings.refusal.has_value() && before.has_value() && before->same &&
      before->answer.has_value()) {
    // Nothing new leaves and nothing is run: the entry is that of the first.
    return Begun{Begun::Next::kSend, *std::move(before->answer), nullptr};
  }
  v1::Answer answer;
  answer.set_query_id(ask.query_id());
  Refusal refusal;
  AtGate at_gate;
  // What the coordinator did not show does not come to the gate.
  const bool no_gate =
      before.has_value() || findings.refusal.has_value() || gate_ == nullptr;
  const auto query =
      no_gate ? ReadQuestion(ask, &refusal) : Open(ask, &at_gate, &refusal);
  absl::StatusOr<Admitted> admitted =
      findings.refusal.has_value() ? Refuse(&refusal, findings.refusal->reason,
                                            findings.refusal->sentence)
      : before.has_value()
          ? Refuse(&refusal, v1::REPLAYED, AskBook::WhyNotAgain(*before))
      : query.ok() ? Admit(*query, Use::kAnswer, &at_gate, &refusal)
                   : query.status();
  // Without a refusal the gate's own state could not be read.
  if (!admitted.ok() && refusal.sentence.empty()) return admitted.status();
  const bool rehearsed =
      at_gate.judged.has_value() && at_gate.judged->course == Course::kRehearse;
  auto wanted = admitted.ok() ? LookUp(*admitted) : std::vector<Wanted>();
  const bool first = NeedsWork(wanted);
  if (under_way_ != nullptr && (first || rehearsed)) {
    return Begun{Begun::Next::kLater, {}, nullptr};
  }
  if (rehearsed) {
    LogLine("query.rehearsed",
            {{"query", ask.query_id()},
             {"outcome", MakePreview(*query).ok() ? "would be answered"
                                                  : "would be refused"}});
  }
  // Nothing of a rehearsal is kept: it is the same work each time.
  if (!admitted.ok()) SetElapsed(Leave(/*first=*/rehearsed, start), &answer);
  CAIRN_RETURN_IF_ERROR(WriteReceived(
      ask, query.ok() ? *query : Query(), at_gate, findings,
      admitted.ok() ? nullptr : &refusal, !before.has_value(), &answer));
  if (!admitted.ok()) {
    return Begun{Begun::Next::kSend, std::move(answer), nullptr};
  }
  auto run =
      std::make_shared<Run>(Run{start, *std::move(admitted), std::move(at_gate),
                                first, std::move(wanted), std::move(answer)});
  if (first) {
    under_way_ = run;
    return Begun{Begun::Next::kWork, {}, std::move(run)};
  }
  Work(run.get());
  CAIRN_ASSIGN_OR_RETURN(answer, Finish(run.get()));
  return Begun{Begun::Next::kSend, std::move(answer), nullptr};
}

absl::StatusOr<v1::Answer> Answerer::Finish(Run* run) {
  const std::shared_ptr<Run> ended =
      under_way_.get() == run ? std::move(under_way_) : nullptr;
  SetElapsed(run->took, &run->answer);
  if (!run->tables.ok()) {
    CAIRN_RETURN_IF_ERROR(WriteFailed(run->tables.status(), &run->answer));
  } else {
    CAIRN_RETURN_IF_ERROR(Release(run->admitted, run->at_gate,
                                  *std::move(run->tables), &run->answer));
  }
  return std::move(run->answer);
}

absl::StatusOr<v1::Answer> Answerer::Answer(const v1::Ask& ask,
                                            const AskFindings& findings) {
  CAIRN_ASSIGN_OR_RETURN(Begun begun, Begin(ask, findings));
  if (begun.next != Begun::Next::kWork) return std::move(begun.answer);
  Work(begun.run.get());
  return Finish(begun.run.get());
}

}  // namespace cairn
