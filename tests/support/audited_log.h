#ifndef CAIRN_TESTS_SUPPORT_AUDITED_LOG_H_
#define CAIRN_TESTS_SUPPORT_AUDITED_LOG_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/audit/log_audit.h"
#include "core/audit/query_records.h"
#include "core/ledger/entry.h"
#include "tests/support/example_log.h"

namespace cairn {

// An example log of which the entries are given one by one, a second apart.
class AuditedLog : public ExampleLog {
 public:
  AuditedLog() : ExampleLog(0) {}

  uint64_t Add(Entry entry) {
    const uint64_t index = lines.size();
    lines.push_back(EntryLine(
        entry, index, 1'795'298'400'000 + 1000 * static_cast<int64_t>(index)));
    return index;
  }
  // A checkpoint of its first `size` entries, which others cosigned then.
  SignedCheckpoint Earlier(uint64_t size,
                           const std::vector<const SigningKey*>& witnesses) {
    TreeFrontier tree;
    for (uint64_t i = 0; i < size; ++i) tree.Append(LeafHash(lines[i]));
    SignedCheckpoint checkpoint =
        *SignCheckpoint({kOrigin, size, tree.Root()}, log_key);
    for (const SigningKey* witness : witnesses) {
      checkpoint.Put(*Cosign(
          checkpoint.note().text, *witness,
          absl::FromUnixSeconds(1'795'298'400 + static_cast<int64_t>(size))));
    }
    return checkpoint;
  }
  // As after a publication that no witness has seen yet.
  void Uncosign() { files["checkpoint"] = Earlier(lines.size(), {}).Text(); }
  std::vector<FoundNote> cosigned;  // the folder of that name

  // The three entries of an answer; returns the number of the last.
  uint64_t AddAnswered(const std::string& query) {
    Add({"query.received",
         query,
         {{"actor", "demo"}, {"data_set", "incidents"}, {"purpose", "needs"}}});
    Add({"query.admitted", query, {{"policy", "aa"}}});
    return Add(
        {"answer.released",
         query,
         {{"cells_released", int64_t{18}}, {"cells_suppressed", int64_t{3}}}});
  }
  std::string HashOf(uint64_t index) const { return LeafHash(lines[index]); }

  AuditKeys Keys() const {
    return {{log_key.verifier()}, {witness_key.verifier()}, {}};
  }
  LogAudit Audit(const AuditKeys& keys) const {
    LogToAudit log;
    log.files = this;
    log.where = "memory";
    log.cosigned = [this] { return cosigned; };
    return AuditLog(log, keys, [](const ParsedEntry&) {});
  }
};

}  // namespace cairn

#endif  // CAIRN_TESTS_SUPPORT_AUDITED_LOG_H_
