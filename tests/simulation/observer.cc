#include "tests/simulation/observer.h"

#include <algorithm>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "tests/support/reference_tree.h"

namespace cairn::simulation {
namespace {

void Find(const std::string& checker, const std::string& words) {
  Simulator::Current()->Find(checker, words);
}

std::string NameOf(Machine machine) {
  return machine == 0 ? "the coordinator" : absl::StrCat("a", machine);
}

// The text of a key in an entry, which has no spaces and no nesting.
std::string TextOf(const std::string& line, const std::string& key) {
  const std::string start = absl::StrCat("\"", key, "\":\"");
  const size_t at = line.find(start);
  if (at == std::string::npos) return "";
  const size_t from = at + start.size();
  return line.substr(from, line.find('"', from) - from);
}

int64_t NumberOf(const std::string& line, const std::string& key) {
  const std::string start = absl::StrCat("\"", key, "\":");
  const size_t at = line.find(start);
  return at == std::string::npos
             ? -1
             : std::strtoll(line.c_str() + at + start.size(), nullptr, 10);
}

std::string LeafOf(const std::string& line) {
  return ReferenceTree::Hash(std::string(1, '\0') + line);
}

// What stays of an answer however often it is sent: its proof is made anew.
std::string WithoutProof(v1::Answer answer) {
  if (answer.has_receipt()) {
    answer.mutable_receipt()->clear_proof();
    answer.mutable_receipt()->clear_entry();
  }
  return answer.SerializeAsString();
}

bool IsOneOf(const std::string& type, std::initializer_list<const char*> of) {
  return std::any_of(of.begin(), of.end(),
                     [&](const char* each) { return type == each; });
}

}  // namespace

std::string Observer::TypeOf(const std::string& line) {
  return TextOf(line, "type");
}
std::string Observer::QueryOf(const std::string& line) {
  return TextOf(line, "qid");
}

std::optional<uint64_t> Observer::IndexOf(Machine machine,
                                          const std::string& type,
                                          const std::string& query) const {
  const Lines& lines = of(machine).lines;
  for (uint64_t i = 0; i < lines.size(); ++i) {
    if (TypeOf(lines[i]) == type && QueryOf(lines[i]) == query) return i;
  }
  return std::nullopt;
}

int Observer::Count(Machine machine, const std::string& query,
                    const std::string& type) const {
  const auto found = of(machine).entries.find({query, type});
  return found == of(machine).entries.end() ? 0 : found->second;
}

void Observer::Add(Machine machine, const std::string& line) {
  Log& log = of(machine);
  const auto index = static_cast<int64_t>(log.lines.size());
  const int64_t ms = NumberOf(line, "t");
  if (NumberOf(line, "seq") != index || ms < log.last_ms) {
    Find("numbers and times rise",
         absl::StrCat("entry ", index, " of ", NameOf(machine), " is ", line,
                      " after the time ", log.last_ms));
  }
  log.last_ms = ms;
  log.lines.push_back(line);
  const std::string type = TypeOf(line), query = QueryOf(line);
  Simulator::Current()->Say(
      absl::StrCat("entry ", index, " ", type, " ", query));
  const int count = ++log.entries[{query, type}];
  if (query.empty()) return;
  if (machine == 0) {
    int ends = 0;
    for (const char* end : {"answer.merged", "answer.partial", "query.refused",
                            "query.failed", "query.abandoned"}) {
      ends += Count(machine, query, end);
    }
    if (ends > 1 || Count(machine, query, "query.received") > 1) {
      Find("each question ends once",
           absl::StrCat("the coordinator's entry ", index, " is a second ",
                        type, " of ", query));
    }
    return;
  }
  if (count > 1 && IsOneOf(type, {"query.admitted", "answer.released",
                                  "query.abandoned", "query.failed"})) {
    Find("no question runs twice",
         absl::StrCat(NameOf(machine), " has a second ", type, " of ", query));
  }
}

void Observer::Look(Machine machine, const Ledger& ledger) {
  Log& log = of(machine);
  while (log.lines.size() < ledger.size()) {
    const auto line = ledger.Line(log.lines.size());
    if (!line.ok()) return;  // the disk is failing
    Add(machine, *line);
  }
}

void Observer::Restarted(Machine machine, const Ledger& ledger, bool lied) {
  Log& log = of(machine);
  Lines there;
  for (uint64_t i = 0; i < std::min<uint64_t>(ledger.size(), log.lines.size());
       ++i) {
    const auto line = ledger.Line(i);
    there.push_back(line.ok() ? *line : "unreadable");
    if (there[i] == log.lines[i]) continue;
    Find("no acknowledged entry is lost",
         absl::StrCat("entry ", i, " of ", NameOf(machine), " was ",
                      log.lines[i], " and is ", there[i]));
    return;
  }
  if (there.size() == log.lines.size()) return;
  if (!lied) {
    Find("no acknowledged entry is lost",
         absl::StrCat(NameOf(machine), " had ", log.lines.size(),
                      " entries and comes back with ", ledger.size()));
    return;
  }
  Simulator::Current()->Say(absl::StrCat("lost ",
                                         log.lines.size() - there.size(),
                                         " entries that were acknowledged"));
  log.before.push_back(std::move(log.lines));
  log.lines.clear();
  log.entries.clear();
  log.last_ms = 0;
  for (const std::string& line : there) Add(machine, line);
}

void Observer::Asked(Machine, const v1::Ask& ask) {
  questions_[ask.query_id()] = ask.query();
}

void Observer::CheckReceipt(Machine agent, const std::string& query_id,
                            const v1::Receipt& receipt, const std::string& type,
                            const std::string& checker) {
  const Lines& lines = of(agent).lines;
  const std::string line =
      receipt.index() < lines.size() ? lines[receipt.index()] : "";
  const std::string is = TypeOf(line);
  const bool right = type.empty()
                         ? IsOneOf(is, {"query.refused", "query.failed"})
                         : is == type;
  if (right && QueryOf(line) == query_id &&
      LeafOf(line) == receipt.entry_hash() && line == receipt.entry()) {
    return;
  }
  Find(checker, absl::StrCat("of ", query_id, " by ", NameOf(agent),
                             ": its receipt names entry ", receipt.index(),
                             ", which is: ", line.empty() ? "none" : line));
}

void Observer::Answered(Machine agent, const v1::Answer& answer,
                        const Ledger& ledger, bool quarantined) {
  Look(agent, ledger);
  const std::string& query = answer.query_id();
  if (answer.has_tables() && quarantined) {
    Find("who cannot vouch for its ledger answers nothing",
         absl::StrCat(NameOf(agent), " answered ", query));
  }
  const v1::RefusalReason reason = answer.refusal().reason();
  if (answer.has_refusal() &&
      (reason == v1::OVERLOADED || reason == v1::QUARANTINED)) {
    return;
  }
  CheckReceipt(agent, query, answer.receipt(),
               answer.has_tables() ? "answer.released" : "",
               "no answer without its entry");
  if (!answer.has_tables()) return;
  const auto [sent, is_new] =
      answers_.try_emplace({agent, query}, WithoutProof(answer));
  if (!is_new) Simulator::Current()->Count("answers sent again");
  if (!is_new && sent->second != WithoutProof(answer) &&
      !WasRolledBack(agent)) {
    Find("a question sent again gets the same bytes",
         absl::StrCat(NameOf(agent), " answered ", query, " anew"));
  }
  const auto [told, first] =
      tables_.try_emplace({agent, questions_[query]},
                          Told{query, answer.tables().SerializeAsString()});
  // A disk that lied may have lost what nobody else had seen yet.
  const bool may_be_lost = WasRolledBack(agent) &&
                           merged_.count({agent, told->second.query_id}) == 0;
  if (!first && !may_be_lost &&
      told->second.bytes != answer.tables().SerializeAsString()) {
    Find("what was released stays",
         absl::StrCat(NameOf(agent), " tells another table with ", query));
  }
}

void Observer::Signed(const std::string& line, const std::string& text) {
  signed_[line] = text;
}

bool Observer::ReadCheckpoint(const std::string& text, Checkpoint* to) const {
  const std::vector<std::string> parts = absl::StrSplit(text, '\n');
  if (parts.size() < 3 || !absl::SimpleAtoi(parts[1], &to->size) ||
      !absl::Base64Unescape(parts[2], &to->root)) {
    return false;
  }
  const size_t agent = parts[0].find("/agent/a");
  to->machine = agent == std::string::npos ? 0 : parts[0][agent + 8] - '0';
  if (to->machine >= static_cast<Machine>(logs_.size())) return false;
  std::vector<Lines> histories = of(to->machine).before;
  histories.push_back(of(to->machine).lines);
  std::reverse(histories.begin(), histories.end());
  for (Lines& lines : histories) {
    if (lines.size() < to->size) continue;
    lines.resize(to->size);
    if (ReferenceTree::Root(lines) != to->root) continue;
    to->lines = std::move(lines);
    return true;
  }
  return false;
}

void Observer::Shown(Machine machine, const std::string& note) {
  const std::string text = note.substr(0, note.find("\n\n") + 1);
  if (shown_.count(text) > 0) return;
  Checkpoint checkpoint;
  if (!ReadCheckpoint(text, &checkpoint) || checkpoint.machine != machine) {
    Find("a checkpoint is of what is on the disk",
         absl::StrCat(NameOf(machine), " shows ", text));
  }
  shown_[text] = std::move(checkpoint);
}

void Observer::Cosigned(Machine witness, const std::string& line) {
  const auto text = signed_.find(line);
  const auto found =
      text == signed_.end() ? shown_.end() : shown_.find(text->second);
  if (found == shown_.end()) {
    Find("a witness signs what it was shown",
         absl::StrCat(NameOf(witness), " hands out ", line));
    return;
  }
  const Checkpoint& now = found->second;
  std::vector<Checkpoint>& all = cosigned_[{witness, now.machine}];
  for (const Checkpoint& before : all) {
    const size_t common = std::min(before.lines.size(), now.lines.size());
    if (std::equal(before.lines.begin(), before.lines.begin() + common,
                   now.lines.begin())) {
      continue;
    }
    Find("a witness never signs two histories",
         absl::StrCat(NameOf(witness), " cosigned ", before.size, " and ",
                      now.size, " entries of ", NameOf(now.machine),
                      ", and neither goes on from the other"));
    return;
  }
  if (all.empty() || all.back().size != now.size) all.push_back(now);
}

bool Observer::IsContradicted(Machine machine) const {
  const Lines& lines = of(machine).lines;
  for (const auto& [who, checkpoints] : cosigned_) {
    if (who.second != machine) continue;
    for (const Checkpoint& kept : checkpoints) {
      if (kept.lines.size() > lines.size() ||
          !std::equal(kept.lines.begin(), kept.lines.end(), lines.begin())) {
        return true;
      }
    }
  }
  for (const auto& [who, receipt] : merged_) {
    if (who.first != machine) continue;
    if (receipt.index() >= lines.size() ||
        lines[receipt.index()] != receipt.entry()) {
      return true;
    }
  }
  return false;
}

void Observer::Result(const v1::Result& result, const Ledger& coordinator) {
  Look(0, coordinator);
  const std::string& query = result.query_id();
  bool whole = true;
  for (const v1::AgencyOutcome& agency : result.agency()) {
    const Machine agent = agency.agency()[1] - '0';
    whole = whole && agency.outcome() == v1::ANSWERED;
    if (agency.outcome() == v1::ANSWERED) {
      CheckReceipt(agent, query, agency.receipt(), "answer.released",
                   "only answers with a receipt are merged");
      merged_[{agent, query}] = agency.receipt();
    }
    if (agency.outcome() != v1::SILENT &&
        delivered_.count({agent, query}) == 0) {
      Find("silence is shown as silence",
           absl::StrCat(NameOf(agent), " sent nothing for ", query,
                        " and is shown as if it had"));
    }
  }
  const int merged = Count(0, query, "answer.merged");
  const int ends = merged + Count(0, query, "answer.partial") +
                   Count(0, query, "query.refused");
  if (ends != 1) {
    Find("no answer without its entry",
         absl::StrCat("the analyst is shown ", query, ", which has ", ends,
                      " entries of its end"));
  }
  if (whole != (merged == 1)) {
    Find("silence is shown as silence",
         absl::StrCat("the ledger says that ", query, " was ",
                      merged == 1 ? "complete" : "not complete"));
  }
  for (const v1::ResultRow& row : result.row()) {
    if (!whole && row.agency().empty() && row.status() == v1::PUBLISHED) {
      Find("silence is shown as silence",
           absl::StrCat("a sum of ", query,
                        " is published without all who "
                        "were asked"));
    }
  }
  results_[query] = result.SerializeAsString();
}

void Observer::Ended(const std::string& query_id, bool ok) {
  if (query_id.empty()) return;  // it was turned away
  const bool shown = results_.count(query_id) > 0;
  if (++ended_[query_id] > 1 || ok != shown) {
    Find(
        "each question ends once",
        absl::StrCat("the analyst is told ", ended_[query_id], " times that ",
                     query_id, " ended, with ", shown ? "a" : "no", " result"));
  }
}

void Observer::NothingIsOpen(Machine machine) {
  for (const auto& [of_what, count] : of(machine).entries) {
    const auto& [query, type] = of_what;
    if (type != (machine == 0 ? "query.received" : "query.admitted")) continue;
    int ends = 0;
    for (const char* end :
         {"answer.merged", "answer.partial", "answer.released", "query.failed",
          "query.abandoned"}) {
      ends += Count(machine, query, end);
    }
    if (machine == 0) ends += Count(machine, query, "query.refused");
    if (ends != 1) {
      Find("each question ends once",
           absl::StrCat(NameOf(machine), " has ", ends, " ends of ", query));
    }
  }
}

}  // namespace cairn::simulation
