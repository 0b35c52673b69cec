#ifndef CAIRN_CORE_LEDGER_STORED_LOG_H_
#define CAIRN_CORE_LEDGER_STORED_LOG_H_

#include <cstdint>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/ledger/checkpoint.h"
#include "core/ledger/ledger.h"
#include "core/ledger/merkle.h"
#include "core/ledger/tiles.h"

namespace cairn {

// The entries that a ledger keeps, for those who only read them.
class LedgerLines {
 public:
  virtual ~LedgerLines() = default;
  virtual absl::StatusOr<uint64_t> Size() = 0;
  // As LedgerStore::Read.
  virtual absl::Status Read(
      uint64_t from, uint64_t to,
      absl::FunctionRef<absl::Status(const LedgerStore::Line&)> each) = 0;
};

// The files of a log (tiles.h), made when they are asked for of the entries and
// hashes that are kept. Whoever reads them reads what is on the disk: nothing
// is worked out anew that could hide a difference. Entries that come meanwhile
// change no file of a smaller size.
class StoredLog : public LogReader {
 public:
  // The lines must outlive it.
  explicit StoredLog(LedgerLines* lines) : lines_(lines) {}

  // NOT_FOUND for what is no path of a tile or a bundle, and beyond the last
  // entry; DATA_LOSS names an entry that is missing on the disk.
  absl::StatusOr<std::string> Read(const std::string& path) const override;

  // What a checkpoint over the first `size` entries would say, nobody's
  // signature on it, by the hashes that are kept. DATA_LOSS as Read.
  absl::StatusOr<Checkpoint> Head(const std::string& origin,
                                  uint64_t size) const;

  // That the hashes kept with each of the first `size` entries are its own:
  // tiles hold only some of them. DATA_LOSS names the first entry.
  absl::Status CheckHashes(uint64_t size) const;

 private:
  absl::StatusOr<std::string> ReadBundle(uint64_t first, uint64_t width) const;
  absl::StatusOr<std::string> ReadTile(int level, uint64_t first,
                                       uint64_t width) const;
  absl::StatusOr<std::string> ReadNode(TreeNode node) const;

  LedgerLines* const lines_;
};

}  // namespace cairn

#endif  // CAIRN_CORE_LEDGER_STORED_LOG_H_
