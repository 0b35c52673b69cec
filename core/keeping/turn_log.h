#ifndef CAIRN_CORE_KEEPING_TURN_LOG_H_
#define CAIRN_CORE_KEEPING_TURN_LOG_H_

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/ledger/checkpoint.h"
#include "core/ledger/entry.h"
#include "core/ledger/ledger.h"
#include "core/ledger/log_signer.h"
#include "core/ledger/origin.h"
#include "core/ledger/tiles.h"
#include "core/ledger/turn.h"
#include "core/link/ledger_keys.h"
#include "core/query/catalogue.h"
#include "core/store/sqlite.h"

namespace cairn {

// A node, as far as what becomes of its ledger over the years goes.
struct KeptNode {
  LogOwner owner;
  const Catalogue* catalogue = nullptr;
  std::string state_dir;
  std::string database;     // the file with the ledger
  std::string ledger_keys;  // the partnership's file; empty: none
  // The people authority's files; `authority` empty: none are configured.
  std::string authority, deny_list;
  int ledger_years = kLedgerYears;  // a sealed log is kept at least

  static constexpr int kLedgerYears = 7;
};

// Its ledger, opened, and what else stands or falls with it.
struct LedgerParts {
  Database* database = nullptr;
  Ledger* ledger = nullptr;
  // Rules that the log names, for the export: SHA-256 (hex) and bytes.
  std::vector<std::pair<std::string, std::string>> policies;
  // Ends what is open, with entries of the old log: its last but two.
  std::function<absl::Status()> end_open;
  // In the commit that begins the new log, before the old one goes: puts right
  // what names a place in it, and may say more in log.opened. `last`: the old
  // log's last checkpoint; null where it was given up and proves nothing.
  std::function<absl::Status(const SignedCheckpoint* last, Entry* opened)>
      in_commit;
};

// What the turn of a log goes through, in this order. After each, the process
// may be killed: the next start goes on from there.
//
//   kSealed    key.rotated and log.sealed are on the disk
//   kWritten   the folder is whole, under another name
//   kInPlace   sealed/EDITION is there and was read back
//   kBegun     the new log's log.opened is its only entry
//   kKeyed     log.key is the new log's key; the old one is gone
enum class TurnStep { kSealed, kWritten, kInPlace, kBegun, kKeyed };
using AtStep = std::function<absl::Status(TurnStep)>;  // an error ends the turn

// The start's first act, before the log signs: log.key is made to be the key of
// the log that the ledger is. DATA_LOSS if ledger and keys are not of one log:
// one of them was put back from another time. OK where there are none yet.
absl::Status SettleLogKey(const KeptNode& node, const Ledger& ledger);

// The start's second: begins the log of the new year, if the year has turned,
// `log next` has made its key, and the partnership's file has it. True: it was
// begun, and what was opened of the state is to be opened again. False: the log
// goes on, and where that is against the calendar a line says why. DATA_LOSS if
// the ledger was rolled back (LogSigner::Create); otherwise the disk's errors.
absl::StatusOr<bool> TurnLogIfDue(const KeptNode& node,
                                  const LedgerParts& parts, absl::Time now,
                                  const AtStep& at_step = nullptr);

// The log that follows in any case: the old one has been written to a folder.
// For TurnLogIfDue and for the recovery of a log. `files` is what goes into
// sealed/EDITION, `marks` are files put beside them.
struct NewLog {
  LogOpening opening;
  std::vector<std::pair<std::string, std::string>>
      more;  // fields of log.opened
  std::vector<std::pair<std::string, std::string>> marks;
  // Null where the old log was given up.
  const SignedCheckpoint* last = nullptr;
};
absl::Status BeginNextLog(const KeptNode& node, const LedgerParts& parts,
                          const LogReader& files, const NewLog& next,
                          absl::Time now, const AtStep& at_step);

// Whether the partnership's file, where there is one, has this key as that of
// a log of this node. FAILED_PRECONDITION if not.
absl::Status CheckPartnersKnow(const KeptNode& node, const VerifierKey& next);

// The name of the log that `log next` makes the key of.
std::string NextYearsLog(const LogOwner& owner, const std::string& origin,
                         absl::Time now);
// Why the log of `secrets` is not that of this year; "" where it is.
std::string WhyOverdue(const KeptNode& node, const NodeSecrets& secrets,
                       absl::Time now);

}  // namespace cairn

#endif  // CAIRN_CORE_KEEPING_TURN_LOG_H_
