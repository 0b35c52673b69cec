#ifndef CAIRN_CORE_AUDIT_QUERY_RECORDS_H_
#define CAIRN_CORE_AUDIT_QUERY_RECORDS_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/audit/agency_parts.h"
#include "core/ledger/entry.h"
#include "core/output/listing.h"

namespace cairn {

// What one log says of one question.
struct QueryRecord {
  // Of an entry: which, when, and the hash that a receipt names it by.
  struct At {
    uint64_t index = 0;
    int64_t time_ms = 0;
    std::string hash;  // 32 bytes
  };
  std::string id;
  std::string actor, purpose, data_set;
  std::string question;  // what binds the log to the question, hex
  // An agency's: the entry of the coordinator's log that it was shown.
  std::optional<uint64_t> shown_index;
  std::string shown_hash;  // hex
  std::optional<At> received;
  std::optional<At> ended;  // the first ending, which is the one that counts
  // open, released, refused, failed, abandoned; at the coordinator complete and
  // partial as well.
  std::string outcome = "open";
  std::string reason;
  int64_t shown = 0, hidden = 0;  // cells that an agency released
  // The coordinator's: each agency's part, of answer.parts and of the ending.
  std::vector<AgencyPart> parts;
  bool parts_read = true;  // every entry's could be read
  bool has_parts = false;  // there is an ending that has them, and they were
  // How many agencies the ending counts; absent where it counts none.
  std::optional<uint64_t> agencies;
};

// Gathers the questions of a log from its entries, given in order.
class QueryRecords {
 public:
  void See(const ParsedEntry& entry);
  // Those of the log that follows. What both have counts as the first has it.
  void Add(const QueryRecords& later);

  // In the order in which they came.
  const std::vector<QueryRecord>& all() const { return records_; }
  // Null if the log has no such question.
  const QueryRecord* Find(const std::string& id) const;

 private:
  std::vector<QueryRecord> records_;
  std::map<std::string, size_t> by_id_;
};

// Which questions to list; what is empty or absent is not asked.
struct QueryFilter {
  std::optional<int64_t> from_ms, to_ms;
  std::string person, purpose, data_set, outcome;

  bool Takes(const QueryRecord& record) const;
};

// Newest first, at most `limit` (0: all). Short columns for a table, all of
// them for a script: `format` is that of Destination. `*left_out`: how many
// more there are.
Listing ListQueries(const QueryRecords& records, const QueryFilter& filter,
                    bool coordinator, size_t limit, const std::string& format,
                    size_t* left_out);

// What is not about a question: terms, records loaded, peers, operators.
Listing ListEvents(const std::vector<ParsedEntry>& events,
                   const QueryFilter& filter, size_t limit,
                   const std::string& format, size_t* left_out);

}  // namespace cairn

#endif  // CAIRN_CORE_AUDIT_QUERY_RECORDS_H_
