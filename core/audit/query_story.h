#ifndef CAIRN_CORE_AUDIT_QUERY_STORY_H_
#define CAIRN_CORE_AUDIT_QUERY_STORY_H_

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/audit/query_records.h"
#include "core/ledger/entry.h"
#include "core/output/listing.h"
#include "core/query/catalogue.h"
#include "core/query/query.h"

namespace cairn {

// The question itself, which stands outside the log.
struct OpenedQuestion {
  std::optional<Query> query;
  // For titles and labels; null if the catalogue does not know it.
  const DataSet* data_set = nullptr;
  // Whether the log is bound to just this question, in a sentence; or why the
  // question is not there.
  std::string bound;
};

// All that one log says of one question.
class QueryStory {
 public:
  explicit QueryStory(std::string query_id) : id_(std::move(query_id)) {}
  // Entries of the whole log, in order.
  void See(const ParsedEntry& entry);

  bool found() const { return !entries_.empty(); }
  const QueryRecord& record() const { return *records_.Find(id_); }

  // For people, to the width of the terminal.
  std::string Text(const std::string& origin,
                   const OpenedQuestion& question) const;
  // One object: question, terms, parts, entries.
  std::string Json(const std::string& origin,
                   const OpenedQuestion& question) const;
  // The entries, a row each.
  Listing Entries() const;

 private:
  std::string Asked(const OpenedQuestion& question) const;
  std::string Terms() const;
  std::string Outcome() const;
  std::string Happened() const;

  const std::string id_;
  QueryRecords records_;
  std::vector<ParsedEntry> entries_;
  // The last of each kind before the question came: policy.changed, ...
  std::map<std::string, ParsedEntry> terms_;
};

// A filter as an indented tree, a line for each node.
std::vector<std::string> FilterTree(const Filter& filter);

}  // namespace cairn

#endif  // CAIRN_CORE_AUDIT_QUERY_STORY_H_
