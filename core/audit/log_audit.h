#ifndef CAIRN_CORE_AUDIT_LOG_AUDIT_H_
#define CAIRN_CORE_AUDIT_LOG_AUDIT_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "core/ledger/checkpoint.h"
#include "core/ledger/entry.h"
#include "core/ledger/key.h"
#include "core/ledger/tiles.h"
#include "core/output/listing.h"

namespace cairn {

// A signed note, and where it came from.
struct FoundNote {
  std::string from;
  std::string note;
};

// What an auditor brings along to a log.
struct AuditKeys {
  std::vector<VerifierKey> logs;
  std::vector<VerifierKey> witnesses;
  std::vector<FoundNote> kept;  // checkpoints he kept
};

// Adds the keys of a text of vkeys (docs/ledger-format.md, section 3), one a
// line; empty lines and those that begin with # say nothing. A partnership's
// file of ledger keys will do as well: its lines `log: "VKEY"` and
// `witness: "VKEY"` are read, the others name whose they are. INVALID_ARGUMENT
// names `from` and the line.
absl::Status AddKeys(absl::string_view text, const std::string& from,
                     AuditKeys* keys);

// A log, wherever its files come from.
struct LogToAudit {
  const LogReader* files = nullptr;
  // Where, in words: a folder, a database, "the coordinator".
  std::string where;
  // The log as its owner keeps it, entries that are not signed yet included;
  // absent: as the file `checkpoint` says. Nobody has signed it: its origin is
  // empty where there is no checkpoint to tell it.
  std::optional<Checkpoint> stored_head;
  // What else there is to check of a log where it is kept; may be null.
  std::function<absl::Status(uint64_t size)> check_kept = nullptr;
  // Checkpoints that others cosigned earlier, as the log's owner keeps them;
  // may be null.
  std::function<absl::StatusOr<std::vector<FoundNote>>()> cosigned = nullptr;
  // Folders of earlier logs, as they were given; and where they may lie, each
  // in a folder named as its edition.
  std::vector<std::string> before = {};
  std::string sealed = {};
};

// One thing that was looked at, and what was found.
struct AuditFinding {
  enum class Verdict { kHolds, kFails, kNotChecked };
  Verdict verdict;
  std::string what;   // "entries"
  std::string words;  // a sentence
};

struct LogAudit {
  std::string where;
  std::string origin;  // empty if there is no checkpoint that could be read
  uint64_t size = 0;   // entries that were read
  int64_t first_ms = 0, last_ms = 0;
  std::vector<AuditFinding> findings;
  // The first flaw, as one sentence: DATA_LOSS, or what kept the log from being
  // read. OK: all that was checked holds.
  absl::Status flaw;

  // For people, to the width of the terminal; for scripts.
  std::string Text() const;
  Listing Findings() const;
};

// Judges a log from its first entry to its last: every entry there, of the
// form, not older than the one before; the tree as in the checkpoint; the order
// of acts (a question received before it was admitted, admitted before anything
// was released); and each signature and each kept checkpoint for which there is
// a key. Where the newest checkpoint has no cosignature, those that others
// signed earlier say who has seen how much, and what nobody has seen yet is
// named. What is not checked is said too. `each` sees the entries in order, up
// to the first flaw.
LogAudit AuditLog(const LogToAudit& log, const AuditKeys& keys,
                  absl::FunctionRef<void(const ParsedEntry&)> each);

}  // namespace cairn

#endif  // CAIRN_CORE_AUDIT_LOG_AUDIT_H_
