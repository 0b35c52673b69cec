#ifndef CAIRN_CORE_LEDGER_WITNESS_H_
#define CAIRN_CORE_LEDGER_WITNESS_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/clock.h"
#include "core/ledger/checkpoint.h"
#include "core/ledger/cosignature.h"
#include "core/ledger/key.h"

namespace cairn {

// What a witness knows of a log: the last checkpoint it has cosigned, as the
// log signed it.
struct WitnessedState {
  uint64_t size = 0;
  std::string root;        // 32 bytes
  std::string checkpoint;  // the signed note, kept as evidence

  bool SameTree(const WitnessedState& other) const {
    return size == other.size && root == other.root;
  }
};

// Where a witness keeps what it knows. It must never be rolled back to an older
// copy: a witness that forgets can be shown a second history.
class WitnessStore {
 public:
  virtual ~WitnessStore() = default;
  // Nothing, if this log was never cosigned.
  virtual absl::StatusOr<std::optional<WitnessedState>> Load(
      const std::string& origin) = 0;
  // In one step: if what is kept is still the tree of `expected` (nothing: the
  // log was never cosigned), keeps `next` and returns true once it is durable;
  // else false, and nothing changes. Where `next` is the same tree, nothing
  // need be written. After an error either may be kept.
  virtual absl::StatusOr<bool> CompareAndSwap(
      const std::string& origin, const std::optional<WitnessedState>& expected,
      const WitnessedState& next) = 0;
};

// What a log asks of a witness.
struct WitnessRequest {
  uint64_t old_size = 0;           // what the log thinks was cosigned last
  std::vector<std::string> proof;  // consistency from there; 63 hashes at most
  std::string checkpoint;          // the signed note
};

// The answers of C2SP tlog-witness; the number is the HTTP status each has
// there. Only kCosigned carries a signature, and only after the state is on the
// disk.
struct WitnessAnswer {
  enum class Outcome {
    kCosigned,    // 200
    kMalformed,   // 400: no checkpoint, or the old size is above the new
    kNotSigned,   // 403: not by the key this witness has for the log
    kUnknownLog,  // 404: not a log of this witness
    kWrongSize,   // 409: `size` is what was cosigned last; ask again from it
    kSplitView,   // 409: the size that was cosigned last, with another root
    kBadProof,    // 422: the log may be showing a second history
  };
  Outcome outcome = Outcome::kMalformed;
  std::string reason;          // one sentence; empty if cosigned
  std::string signature_line;  // if kCosigned, with its newline
  uint64_t size = 0;           // if kWrongSize
  // If kSplitView or kBadProof: the checkpoint that was cosigned last. With the
  // one in the request it is the evidence; both are signed by the log. If
  // kWrongSize: the same, so that a log that went back sees its own signature.
  std::string kept_checkpoint;
};

// Cosigns the checkpoints of the logs it knows, each only if it follows from
// the last. Safe from any thread if the store is.
//
//   log                        witness                         store
//    | old size, proof, checkpoint |                             |
//    | --------------------------> | Load                        |
//    |                             | --------------------------> |
//    |                             | check signature, size, proof
//    |                             | CompareAndSwap (durable)    |
//    |                             | --------------------------> |
//    | <-------------------------- | cosignature
//
// The answer of a request whose store failed is that error: nothing is signed.
class Witness {
 public:
  // INVALID_ARGUMENT if the key is not a witness's, one of the logs' is not a
  // log's, or any two of all these keys are the same. Store and clock must
  // outlive the witness.
  static absl::StatusOr<std::unique_ptr<Witness>> Create(
      SigningKey key, std::vector<VerifierKey> logs, WitnessStore* store,
      const Clock* clock);

  absl::StatusOr<WitnessAnswer> Add(const WitnessRequest& request) const;
  // The same but for the signature: what is shown is remembered, and not
  // vouched for to others. kCosigned then has no signature line.
  absl::StatusOr<WitnessAnswer> Follow(const WitnessRequest& request) const;

 private:
  Witness(SigningKey key, std::vector<VerifierKey> logs, WitnessStore* store,
          const Clock* clock)
      : key_(std::move(key)),
        logs_(std::move(logs)),
        store_(store),
        clock_(clock) {}

  const VerifierKey* FindLog(const std::string& origin) const;
  absl::StatusOr<WitnessAnswer> CosignNow(
      absl::string_view checkpoint_text) const;

  const SigningKey key_;
  const std::vector<VerifierKey> logs_;
  WitnessStore* const store_;
  const Clock* const clock_;
};

}  // namespace cairn

#endif  // CAIRN_CORE_LEDGER_WITNESS_H_
