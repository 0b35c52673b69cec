#include "core/audit/query_story.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "core/audit/words.h"
#include "core/base/digest.h"
#include "core/base/json.h"
#include "core/base/utf8.h"
#include "core/query/filter_text.h"

namespace cairn {
namespace {

constexpr size_t kHead = 12;  // columns of the words at the left
constexpr size_t kPageWidth = 100;

size_t PageWidth() {
  const size_t width = TerminalWidth() == 0 ? kPageWidth : TerminalWidth();
  return std::max<size_t>(width, kHead + 30);
}

// The words at the left, then text that goes on under itself.
std::string Under(const std::string& head, const std::string& text) {
  std::string out;
  bool first = true;
  for (const std::string& line : WrapText(text, PageWidth() - kHead)) {
    absl::StrAppend(&out, absl::StrFormat("%-*s", kHead, first ? head : ""),
                    line, "\n");
    first = false;
  }
  return out;
}

// Types that say under which terms a question was answered.
bool IsTerms(const std::string& type) {
  return type == "policy.changed" || type == "catalogue.changed" ||
         type == "log.opened";
}

void AddTree(const Filter& filter, const std::string& first,
             const std::string& rest, std::vector<std::string>* lines) {
  const char* name = filter.kind == Filter::Kind::kAnd   ? "AND"
                     : filter.kind == Filter::Kind::kOr  ? "OR"
                     : filter.kind == Filter::Kind::kNot ? "NOT"
                                                         : nullptr;
  if (name == nullptr) {
    lines->push_back(absl::StrCat(first, PrintableUtf8(FilterToText(filter))));
    return;
  }
  lines->push_back(absl::StrCat(first, name));
  for (size_t i = 0; i < filter.parts.size(); ++i) {
    const bool last = i + 1 == filter.parts.size();
    AddTree(filter.parts[i], absl::StrCat(rest, last ? "└─ " : "├─ "),
            absl::StrCat(rest, last ? "   " : "│  "), lines);
  }
}

std::string MeasuresOf(const Query& query) {
  std::vector<std::string> names;
  for (const Measure& measure : query.measures) {
    names.push_back(measure.ToString());
  }
  return names.empty() ? "count" : absl::StrJoin(names, ", ");
}

std::string TitleOf(const std::string& variable, const DataSet* data_set) {
  if (data_set == nullptr) return variable;
  for (const Dimension& dimension : data_set->dimensions) {
    for (const Level& level : dimension.levels) {
      if (level.variable == variable) return level.title;
    }
  }
  return variable;
}

std::string QuestionInWords(const Query& query, const DataSet* data_set) {
  std::string text =
      absl::StrCat(MeasuresOf(query), " of ",
                   data_set == nullptr ? query.data_set : data_set->title);
  std::vector<std::string> by;
  for (const std::string& variable : query.by) {
    by.push_back(TitleOf(variable, data_set));
  }
  if (!by.empty()) absl::StrAppend(&text, " by ", absl::StrJoin(by, ", "));
  if (query.where.has_value()) {
    absl::StrAppend(&text, ", where ",
                    data_set == nullptr
                        ? FilterToText(*query.where)
                        : FilterToWords(*query.where, *data_set));
  }
  return PrintableUtf8(text);
}

std::string EntryJson(const ParsedEntry& entry) {
  JsonObject fields;
  for (const auto& [name, value] : entry.entry.fields) {
    const auto* text = std::get_if<std::string>(&value);
    fields.Add(name, text != nullptr ? JsonText(*text)
                                     : absl::StrCat(std::get<int64_t>(value)));
  }
  return JsonObject()
      .Add("entry", absl::StrCat(entry.index))
      .Add("time", JsonText(TimeIso(entry.time_ms)))
      .Add("type", JsonText(entry.entry.type))
      .Add("fields", fields.Done())
      .Done();
}

std::string JsonArray(const std::vector<std::string>& parts) {
  return absl::StrCat("[", absl::StrJoin(parts, ","), "]");
}

}  // namespace

std::vector<std::string> FilterTree(const Filter& filter) {
  std::vector<std::string> lines;
  AddTree(filter, "", "", &lines);
  return lines;
}

void QueryStory::See(const ParsedEntry& entry) {
  if (IsTerms(entry.entry.type) && entries_.empty()) {
    terms_[entry.entry.type] = entry;
  }
  const EntryType* type = FindEntryType(entry.entry.type);
  if (type == nullptr || !type->about_a_query || entry.entry.query_id != id_) {
    return;
  }
  records_.See(entry);
  entries_.push_back(entry);
}

std::string QueryStory::Asked(const OpenedQuestion& question) const {
  const QueryRecord& record = this->record();
  std::string out;
  if (question.query.has_value()) {
    const Query& query = *question.query;
    absl::StrAppend(
        &out, Under("question", QuestionInWords(query, question.data_set)));
    absl::StrAppend(
        &out, Under("as a tree", absl::StrCat("data set  ", query.data_set)));
    absl::StrAppend(&out,
                    Under("", absl::StrCat("measure   ", MeasuresOf(query))));
    if (!query.by.empty()) {
      absl::StrAppend(
          &out,
          Under("", absl::StrCat("by        ", absl::StrJoin(query.by, ", "))));
    }
    if (query.where.has_value()) {
      bool first = true;
      for (const std::string& line : FilterTree(*query.where)) {
        absl::StrAppend(&out, std::string(kHead, ' '),
                        first ? "where     " : "          ", line, "\n");
        first = false;
      }
    }
  } else {
    absl::StrAppend(&out,
                    Under("question", absl::StrCat("about ", record.data_set)));
  }
  if (!question.bound.empty()) {
    absl::StrAppend(&out, Under("", question.bound));
  }
  absl::StrAppend(&out, Under("purpose", PrintableUtf8(record.purpose)));
  absl::StrAppend(&out, Under("person", PrintableUtf8(record.actor)));
  return out;
}

std::string QueryStory::Terms() const {
  std::string out;
  for (const auto& [type, entry] : terms_) {
    const std::string head = type.substr(0, type.find('.'));
    absl::StrAppend(&out,
                    Under(head, absl::StrCat("since entry ", entry.index, ", ",
                                             TimeText(entry.time_ms), ": ",
                                             FieldsInWords(entry.entry))));
  }
  return out;
}

std::string QueryStory::Outcome() const {
  const QueryRecord& record = this->record();
  std::string words = record.outcome;
  if (record.outcome == "released") {
    words = absl::StrCat(
        "released: ",
        Count(static_cast<uint64_t>(record.shown), "cell shown", "cells shown"),
        ", ", record.hidden, " hidden");
  } else if (!record.reason.empty()) {
    absl::StrAppend(&words, ": ", PrintableUtf8(record.reason));
  } else if (record.outcome == "open") {
    words = "open: the log has no ending of it yet";
  }
  if (record.ended.has_value() && record.received.has_value()) {
    absl::StrAppend(
        &words, ", ",
        DurationText(record.ended->time_ms - record.received->time_ms),
        " after it came");
  }
  std::string out = Under("outcome", words);
  size_t widest = 6;
  for (const AgencyPart& part : record.parts) {
    widest = std::max(widest, CountUtf8(part.agency));
  }
  bool first = true;
  for (const AgencyPart& part : record.parts) {
    const std::string entry =
        part.index.has_value()
            ? absl::StrCat("by its entry ", *part.index, ", ",
                           Hex(part.entry_hash).substr(0, 12), "...")
            : "";
    std::string line = absl::StrFormat(
        "%-*s%-*s  %-9s %s", kHead, first ? "agencies" : "", widest,
        PrintableUtf8(part.agency), WordOf(part.what), entry);
    line.erase(line.find_last_not_of(' ') + 1);
    absl::StrAppend(&out, line, "\n");
    first = false;
  }
  return out;
}

Listing QueryStory::Entries() const {
  Listing listing;
  listing.title = absl::StrCat("Entries about ", id_);
  listing.columns = {"entry", "time", "ms_since_before", "type", "details"};
  listing.numbers = {"entry", "ms_since_before"};
  listing.wrapped = {"details"};
  int64_t before = 0;
  for (const ParsedEntry& entry : entries_) {
    listing.rows.push_back(
        {absl::StrCat(entry.index), TimeIso(entry.time_ms),
         listing.rows.empty() ? "" : absl::StrCat(entry.time_ms - before),
         entry.entry.type, FieldsInWords(entry.entry)});
    before = entry.time_ms;
  }
  return listing;
}

std::string QueryStory::Happened() const {
  Listing listing;
  listing.columns = {"entry", "time (UTC)", "after", "what", ""};
  listing.numbers = {"entry"};
  listing.wrapped = {""};
  int64_t before = 0;
  for (const ParsedEntry& entry : entries_) {
    listing.rows.push_back(
        {absl::StrCat(entry.index), TimeText(entry.time_ms),
         listing.rows.empty() ? "" : DurationText(entry.time_ms - before),
         entry.entry.type,
         FieldsInWords(entry.entry, {"actor", "purpose", "data_set", "agencies",
                                     "agencies_answered", "agencies_refused",
                                     "agencies_silent", "cells_released",
                                     "cells_suppressed", "reason"})});
    before = entry.time_ms;
  }
  return *FormatListing(listing, "table", PageWidth());
}

std::string QueryStory::Text(const std::string& origin,
                             const OpenedQuestion& question) const {
  const std::string terms = Terms();
  return absl::StrCat(
      PrintableUtf8(id_), "\n",
      origin.empty() ? "" : absl::StrCat("in ", PrintableUtf8(origin), "\n"),
      "\n", Asked(question), terms.empty() ? "" : "\n", terms, "\n", Outcome(),
      "\n", Happened());
}

std::string QueryStory::Json(const std::string& origin,
                             const OpenedQuestion& question) const {
  const QueryRecord& record = this->record();
  JsonObject asked;
  if (question.query.has_value()) {
    const Query& query = *question.query;
    asked.Add("words", JsonText(QuestionInWords(query, question.data_set)))
        .Add("data_set", JsonText(query.data_set))
        .Add("measure", JsonText(MeasuresOf(query)))
        .Add("by", JsonTexts(query.by))
        .Add("where", query.where.has_value()
                          ? JsonText(FilterToText(*query.where))
                          : "null");
  } else {
    asked.Add("data_set", JsonText(record.data_set));
  }
  asked.Add("bound", JsonText(question.bound));
  std::vector<std::string> parts, entries, terms;
  for (const AgencyPart& part : record.parts) {
    parts.push_back(JsonObject()
                        .Add("agency", JsonText(part.agency))
                        .Add("outcome", JsonText(WordOf(part.what)))
                        .Add("entry", part.index.has_value()
                                          ? absl::StrCat(*part.index)
                                          : "null")
                        .Add("entry_hash", JsonText(Hex(part.entry_hash)))
                        .Done());
  }
  for (const auto& [type, entry] : terms_) terms.push_back(EntryJson(entry));
  for (const ParsedEntry& entry : entries_) entries.push_back(EntryJson(entry));
  const bool released = record.outcome == "released";
  return absl::StrCat(
      JsonObject()
          .Add("query", JsonText(id_))
          .Add("log", JsonText(origin))
          .Add("question", asked.Done())
          .Add("purpose", JsonText(record.purpose))
          .Add("person", JsonText(record.actor))
          .Add("outcome", JsonText(record.outcome))
          .Add("reason", JsonText(record.reason))
          .Add("shown", released ? absl::StrCat(record.shown) : "null")
          .Add("hidden", released ? absl::StrCat(record.hidden) : "null")
          .Add("agencies", JsonArray(parts))
          .Add("terms", JsonArray(terms))
          .Add("entries", JsonArray(entries))
          .Done(),
      "\n");
}

}  // namespace cairn
