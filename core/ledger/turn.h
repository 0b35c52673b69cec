#ifndef CAIRN_CORE_LEDGER_TURN_H_
#define CAIRN_CORE_LEDGER_TURN_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "core/ledger/checkpoint.h"
#include "core/ledger/entry.h"
#include "core/ledger/key.h"
#include "core/ledger/tiles.h"

namespace cairn {

// From one log of a node to the next (docs/rotation.md):
//
//   the old log     ...  key.rotated  log.sealed      its last entry
//                                          |
//   the new log     log.opened  <----------+          its first
//                   names the old log's origin, size and root
//
// A log that its owner cannot vouch for any more is not written to again: it
// has no log.sealed, and the log.opened that follows says why.

// That a node's next log is signed by `to`: a statement that the key before it
// signs, for whoever has that one. Its text cannot be a checkpoint's: there the
// second line is a number.
//
//   cairn key.rotated\n
//   from VKEY\n
//   to VKEY\n
std::string RotationText(const VerifierKey& from, const VerifierKey& to);
std::string SignRotation(const SigningKey& from, const VerifierKey& to);
// PERMISSION_DENIED if `signature` is not that of `from` over this.
absl::Status CheckRotation(const VerifierKey& from, const VerifierKey& to,
                           absl::string_view signature);

// The two entries that end a log: key.rotated (from, to, signature) and
// log.sealed (next: the origin of the log that follows).
Entry RotatedEntry(const SigningKey& from, const VerifierKey& to);
Entry SealedEntry(const VerifierKey& next);

// What the first entry of a log says, where it is a log.opened.
struct LogOpening {
  VerifierKey log;   // of the log that it opens
  Checkpoint after;  // the whole of the one before it
  // Why that one was given up, and the largest tree of it that a witness had
  // seen; empty and absent where it was sealed.
  std::string reason;
  std::optional<Checkpoint> witnessed;

  Entry ToEntry() const;
};
// Nothing where the entry is of another type. INVALID_ARGUMENT if it is one and
// lacks a part.
absl::StatusOr<std::optional<LogOpening>> ReadOpening(const Entry& entry);
// The same of an entry's line.
absl::StatusOr<std::optional<LogOpening>> ReadOpeningLine(
    absl::string_view line);

// Whether the new log goes on from the one before it, of which `files` are at
// hand: it has the size and the root that the first entry names. DATA_LOSS says
// what differs; NOT_FOUND if there is no log in `files`. The entries themselves
// are for VerifyLogFiles.
absl::Status CheckJoin(const LogOpening& opening, const LogReader& files);

// The root over the first `size` entries of a log of `total`, from its tiles of
// level 0. Errors of the reader; INVALID_ARGUMENT if it never had this size.
absl::StatusOr<std::string> RootOfFirst(const LogReader& files, uint64_t size,
                                        uint64_t total);

}  // namespace cairn

#endif  // CAIRN_CORE_LEDGER_TURN_H_
