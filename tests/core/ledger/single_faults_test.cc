// Each single call of a ledger's stores fails once, before it did anything or
// after: what is told is what an untroubled disk would have told, never
// anything else, and a new start finds all that was told.
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/base/status_macros.h"
#include "core/ledger/stored_log.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"
#include "tests/support/watched_log.h"

namespace cairn {
namespace {

using ::testing::HasSubstr;

constexpr char kDisk[] = "the disk failed";

// Which call fails, and when.
class Fate {
 public:
  static constexpr int kNever = -1;
  explicit Fate(int at = kNever, bool after = false) : at_(at), after_(after) {}

  // Around what a call does.
  template <typename Do>
  auto Around(const Do& act) -> decltype(act()) {
    if (calls_++ != at_) return act();
    met_ = true;
    if (after_) (void)act();
    return absl::UnavailableError(kDisk);
  }
  bool met() const { return met_; }

 private:
  const int at_;
  const bool after_;
  int calls_ = 0;
  bool met_ = false;
};

// What is on the disk of a node; `fate` is that of the program that runs.
class Disk : public LedgerStore, public LedgerLines {
 public:
  absl::StatusOr<uint64_t> Size() override {
    return fate->Around([&]() -> absl::StatusOr<uint64_t> {
      return static_cast<uint64_t>(lines.size());
    });
  }
  // What the body writes is there if the commit is: a disk that says it failed
  // may have kept it all the same.
  absl::Status Commit(absl::FunctionRef<absl::Status()> body) override {
    const size_t before = lines.size();
    bool wrote = false;
    const absl::Status done = fate->Around([&] {
      const absl::Status inner = body();
      wrote = inner.ok();
      return inner;
    });
    if (!wrote) lines.resize(before);
    return done;
  }
  absl::Status Append(const std::vector<Line>& added,
                      absl::FunctionRef<absl::Status()> same_commit) override {
    return fate->Around([&] {
      const absl::Status inner = same_commit();
      if (inner.ok()) lines.insert(lines.end(), added.begin(), added.end());
      return inner;
    });
  }
  absl::Status Read(
      uint64_t from, uint64_t to,
      absl::FunctionRef<absl::Status(const Line&)> each) override {
    return fate->Around([&] {
      for (uint64_t i = from; i < to && i < lines.size(); ++i) {
        CAIRN_RETURN_IF_ERROR(each(lines[i]));
      }
      return absl::OkStatus();
    });
  }

  std::vector<Line> lines;
  Fate* fate = nullptr;
};

class Checkpoints : public CheckpointsInMemory {
 public:
  absl::StatusOr<std::optional<std::string>> Last(
      const std::string& origin) override {
    return fate->Around([&] { return CheckpointsInMemory::Last(origin); });
  }
  absl::StatusOr<bool> CompareAndSwap(
      const std::string& origin, const std::optional<std::string>& expected,
      const std::string& next) override {
    return fate->Around([&]() -> absl::StatusOr<bool> {
      if (*CheckpointsInMemory::Last(origin) != expected) return false;
      last[origin] = next;
      return true;
    });
  }
  absl::Status KeepCosigned(const std::string& origin, const std::string& day,
                            const std::string& note) override {
    return fate->Around(
        [&] { return CheckpointsInMemory::KeepCosigned(origin, day, note); });
  }
  absl::StatusOr<std::vector<std::string>> Cosigned(
      const std::string& origin) override {
    return fate->Around([&] { return CheckpointsInMemory::Cosigned(origin); });
  }

  Fate* fate = nullptr;
};

class Witnessed : public WitnessedInMemory {
 public:
  absl::StatusOr<std::optional<WitnessedState>> Load(
      const std::string& origin) override {
    return fate->Around([&] { return WitnessedInMemory::Load(origin); });
  }
  absl::Status Keep(SeenLogs* seen) {
    return seen->Keep(this, [this](const std::string& origin,
                                   const std::optional<WitnessedState>&,
                                   const WitnessedState& next) {
      return fate->Around([&]() -> absl::StatusOr<bool> {
        kept[origin] = next;
        return true;
      });
    });
  }

  Fate* fate = nullptr;
};

// The disks of two machines, and what their programs told others of them.
class World {
 public:
  World(const SigningKey& log_key, const SigningKey& witness_key)
      : log_key_(log_key), witness_key_(witness_key) {}

  // One life of the log's program and its witness's, up to the first error.
  absl::Status Live(Fate* fate) {
    disk_.fate = checkpoints_.fate = witnessed_.fate = fate;
    CAIRN_ASSIGN_OR_RETURN(const auto ledger, Ledger::Open(&disk_, &clock_));
    CAIRN_ASSIGN_OR_RETURN(
        const auto signer,
        LogSigner::Create(log_key_, ledger.get(), &checkpoints_));
    CAIRN_ASSIGN_OR_RETURN(
        const auto watched,
        WitnessedLog::Create(
            signer.get(), {{"council", witness_key_.verifier()}},
            *QuorumRule::Create({witness_key_.verifier()}), &clock_));
    CAIRN_ASSIGN_OR_RETURN(
        const auto desk,
        WitnessDesk::Create(witness_key_, {log_key_.verifier()}, {&witnessed_},
                            &clock_));
    for (int round = 0; round < 3; ++round) {
      CAIRN_RETURN_IF_ERROR(Grow(ledger.get(), 5));
      CAIRN_RETURN_IF_ERROR(Cosign(watched.get(), desk.get()));
      CAIRN_RETURN_IF_ERROR(ShowLast(*ledger, watched.get()));
    }
    CAIRN_RETURN_IF_ERROR(Prove(*ledger, signer.get()));
    return ReadFiles();
  }

  // A person with a good disk looks at what is left: nothing that was told is
  // lost or untrue, and the log goes on.
  void Inspect() {
    Fate none;
    disk_.fate = checkpoints_.fate = witnessed_.fate = &none;
    const auto ledger = Ledger::Open(&disk_, &clock_);
    ASSERT_THAT(ledger, IsOk());
    EXPECT_THAT((*ledger)->Verify(), IsOk());
    const auto signer =
        LogSigner::Create(log_key_, ledger->get(), &checkpoints_);
    ASSERT_THAT(signer, IsOk());
    for (const Receipt& receipt : receipts_) {
      ASSERT_LT(receipt.index, disk_.lines.size());
      EXPECT_EQ(LeafHash(disk_.lines[receipt.index].text), receipt.entry_hash);
    }
    for (const std::string& note : notes_) {
      EXPECT_THAT((*signer)->CheckKept(note), IsOk()) << note;
    }
    EXPECT_THAT((*ledger)->Append({"query.received", "after", {}}), IsOk());
    EXPECT_THAT((*signer)->Sign(), IsOk());
  }

  const std::vector<std::string>& told() const { return told_; }

 private:
  absl::Status Grow(Ledger* ledger, int entries) {
    for (int i = 0; i < entries; ++i) {
      const std::string id = absl::StrCat("q", ledger->size());
      CAIRN_ASSIGN_OR_RETURN(const Receipt receipt,
                             ledger->Append({"query.received", id, {}}));
      receipts_.push_back(receipt);
      told_.push_back(receipt.entry_hash);
    }
    return absl::OkStatus();
  }

  absl::Status Cosign(WitnessedLog* watched, WitnessDesk* desk) {
    std::optional<WitnessRequest> asked;
    CAIRN_RETURN_IF_ERROR(watched->Round(
        {"council"}, [&](const std::string&, const WitnessRequest& request) {
          asked = request;
          return true;
        }));
    notes_.push_back(asked->checkpoint);
    told_.push_back(asked->checkpoint);
    CAIRN_ASSIGN_OR_RETURN(const WitnessAnswer answer, desk->Add(*asked));
    CAIRN_RETURN_IF_ERROR(witnessed_.Keep(desk->seen()));
    told_.push_back(answer.signature_line);
    CAIRN_ASSIGN_OR_RETURN(const auto taken, watched->Take("council", answer));
    if (taken.cosigned) return absl::OkStatus();
    return absl::UnavailableError(taken.reason);
  }

  absl::Status ShowLast(const Ledger& ledger, WitnessedLog* watched) {
    std::optional<ShownEntry> shown;
    CAIRN_RETURN_IF_ERROR(
        watched->Show(ledger.size() - 1, {"council"},
                      [&](const std::string&, const ShownEntry& entry) {
                        shown = entry;
                        return true;
                      }));
    for (const std::string& part : {shown->line, shown->proof, shown->cosigned,
                                    absl::StrJoin(shown->since_cosigned, ""),
                                    absl::StrJoin(shown->since_old, "")}) {
      told_.push_back(part);
    }
    return absl::OkStatus();
  }

  absl::Status Prove(const Ledger& ledger, LogSigner* signer) {
    CAIRN_RETURN_IF_ERROR(ledger.Verify().status());
    for (uint64_t i = 0; i < ledger.size(); i += 4) {
      CAIRN_ASSIGN_OR_RETURN(const TlogProof proof, signer->Receipt(i));
      told_.push_back(proof.Text());
      CAIRN_ASSIGN_OR_RETURN(const std::vector<std::string> since,
                             ledger.ProveConsistency(i, ledger.size()));
      told_.push_back(absl::StrJoin(since, ""));
    }
    return absl::OkStatus();
  }

  // What an auditor is handed without an export.
  absl::Status ReadFiles() {
    const StoredLog files(&disk_);
    const uint64_t size = disk_.lines.size();
    CAIRN_RETURN_IF_ERROR(files.CheckHashes(size));
    CAIRN_ASSIGN_OR_RETURN(const Checkpoint head,
                           files.Head(log_key_.verifier().name(), size));
    told_.push_back(head.Text());
    for (const std::string& path :
         {BundlePath(0, size), TilePath(0, 0, size)}) {
      CAIRN_ASSIGN_OR_RETURN(const std::string bytes, files.Read(path));
      told_.push_back(bytes);
    }
    return absl::OkStatus();
  }

  const SigningKey& log_key_;
  const SigningKey& witness_key_;
  LedgerInMemory::StandingClock clock_;
  Disk disk_;
  Checkpoints checkpoints_;
  Witnessed witnessed_;
  std::vector<Receipt> receipts_;
  std::vector<std::string> notes_;
  std::vector<std::string> told_;
};

class SingleFaultsTest : public ::testing::TestWithParam<bool> {
 protected:
  const SigningKey log_key_ = *SigningKey::Generate(
      CoordinatorLog::kOwner().Origin(2026), KeyRole::kLog);
  const SigningKey witness_key_ = *SigningKey::Generate(
      LogOwner{"example.org", "vru", "council"}.WitnessName(),
      KeyRole::kWitness);
};

TEST_P(SingleFaultsTest, NothingUntrueIsToldAndNothingToldIsLost) {
  World untroubled(log_key_, witness_key_);
  Fate none;
  ASSERT_THAT(untroubled.Live(&none), IsOk());
  const std::vector<std::string>& all = untroubled.told();
  int at = 0;
  for (;; ++at) {
    World world(log_key_, witness_key_);
    Fate fate(at, GetParam());
    const absl::Status lived = world.Live(&fate);
    if (!fate.met()) break;
    SCOPED_TRACE(absl::StrCat("call ", at));
    ASSERT_FALSE(lived.ok());
    EXPECT_THAT(std::string(lived.message()), HasSubstr(kDisk));
    ASSERT_LT(world.told().size(), all.size());
    for (size_t i = 0; i < world.told().size(); ++i) {
      ASSERT_EQ(world.told()[i], all[i]) << i;
    }
    world.Inspect();
    if (HasFatalFailure()) return;
  }
  EXPECT_GT(at, 100);  // as many calls as such a life makes
}

INSTANTIATE_TEST_SUITE_P(BeforeAndAfterTheDeed, SingleFaultsTest,
                         ::testing::Bool(),
                         [](const ::testing::TestParamInfo<bool>& after) {
                           return after.param ? "After" : "Before";
                         });

}  // namespace
}  // namespace cairn
