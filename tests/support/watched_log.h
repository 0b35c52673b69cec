#ifndef CAIRN_TESTS_SUPPORT_WATCHED_LOG_H_
#define CAIRN_TESTS_SUPPORT_WATCHED_LOG_H_

#include <cstdlib>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/ledger/commitment.h"
#include "core/ledger/cosignature.h"
#include "core/ledger/log_signer.h"
#include "core/ledger/origin.h"
#include "core/ledger/witness.h"
#include "core/ledger/witness_desk.h"
#include "core/ledger/witnessed_log.h"
#include "tests/support/ledger_in_memory.h"

namespace cairn {

// Stores that forget when the test does.
class CheckpointsInMemory : public CheckpointStore {
 public:
  absl::StatusOr<std::optional<std::string>> Last(
      const std::string& origin) override {
    const auto found = last.find(origin);
    if (found == last.end()) return std::optional<std::string>();
    return std::optional<std::string>(found->second);
  }
  absl::StatusOr<bool> CompareAndSwap(
      const std::string& origin, const std::optional<std::string>& expected,
      const std::string& next) override {
    if (*Last(origin) != expected) return false;
    last[origin] = next;
    return true;
  }
  absl::Status KeepCosigned(const std::string&, const std::string& day,
                            const std::string& note) override {
    cosigned[day] = note;
    return absl::OkStatus();
  }
  absl::StatusOr<std::vector<std::string>> Cosigned(
      const std::string&) override {
    std::vector<std::string> notes;
    for (const auto& [day, note] : cosigned) notes.push_back(note);
    return notes;
  }

  std::map<std::string, std::string> last, cosigned;
};

class WitnessedInMemory : public WitnessStore {
 public:
  absl::StatusOr<std::optional<WitnessedState>> Load(
      const std::string& origin) override {
    const auto found = kept.find(origin);
    if (found == kept.end()) return std::optional<WitnessedState>();
    return std::optional<WitnessedState>(found->second);
  }
  absl::StatusOr<bool> CompareAndSwap(
      const std::string& origin, const std::optional<WitnessedState>& expected,
      const WitnessedState& next) override {
    const auto now = *Load(origin);
    if (now.has_value() != expected.has_value() ||
        (now.has_value() && !now->SameTree(*expected))) {
      return false;
    }
    kept[origin] = next;
    return true;
  }
  absl::Status Keep(SeenLogs* seen) {
    return seen->Keep(this, [this](const std::string& origin,
                                   const std::optional<WitnessedState>& before,
                                   const WitnessedState& next) {
      return CompareAndSwap(origin, before, next);
    });
  }

  std::map<std::string, WitnessedState> kept;
};

// The coordinator's log, with the keys to sign whatever it is made into.
class CoordinatorLog {
 public:
  explicit CoordinatorLog(std::map<std::string, VerifierKey> witnesses,
                          std::string name = "q",
                          std::optional<SigningKey> key = std::nullopt)
      : key_(key.has_value()
                 ? *std::move(key)
                 : *SigningKey::Generate(kOwner().Origin(2026), KeyRole::kLog)),
        witnesses_(std::move(witnesses)),
        log_(std::move(name)) {
    Restart();
  }

  static LogOwner kOwner() { return {"example.org", "vru", ""}; }

  // As after a stop: what was kept is read again.
  void Restart() {
    std::vector<VerifierKey> keys;
    for (const auto& [id, key] : witnesses_) keys.push_back(key);
    signer_ = *LogSigner::Create(key_, log_.ledger(), &checkpoints_);
    watched_ = *WitnessedLog::Create(signer_.get(), witnesses_,
                                     *QuorumRule::Create(keys), &log_.clock);
  }

  // A question, logged as a coordinator does.
  struct Logged {
    std::string query_id, bytes, salt;
    uint64_t index = 0;
    Entry entry;
  };
  Logged Log(const std::string& query_id, const std::string& bytes,
             const std::string& asker = "demo") {
    const Commitment commitment = Commitment::To(bytes);
    Entry entry{"query.received", query_id, {}};
    entry.fields["actor"] = asker;
    entry.fields["question_commit"] = commitment.hash;
    log_.Append(entry);
    return {query_id, bytes, commitment.salt, log_.size() - 1, entry};
  }
  // What one agency is shown of it.
  ShownEntry Show(uint64_t index, const std::string& witness) {
    ShownEntry seen;
    const absl::Status shown = watched_->Show(
        index, {witness}, [&](const std::string&, const ShownEntry& entry) {
          seen = entry;
          return true;
        });
    if (!shown.ok()) std::abort();
    return seen;
  }

  LedgerInMemory& log() { return log_; }
  const SigningKey& key() const { return key_; }
  LogSigner* signer() { return signer_.get(); }
  WitnessedLog* watched() { return watched_.get(); }
  CheckpointsInMemory* checkpoints() { return &checkpoints_; }

 private:
  const SigningKey key_;
  const std::map<std::string, VerifierKey> witnesses_;
  LedgerInMemory log_;
  CheckpointsInMemory checkpoints_;
  std::unique_ptr<LogSigner> signer_;
  std::unique_ptr<WitnessedLog> watched_;
};

// An agency's witness, with what it keeps.
class WitnessInMemory {
 public:
  WitnessInMemory(const std::string& agency)
      : key_(*SigningKey::Generate(
            LogOwner{"example.org", "vru", agency}.WitnessName(),
            KeyRole::kWitness)) {}

  // `clock` must outlive the witness.
  void Know(const VerifierKey& log, const Clock* clock) {
    log_ = log;
    clock_ = clock;
    Restart();
  }
  // What was not kept is forgotten.
  void Restart() {
    desk_ = *WitnessDesk::Create(key_, {*log_}, {&store}, clock_);
  }
  WitnessDesk* desk() { return desk_.get(); }
  VerifierKey key() const { return key_.verifier(); }

  WitnessedInMemory store;

 private:
  const SigningKey key_;
  std::optional<VerifierKey> log_;
  const Clock* clock_ = nullptr;
  std::unique_ptr<WitnessDesk> desk_;
};

}  // namespace cairn

#endif  // CAIRN_TESTS_SUPPORT_WATCHED_LOG_H_
