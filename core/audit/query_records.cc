#include "core/audit/query_records.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "core/audit/words.h"
#include "core/base/utf8.h"
#include "core/ledger/merkle.h"

namespace cairn {
namespace {

QueryRecord::At AtOf(const ParsedEntry& entry) {
  return {entry.index, entry.time_ms,
          LeafHash(EntryLine(entry.entry, entry.index, entry.time_ms))};
}

// The outcome that an entry stands for; empty if it ends nothing.
std::string OutcomeOf(const std::string& type) {
  if (type == "answer.released") return "released";
  if (type == "answer.merged") return "complete";
  if (type == "answer.partial") return "partial";
  if (type == "query.refused") return "refused";
  if (type == "query.failed") return "failed";
  if (type == "query.abandoned") return "abandoned";
  return "";
}

std::string Number(int64_t number) { return absl::StrCat(number); }

int CountOf(const QueryRecord& record, AgencyPart::What what) {
  return static_cast<int>(std::count_if(
      record.parts.begin(), record.parts.end(),
      [what](const AgencyPart& part) { return part.what == what; }));
}

// The agencies' parts that one entry of a question has.
void AddParts(const Entry& entry, QueryRecord* record) {
  auto parts = ParseAgencyParts(FieldText(entry, "agencies"));
  record->parts_read = record->parts_read && parts.ok();
  if (!parts.ok()) return;
  record->parts.insert(record->parts.end(),
                       std::make_move_iterator(parts->begin()),
                       std::make_move_iterator(parts->end()));
}

// What a person reads of the outcome, in one cell.
std::string OutcomeInWords(const QueryRecord& record, bool coordinator) {
  if (!coordinator) {
    if (record.outcome != "released") return record.outcome;
    return absl::StrCat("released, ", record.shown, " shown, ", record.hidden,
                        " hidden");
  }
  if (!record.has_parts) return record.outcome;
  std::vector<std::string> others;
  for (const AgencyPart& part : record.parts) {
    if (part.what == AgencyPart::What::kAnswered) continue;
    others.push_back(absl::StrCat(part.agency, " ", WordOf(part.what)));
  }
  return others.empty()
             ? record.outcome
             : absl::StrCat(record.outcome, ": ", absl::StrJoin(others, ", "));
}

std::string ShortTime(int64_t time_ms) {
  return absl::FormatTime("%d %b %H:%M", absl::FromUnixMillis(time_ms),
                          absl::UTCTimeZone());
}

int64_t StartOf(const QueryRecord& record) {
  return record.received.has_value() ? record.received->time_ms
         : record.ended.has_value()  ? record.ended->time_ms
                                     : 0;
}

uint64_t EntryOf(const QueryRecord& record) {
  return record.received.has_value() ? record.received->index
         : record.ended.has_value()  ? record.ended->index
                                     : 0;
}

std::vector<std::string> LongRow(const QueryRecord& record, bool coordinator) {
  std::vector<std::string> row = {Number(static_cast<int64_t>(EntryOf(record))),
                                  TimeIso(StartOf(record)),
                                  PrintableUtf8(record.id),
                                  PrintableUtf8(record.actor),
                                  PrintableUtf8(record.purpose),
                                  PrintableUtf8(record.data_set),
                                  record.outcome,
                                  PrintableUtf8(record.reason)};
  const bool ended = record.ended.has_value();
  if (coordinator) {
    for (const auto what :
         {AgencyPart::What::kAnswered, AgencyPart::What::kRefused,
          AgencyPart::What::kSilent}) {
      row.push_back(record.has_parts ? Number(CountOf(record, what)) : "");
    }
  } else {
    const bool released = record.outcome == "released";
    row.push_back(released ? Number(record.shown) : "");
    row.push_back(released ? Number(record.hidden) : "");
  }
  row.push_back(ended ? Number(record.ended->time_ms - StartOf(record)) : "");
  return row;
}

template <typename Item, typename Takes, typename Row>
void NewestFirst(const std::vector<Item>& items, size_t limit, Takes takes,
                 Row row, Listing* listing, size_t* left_out) {
  *left_out = 0;
  for (size_t i = items.size(); i-- > 0;) {
    if (!takes(items[i])) continue;
    if (limit > 0 && listing->rows.size() == limit) {
      ++*left_out;
    } else {
      listing->rows.push_back(row(items[i]));
    }
  }
}

}  // namespace

void QueryRecords::See(const ParsedEntry& entry) {
  const std::string& id = entry.entry.query_id;
  const EntryType* type = FindEntryType(entry.entry.type);
  if (type == nullptr || !type->about_a_query) return;
  const auto [at, fresh] = by_id_.emplace(id, records_.size());
  if (fresh) {
    records_.emplace_back();
    records_.back().id = id;
  }
  QueryRecord& record = records_[at->second];
  if (entry.entry.type == "query.received" && !record.received.has_value()) {
    record.received = AtOf(entry);
    record.actor = FieldText(entry.entry, "actor");
    record.purpose = FieldText(entry.entry, "purpose");
    record.data_set = FieldText(entry.entry, "data_set");
    record.question = FieldText(entry.entry, "question_commit");
    if (entry.entry.fields.count("coordinator_index") > 0) {
      record.shown_index =
          static_cast<uint64_t>(FieldNumber(entry.entry, "coordinator_index"));
      record.shown_hash = FieldText(entry.entry, "coordinator_entry");
    }
    return;
  }
  if (record.ended.has_value()) return;
  if (entry.entry.type == "answer.parts") return AddParts(entry.entry, &record);
  const std::string outcome = OutcomeOf(entry.entry.type);
  if (outcome.empty()) return;
  record.ended = AtOf(entry);
  record.outcome = outcome;
  record.reason = FieldText(entry.entry, "reason");
  record.shown = FieldNumber(entry.entry, "cells_released");
  record.hidden = FieldNumber(entry.entry, "cells_suppressed");
  if (entry.entry.fields.count("agencies") == 0) return;
  AddParts(entry.entry, &record);
  record.has_parts = record.parts_read;
  if (!record.parts_read) record.parts.clear();
  if (entry.entry.fields.count("agencies_answered") == 0) return;
  record.agencies = 0;
  for (const char* field :
       {"agencies_answered", "agencies_refused", "agencies_silent"}) {
    *record.agencies += static_cast<uint64_t>(FieldNumber(entry.entry, field));
  }
}

void QueryRecords::Add(const QueryRecords& later) {
  for (const QueryRecord& record : later.records_) {
    if (by_id_.emplace(record.id, records_.size()).second) {
      records_.push_back(record);
    }
  }
}

const QueryRecord* QueryRecords::Find(const std::string& id) const {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : &records_[found->second];
}

bool QueryFilter::Takes(const QueryRecord& record) const {
  const auto fits = [](const std::string& wanted, const std::string& given) {
    return wanted.empty() || wanted == given;
  };
  const int64_t time = StartOf(record);
  return (!from_ms.has_value() || time >= *from_ms) &&
         (!to_ms.has_value() || time <= *to_ms) && fits(person, record.actor) &&
         fits(purpose, record.purpose) && fits(data_set, record.data_set) &&
         fits(outcome, record.outcome);
}

Listing ListQueries(const QueryRecords& records, const QueryFilter& filter,
                    bool coordinator, size_t limit, const std::string& format,
                    size_t* left_out) {
  Listing listing;
  listing.title = "Questions of the log, newest first";
  const bool table = format == "table";
  if (table) {
    listing.columns = {"time (UTC)", "query",    "person",
                       "purpose",    "data set", "outcome"};
    listing.wrapped = {"person", "purpose", "data set", "outcome"};
  } else {
    listing.columns = {"entry",   "time",     "query",   "person",
                       "purpose", "data_set", "outcome", "reason"};
    listing.numbers = {"entry"};
    for (const char* column :
         coordinator
             ? std::vector<const char*>{"answered", "refused", "silent", "ms"}
             : std::vector<const char*>{"shown", "hidden", "ms"}) {
      listing.columns.emplace_back(column);
      listing.numbers.emplace_back(column);
    }
  }
  NewestFirst(
      records.all(), limit,
      [&](const QueryRecord& record) { return filter.Takes(record); },
      [&](const QueryRecord& record) {
        if (!table) return LongRow(record, coordinator);
        return std::vector<std::string>{ShortTime(StartOf(record)),
                                        PrintableUtf8(record.id),
                                        PrintableUtf8(record.actor),
                                        PrintableUtf8(record.purpose),
                                        PrintableUtf8(record.data_set),
                                        OutcomeInWords(record, coordinator)};
      },
      &listing, left_out);
  return listing;
}

Listing ListEvents(const std::vector<ParsedEntry>& events,
                   const QueryFilter& filter, size_t limit,
                   const std::string& format, size_t* left_out) {
  Listing listing;
  listing.title = "What is about no question, newest first";
  const bool table = format == "table";
  listing.columns = {"entry", table ? "time (UTC)" : "time", "event",
                     "details"};
  listing.numbers = {"entry"};
  listing.wrapped = {"details"};
  NewestFirst(
      events, limit,
      [&](const ParsedEntry& event) {
        return (!filter.from_ms.has_value() ||
                event.time_ms >= *filter.from_ms) &&
               (!filter.to_ms.has_value() || event.time_ms <= *filter.to_ms);
      },
      [&](const ParsedEntry& event) {
        return std::vector<std::string>{
            absl::StrCat(event.index),
            table ? ShortTime(event.time_ms) : TimeIso(event.time_ms),
            event.entry.type, FieldsInWords(event.entry)};
      },
      &listing, left_out);
  return listing;
}

}  // namespace cairn
