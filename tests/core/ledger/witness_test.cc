#include "core/ledger/witness.h"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/base/mutex.h"
#include "core/ledger/proof.h"
#include "gtest/gtest.h"
#include "tests/support/reference_tree.h"
#include "tests/support/status_matchers.h"

namespace cairn {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using Outcome = WitnessAnswer::Outcome;

class FakeClock : public Clock {
 public:
  absl::Time Now() const override { return now; }
  absl::Time now = absl::FromUnixSeconds(1'800'000'000);
};

class FakeWitnessStore : public WitnessStore {
 public:
  enum class Fault { kNone, kLoad, kBefore, kAfterPersisting };

  absl::StatusOr<std::optional<WitnessedState>> Load(
      const std::string& origin) override {
    MutexLock lock(&mutex);
    if (fault == Fault::kLoad) return absl::DataLossError("torn");
    return Get(origin);
  }
  absl::StatusOr<bool> CompareAndSwap(
      const std::string& origin, const std::optional<WitnessedState>& expected,
      const WitnessedState& next) override {
    if (before_swap) before_swap();
    MutexLock lock(&mutex);
    if (fault == Fault::kBefore) return absl::ResourceExhaustedError("full");
    const std::optional<WitnessedState> now = Get(origin);
    if (now.has_value() != expected.has_value() ||
        (now.has_value() && !now->SameTree(*expected))) {
      return false;
    }
    kept[origin] = next;
    if (fault == Fault::kAfterPersisting)
      return absl::UnavailableError("fsync");
    return true;
  }
  std::optional<WitnessedState> Get(const std::string& origin) {
    const auto found = kept.find(origin);
    if (found == kept.end()) return std::nullopt;
    return found->second;
  }

  Mutex mutex;
  std::map<std::string, WitnessedState> kept;
  Fault fault = Fault::kNone;
  std::function<void()> before_swap;
};

// One honest log, a fork of it that has the same key, and a witness.
class WitnessTest : public ::testing::Test {
 protected:
  WitnessTest() {
    for (int i = 0; i < 40; ++i) {
      honest_.push_back(absl::StrCat("entry ", i));
      fork_.push_back(absl::StrCat(i < 10 ? "entry " : "lie ", i));
    }
    witness_ = *Witness::Create(key_, {log_.verifier()}, &store_, &clock_);
  }

  WitnessRequest Request(uint64_t from, uint64_t to,
                         const ReferenceTree::Leaves& leaves) const {
    const auto part = ReferenceTree::Part(leaves, 0, to);
    return {
        from,
        from == 0 ? std::vector<std::string>()
                  : ReferenceTree::Proof(from, part),
        SignCheckpoint({"log", to, ReferenceTree::Root(part)}, log_)->Text()};
  }
  WitnessAnswer Add(const WitnessRequest& request) {
    const auto answer = witness_->Add(request);
    EXPECT_THAT(answer, IsOk());
    return answer.value_or(WitnessAnswer());
  }
  WitnessAnswer Add(uint64_t from, uint64_t to) {
    return Add(Request(from, to, honest_));
  }
  // A refusal signs nothing and changes nothing.
  void Refuses(const WitnessRequest& request, Outcome outcome,
               const std::string& why) {
    const auto before = store_.Get("log");
    const WitnessAnswer answer = Add(request);
    EXPECT_EQ(answer.outcome, outcome) << answer.reason;
    EXPECT_THAT(answer.reason, HasSubstr(why));
    EXPECT_EQ(answer.signature_line, "");
    const auto after = store_.Get("log");
    ASSERT_EQ(before.has_value(), after.has_value());
    EXPECT_TRUE(!before.has_value() || before->SameTree(*after));
  }

  const SigningKey log_ = *SigningKey::Generate("log", KeyRole::kLog);
  const SigningKey key_ = *SigningKey::Generate("w", KeyRole::kWitness);
  ReferenceTree::Leaves honest_, fork_;
  FakeWitnessStore store_;
  FakeClock clock_;
  std::unique_ptr<Witness> witness_;
};

TEST_F(WitnessTest, CosignsAGrowingLogStepByStep) {
  uint64_t last = 0;
  for (const uint64_t size : {3, 3, 4, 8, 9, 31, 40}) {
    const WitnessRequest request = Request(last, size, honest_);
    const WitnessAnswer answer = Add(request);
    ASSERT_EQ(answer.outcome, Outcome::kCosigned) << answer.reason;
    EXPECT_EQ(store_.Get("log")->size, size);
    EXPECT_EQ(store_.Get("log")->checkpoint, request.checkpoint);
    // What it hands back is a cosignature of that very checkpoint, of now.
    const auto line = ParseSignatureLine(answer.signature_line);
    ASSERT_THAT(line, IsOk());
    const auto time = VerifyCosignature(ParseNote(request.checkpoint)->text,
                                        *line, key_.verifier());
    ASSERT_THAT(time, IsOk());
    EXPECT_EQ(*time, clock_.now);
    clock_.now += absl::Minutes(1);
    last = size;
  }
}

TEST_F(WitnessTest, CosignsAnEmptyLogAndWhatGrowsFromIt) {
  EXPECT_EQ(Add(0, 0).outcome, Outcome::kCosigned);
  EXPECT_EQ(Add(0, 0).outcome, Outcome::kCosigned);
  EXPECT_EQ(Add(0, 5).outcome, Outcome::kCosigned);
  Refuses(Request(0, 0, honest_), Outcome::kWrongSize, "has size 5");
}

TEST_F(WitnessTest, ASecondHistoryIsNotCosignedAndBothNotesAreKept) {
  const WitnessRequest first = Request(0, 20, honest_);
  ASSERT_EQ(Add(first).outcome, Outcome::kCosigned);
  const WitnessRequest same_size = Request(20, 20, fork_);
  Refuses(same_size, Outcome::kSplitView, "two histories");
  EXPECT_EQ(Add(same_size).kept_checkpoint, first.checkpoint);
  const WitnessRequest larger = Request(20, 30, fork_);
  Refuses(larger, Outcome::kBadProof, "not shown");
  EXPECT_EQ(Add(larger).kept_checkpoint, first.checkpoint);
  // Both are signed by the log: that is the evidence.
  for (const std::string& note : {first.checkpoint, larger.checkpoint}) {
    EXPECT_THAT(OpenCheckpoint(note, log_.verifier()), IsOk());
  }
  EXPECT_EQ(Add(20, 30).outcome, Outcome::kCosigned);
}

TEST_F(WitnessTest, AShorterLogIsNotCosigned) {
  ASSERT_EQ(Add(0, 20).outcome, Outcome::kCosigned);
  Refuses(Request(10, 15, honest_), Outcome::kWrongSize, "has size 20");
  WitnessRequest request = Request(15, 15, honest_);
  request.old_size = 20;
  Refuses(request, Outcome::kMalformed, "old size is above");
}

TEST_F(WitnessTest, AWrongOldSizeIsAnsweredWithTheRightOne) {
  ASSERT_EQ(Add(0, 20).outcome, Outcome::kCosigned);
  for (const uint64_t from : {0, 1, 19, 21, 30}) {
    const WitnessRequest request = Request(from, 30, honest_);
    Refuses(request, Outcome::kWrongSize, "20");
    EXPECT_EQ(Add(request).size, 20u);
  }
  EXPECT_EQ(Add(20, 30).outcome, Outcome::kCosigned);
}

TEST_F(WitnessTest, AFalseProofIsRefused) {
  ASSERT_EQ(Add(0, 20).outcome, Outcome::kCosigned);
  const WitnessRequest good = Request(20, 30, honest_);
  WitnessRequest bad = good;
  bad.proof.pop_back();
  Refuses(bad, Outcome::kBadProof, "length");
  bad = good;
  bad.proof.push_back(std::string(32, 'x'));
  Refuses(bad, Outcome::kBadProof, "length");
  bad = good;
  bad.proof[0][0] ^= 1;
  Refuses(bad, Outcome::kBadProof, "root");
  bad = good;
  bad.proof[0] = "short";
  Refuses(bad, Outcome::kBadProof, "bytes");
  bad = Request(20, 20, honest_);
  bad.proof = {std::string(32, 'x')};
  Refuses(bad, Outcome::kBadProof, "length");
  bad = good;
  bad.proof.assign(64, std::string(32, 'x'));
  Refuses(bad, Outcome::kMalformed, "63");
  EXPECT_EQ(Add(good).outcome, Outcome::kCosigned);
}

TEST_F(WitnessTest, AProofFromNothingMustBeEmpty) {
  WitnessRequest request = Request(0, 20, honest_);
  request.proof = {std::string(32, 'x')};
  Refuses(request, Outcome::kBadProof, "must be empty");
}

TEST_F(WitnessTest, AStrangersCheckpointIsRefused) {
  const std::string root = ReferenceTree::Root(honest_);
  WitnessRequest request;
  request.checkpoint =
      SignCheckpoint({"other", 40, root},
                     *SigningKey::Generate("other", KeyRole::kLog))
          ->Text();
  Refuses(request, Outcome::kUnknownLog, "'other'");
  request.checkpoint =
      SignCheckpoint({"log", 40, root},
                     *SigningKey::Generate("log", KeyRole::kLog))
          ->Text();
  Refuses(request, Outcome::kNotSigned, "not signed by the key");
  request = Request(0, 40, honest_);
  request.checkpoint[request.checkpoint.size() - 10] ^= 1;
  EXPECT_NE(Add(request).outcome, Outcome::kCosigned);
  request.checkpoint = "log\n40\nnot a note\n";
  Refuses(request, Outcome::kMalformed, "not a signed note");
}

TEST_F(WitnessTest, AForgedLineOfAKnownKeyDoesNotReachTheState) {
  // The log's key over another text, under the honest signature's name.
  ASSERT_EQ(Add(0, 20).outcome, Outcome::kCosigned);
  Note forged = *ParseNote(Request(20, 30, honest_).checkpoint);
  forged.text = Checkpoint{"log", 30, std::string(32, 'x')}.Text();
  WitnessRequest request = Request(20, 30, honest_);
  request.checkpoint = forged.Text();
  Refuses(request, Outcome::kNotSigned, "not a signature of this");
  EXPECT_EQ(Add(20, 30).outcome, Outcome::kCosigned);
}

TEST_F(WitnessTest, NothingIsSignedThatIsNotOnTheDisk) {
  ASSERT_EQ(Add(0, 20).outcome, Outcome::kCosigned);
  using Fault = FakeWitnessStore::Fault;
  for (const Fault fault :
       {Fault::kLoad, Fault::kBefore, Fault::kAfterPersisting}) {
    store_.fault = fault;
    EXPECT_THAT(witness_->Add(Request(20, 30, honest_)), Not(IsOk()));
  }
  store_.fault = Fault::kNone;
  // It was persisted after all: the log learns the size and goes on from it.
  EXPECT_EQ(Add(20, 30).size, 30u);
  EXPECT_EQ(Add(30, 40).outcome, Outcome::kCosigned);
}

TEST_F(WitnessTest, AFasterRequestIsNotRolledBack) {
  ASSERT_EQ(Add(0, 10).outcome, Outcome::kCosigned);
  // Between check and swap of the one, the other goes through.
  store_.before_swap = [this] {
    store_.before_swap = nullptr;
    ASSERT_EQ(Add(10, 30).outcome, Outcome::kCosigned);
  };
  const WitnessAnswer slow = Add(10, 20);
  EXPECT_EQ(slow.outcome, Outcome::kWrongSize);
  EXPECT_EQ(slow.size, 30u);
  EXPECT_EQ(slow.signature_line, "");
  EXPECT_EQ(store_.Get("log")->size, 30u);
  // The same, where the slow one asks for a tree that was cosigned before.
  store_.before_swap = [this] {
    store_.before_swap = nullptr;
    ASSERT_EQ(Add(30, 40).outcome, Outcome::kCosigned);
  };
  EXPECT_EQ(Add(30, 30).outcome, Outcome::kWrongSize);
}

TEST_F(WitnessTest, UnderARaceOneHistoryIsCosignedAndNeverTwo) {
  std::vector<std::thread> threads;
  Mutex mutex;
  std::vector<std::string> cosigned;  // checkpoint texts
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      const auto& leaves = t % 2 == 0 ? honest_ : fork_;
      for (uint64_t size = 11; size <= 40; ++size) {
        WitnessRequest request = Request(0, size, leaves);
        auto answer = witness_->Add(request);
        if (answer.ok() && answer->outcome == Outcome::kWrongSize &&
            answer->size <= size) {
          answer = witness_->Add(Request(answer->size, size, leaves));
        }
        if (answer.ok() && answer->outcome == Outcome::kCosigned) {
          MutexLock lock(&mutex);
          cosigned.push_back(request.checkpoint);
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  ASSERT_FALSE(cosigned.empty());
  // All of one side: each is a beginning of the honest log, or of the fork.
  int of_honest = 0;
  for (const std::string& note : cosigned) {
    const auto opened = OpenCheckpoint(note, log_.verifier());
    of_honest += opened->checkpoint().root ==
                 ReferenceTree::Root(ReferenceTree::Part(
                     honest_, 0, opened->checkpoint().size));
  }
  EXPECT_TRUE(of_honest == 0 || of_honest == static_cast<int>(cosigned.size()))
      << of_honest << " of " << cosigned.size();
}

TEST_F(WitnessTest, IsNotMadeOfKeysThatAreMixedUp) {
  const auto create = [&](SigningKey key, std::vector<VerifierKey> logs) {
    return Witness::Create(std::move(key), std::move(logs), &store_, &clock_)
        .status();
  };
  constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
  EXPECT_THAT(create(log_, {}), StatusIs(kInvalid, HasSubstr("a witness's")));
  EXPECT_THAT(create(key_, {key_.verifier()}),
              StatusIs(kInvalid, HasSubstr("a log's")));
  EXPECT_THAT(create(key_, {log_.verifier(), log_.verifier()}),
              StatusIs(kInvalid, HasSubstr("two keys")));
  const auto shared =
      VerifierKey::Create("w", KeyRole::kLog, key_.verifier().public_key());
  EXPECT_THAT(create(key_, {*shared}),
              StatusIs(kInvalid, HasSubstr("the same key")));
}

}  // namespace
}  // namespace cairn
