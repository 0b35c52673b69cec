#include "core/audit/reconcile.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/audit/words.h"
#include "core/base/digest.h"
#include "core/base/utf8.h"

namespace cairn {
namespace {

using Kind = Mismatch::Kind;
using What = AgencyPart::What;

// By how much the clocks of two sides may differ.
constexpr int64_t kClockSkewMs = 120'000;

std::string Shown(const std::string& text) {
  return text.empty() ? "nothing" : PrintableUtf8(text);
}

// One agency's ledger against the coordinator's.
class Comparison {
 public:
  Comparison(const LedgerSide& coordinator, const LedgerSide& agent,
             Reconciliation* out)
      : coordinator_(coordinator),
        agent_(agent),
        agency_(AgencyOf(agent.audit.origin)),
        out_(out) {}

  void Run() {
    for (const QueryRecord& asked : coordinator_.queries.all()) {
      asked_ = &asked;
      own_ = agent_.queries.Find(asked.id);
      CompareOne();
    }
    for (const QueryRecord& own : agent_.queries.all()) {
      if (coordinator_.queries.Find(own.id) != nullptr) continue;
      asked_ = nullptr;
      own_ = &own;
      OnlyTheAgentKnows();
    }
  }

 private:
  void CompareOne() {
    const AgencyPart* part = nullptr;
    for (const AgencyPart& one : asked_->parts) {
      if (one.agency == agency_) part = &one;
    }
    if (!asked_->has_parts) {
      WithoutParts();
    } else if (part == nullptr) {
      if (own_ != nullptr) {
        Differ(
            "the coordinator's ledger does not name this agency among those "
            "that were asked, but its own ledger has the question");
      }
    } else {
      ++out_->compared;
      ComparePart(*part);
    }
    if (own_ != nullptr) CompareQuestion();
  }

  // The coordinator has no ending, or one that does not name the agencies.
  void WithoutParts() {
    if (own_ == nullptr || own_->outcome != "released") return;
    Note(
        absl::StrCat("the agent released an answer, and in the coordinator's "
                     "ledger the question is ",
                     asked_->outcome, ": nobody saw the answer"));
  }

  void ComparePart(const AgencyPart& part) {
    if (BeyondTheCopy(part)) return;
    if (part.what == What::kSilent) return CompareSilent();
    if (own_ == nullptr || !own_->received.has_value()) {
      return NotAtTheAgent(part);
    }
    const bool released = own_->outcome == "released";
    if (released != (part.what == What::kAnswered)) {
      return Differ(
          absl::StrCat("the coordinator says the agency ", WordOf(part.what),
                       ", the agency's own ledger says ", own_->outcome));
    }
    CompareReceipt(part);
  }

  // A receipt for an entry after the last of this copy: an older copy, or a
  // ledger that was cut off.
  bool BeyondTheCopy(const AgencyPart& part) {
    const bool ended = own_ != nullptr && own_->ended.has_value();
    if (!part.index.has_value() || *part.index < agent_.audit.size || ended ||
        !agent_.audit.flaw.ok()) {
      return false;
    }
    const std::string words =
        absl::StrCat("its receipt names entry ", *part.index,
                     ", and this copy of the agent's ledger has ",
                     Count(agent_.audit.size, "entry", "entries"));
    const int64_t merged =
        asked_->ended.has_value() ? asked_->ended->time_ms : 0;
    if (agent_.audit.last_ms > merged + kClockSkewMs) {
      Differ(absl::StrCat(words,
                          ", of which the last is younger than the answer: "
                          "entries were taken out"));
    } else {
      Note(absl::StrCat(words, ": bring a later one"));
    }
    return true;
  }

  void CompareSilent() {
    if (own_ == nullptr || !own_->ended.has_value()) return;
    const bool released = own_->outcome == "released";
    Note(absl::StrCat(
        released ? "answered late" : absl::StrCat(own_->outcome, " late"),
        own_->received.has_value()
            ? absl::StrCat(
                  ", ",
                  DurationText(own_->ended->time_ms - own_->received->time_ms),
                  " after the question came")
            : "",
        ": the coordinator did not wait for it, which is normal"));
  }

  void NotAtTheAgent(const AgencyPart& part) {
    if (part.what == What::kRefused && !part.index.has_value()) {
      return Note(
          "the agent turned the question away before it read it (too "
          "many were waiting), so its ledger does not have it");
    }
    Differ(absl::StrCat("the coordinator says the agency ", WordOf(part.what),
                        ", but the agency's own ledger does not have the "
                        "question at all"));
  }

  void CompareReceipt(const AgencyPart& part) {
    if (!part.index.has_value()) {
      return Differ(absl::StrCat("the coordinator took what the agency ",
                                 WordOf(part.what),
                                 " without a receipt of its ledger"));
    }
    if (!own_->ended.has_value() || own_->ended->index != *part.index) {
      return Differ(absl::StrCat(
          "the receipt names entry ", *part.index, " of the agency's ledger, ",
          own_->ended.has_value()
              ? absl::StrCat("and there it is entry ", own_->ended->index)
              : "which has no ending of the question"));
    }
    if (own_->ended->hash != part.entry_hash) {
      Differ(absl::StrCat("entry ", *part.index,
                          " of the agency's ledger is not the one that its "
                          "receipt was for: it has the hash ",
                          Hex(own_->ended->hash).substr(0, 12),
                          "..., the receipt ",
                          Hex(part.entry_hash).substr(0, 12), "..."));
    }
  }

  // What both wrote down of the question itself.
  void CompareQuestion() {
    if (!asked_->received.has_value() || !own_->received.has_value()) return;
    const auto same = [&](const char* what, const std::string& there,
                          const std::string& here) {
      if (there == here) return;
      Differ(absl::StrCat("the coordinator's ledger has the ", what, " ",
                          Shown(there), ", the agency's ", Shown(here)));
    };
    same("person", asked_->actor, own_->actor);
    same("purpose", asked_->purpose, own_->purpose);
    same("data set", asked_->data_set, own_->data_set);
    CompareShown();
  }

  // What the agency was shown as proof that the question is on record.
  void CompareShown() {
    if (!own_->shown_index.has_value()) return;
    const QueryRecord::At& there = *asked_->received;
    if (*own_->shown_index != there.index) {
      Differ(absl::StrCat("the agency was shown entry ", *own_->shown_index,
                          " of the coordinator's ledger, and there the "
                          "question is entry ",
                          there.index));
    } else if (own_->shown_hash != Hex(there.hash)) {
      Differ(absl::StrCat(
          "the two ledgers are bound to different questions: entry ",
          there.index,
          " of the coordinator's is not the one that the agency was shown"));
    }
  }

  void OnlyTheAgentKnows() {
    const int64_t time = own_->received.has_value() ? own_->received->time_ms
                         : own_->ended.has_value()  ? own_->ended->time_ms
                                                    : 0;
    if (time > coordinator_.audit.last_ms && coordinator_.audit.flaw.ok()) {
      return Note(
          "asked after this copy of the coordinator's ledger ends: "
          "bring a later one");
    }
    if (!own_->received.has_value()) return;  // decided here, asked before
    Differ(absl::StrCat("the agency's ledger has this question (",
                        own_->outcome,
                        "), and the coordinator's does not have it at all"));
  }

  void Differ(std::string words) { Add(Kind::kDifference, std::move(words)); }
  void Note(std::string words) { Add(Kind::kNote, std::move(words)); }
  void Add(Kind kind, std::string words) {
    Mismatch mismatch{kind, "", agency_, {}, {}, std::move(words)};
    const auto entry_of = [](const QueryRecord* record) {
      std::optional<uint64_t> entry;
      if (record == nullptr) return entry;
      if (record->ended.has_value()) entry = record->ended->index;
      if (!entry.has_value() && record->received.has_value()) {
        entry = record->received->index;
      }
      return entry;
    };
    mismatch.query = asked_ != nullptr ? asked_->id : own_->id;
    mismatch.coordinator_entry = entry_of(asked_);
    mismatch.agent_entry = entry_of(own_);
    out_->mismatches.push_back(std::move(mismatch));
  }

  const LedgerSide& coordinator_;
  const LedgerSide& agent_;
  const std::string agency_;
  Reconciliation* const out_;
  const QueryRecord* asked_ = nullptr;
  const QueryRecord* own_ = nullptr;
};

void AddFlaw(const LedgerSide& side, const std::string& agency,
             Reconciliation* out) {
  if (side.audit.flaw.ok()) return;
  out->mismatches.push_back(
      {Kind::kDifference,
       "",
       agency.empty() ? "the coordinator" : agency,
       {},
       {},
       absl::StrCat("its ledger does not hold in itself: ",
                    side.audit.flaw.message())});
}

// An ending that counts other agencies than the ledger names: whoever is left
// out could not be held against its own ledger.
void AddMiscounted(const LedgerSide& coordinator, Reconciliation* out) {
  for (const QueryRecord& record : coordinator.queries.all()) {
    if (!record.has_parts || !record.agencies.has_value() ||
        *record.agencies == record.parts.size()) {
      continue;
    }
    out->mismatches.push_back(
        {Kind::kDifference,
         record.id,
         "the coordinator",
         record.ended->index,
         {},
         absl::StrCat("its ledger counts ",
                      Count(*record.agencies, "agency", "agencies"),
                      " and tells the part of ", record.parts.size())});
  }
}

// Agencies that were asked and whose ledgers nobody brought.
void AddAbsent(const LedgerSide& coordinator,
               const std::vector<LedgerSide>& agents, Reconciliation* out) {
  std::map<std::string, uint64_t> asked;
  for (const QueryRecord& record : coordinator.queries.all()) {
    for (const AgencyPart& part : record.parts) ++asked[part.agency];
  }
  for (const LedgerSide& agent : agents) {
    asked.erase(AgencyOf(agent.audit.origin));
  }
  for (const auto& [agency, count] : asked) {
    out->mismatches.push_back(
        {Kind::kNote,
         "",
         agency,
         {},
         {},
         absl::StrCat("was asked ", Count(count, "question", "questions"),
                      "; no copy of its ledger was given, so nothing of it "
                      "was compared")});
  }
}

std::string EntryText(const std::optional<uint64_t>& entry) {
  return entry.has_value() ? absl::StrCat(*entry) : "";
}

}  // namespace

uint64_t Reconciliation::differences() const {
  return static_cast<uint64_t>(std::count_if(
      mismatches.begin(), mismatches.end(),
      [](const Mismatch& one) { return one.kind == Kind::kDifference; }));
}

Listing Reconciliation::List() const {
  Listing listing;
  listing.title = "Where the ledgers do not say the same";
  listing.columns = {"kind",        "query", "agency", "coordinator_entry",
                     "agent_entry", "words"};
  listing.numbers = {"coordinator_entry", "agent_entry"};
  for (const Mismatch& one : mismatches) {
    listing.rows.push_back(
        {one.kind == Kind::kDifference ? "difference" : "note",
         PrintableUtf8(one.query), PrintableUtf8(one.agency),
         EntryText(one.coordinator_entry), EntryText(one.agent_entry),
         one.words});
  }
  return listing;
}

std::string Reconciliation::Text() const {
  const size_t width = TerminalWidth() == 0 ? 100 : TerminalWidth();
  std::string out;
  for (const Mismatch& one : mismatches) {
    std::string head = one.kind == Kind::kDifference ? "DIFFERS " : "note    ";
    if (!one.query.empty()) absl::StrAppend(&head, PrintableUtf8(one.query));
    if (!one.agency.empty()) {
      absl::StrAppend(&head, one.query.empty() ? "" : " at ",
                      PrintableUtf8(one.agency));
    }
    if (one.query.empty() && one.agency.empty()) {
      absl::StrAppend(&head, "all ledgers");
    }
    std::string where;
    if (one.coordinator_entry.has_value()) {
      absl::StrAppend(&where, "coordinator's entry ", *one.coordinator_entry);
    }
    if (one.agent_entry.has_value()) {
      absl::StrAppend(&where, where.empty() ? "" : ", ", "agency's entry ",
                      *one.agent_entry);
    }
    if (!where.empty()) absl::StrAppend(&head, " (", where, ")");
    absl::StrAppend(&out, head, "\n");
    for (const std::string& line :
         WrapText(one.words, std::max<size_t>(width, 40) - 8)) {
      absl::StrAppend(&out, "        ", line, "\n");
    }
  }
  if (!out.empty()) out += "\n";
  const uint64_t differ = differences();
  const uint64_t notes = mismatches.size() - differ;
  const std::string summary = absl::StrCat(
      Count(questions, "question", "questions"), " of the coordinator, ",
      Count(compared, "answer", "answers"),
      " held against the agencies' own ledgers: ",
      differ == 0 ? "no difference"
                  : Count(differ, "difference", "differences"),
      notes == 0 ? "" : absl::StrCat(", ", Count(notes, "note", "notes")), ".");
  for (const std::string& line :
       WrapText(summary, std::max<size_t>(width, 40))) {
    absl::StrAppend(&out, line, "\n");
  }
  return out;
}

Reconciliation Reconcile(const LedgerSide& coordinator,
                         const std::vector<LedgerSide>& agents,
                         bool those_only) {
  Reconciliation out;
  out.questions = coordinator.queries.all().size();
  AddFlaw(coordinator, "", &out);
  AddMiscounted(coordinator, &out);
  for (const LedgerSide& agent : agents) {
    AddFlaw(agent, AgencyOf(agent.audit.origin), &out);
    Comparison(coordinator, agent, &out).Run();
  }
  if (!those_only) AddAbsent(coordinator, agents, &out);
  std::stable_partition(
      out.mismatches.begin(), out.mismatches.end(),
      [](const Mismatch& one) { return one.kind == Kind::kDifference; });
  return out;
}

}  // namespace cairn
