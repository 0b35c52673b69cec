#include "core/ledger/ledger.h"

#include <atomic>
#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/ledger/proof.h"
#include "gtest/gtest.h"
#include "tests/support/reference_tree.h"
#include "tests/support/status_matchers.h"

namespace cairn {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class FakeClock : public Clock {
 public:
  absl::Time Now() const override { return absl::FromUnixMillis(now_ms); }
  int64_t now_ms = 1'700'000'000'000;
};

// A store in memory that fails where a test wants it to.
class FakeStore : public LedgerStore {
 public:
  enum class Fault { kNone, kBefore, kAfterPersisting };

  absl::StatusOr<uint64_t> Size() override {
    if (!size_error.ok()) return size_error;
    return static_cast<uint64_t>(lines.size());
  }
  absl::Status Commit(absl::FunctionRef<absl::Status()> body) override {
    ++commits;
    const size_t before = lines.size();
    const absl::Status written = body();
    if (!written.ok() && fault != Fault::kAfterPersisting) {
      lines.resize(before);
    }
    if (before_sync) before_sync();
    return written;
  }
  absl::Status Append(const std::vector<Line>& added,
                      absl::FunctionRef<absl::Status()> same_commit) override {
    ++appends;
    if (fault == Fault::kBefore)
      return absl::ResourceExhaustedError("disk full");
    const absl::Status inner = same_commit();
    if (!inner.ok()) return inner;
    lines.insert(lines.end(), added.begin(), added.end());
    if (fault == Fault::kAfterPersisting)
      return absl::UnavailableError("fsync");
    return absl::OkStatus();
  }
  absl::Status Read(
      uint64_t from, uint64_t to,
      absl::FunctionRef<absl::Status(const Line&)> each) override {
    for (const Line& line : lines) {
      if (line.index < from || line.index >= to) continue;
      const absl::Status seen = each(line);
      if (!seen.ok()) return seen;
    }
    return absl::OkStatus();
  }

  std::vector<Line> lines;
  Fault fault = Fault::kNone;
  absl::Status size_error;
  int appends = 0;
  int commits = 0;
  std::function<void()> before_sync;
};

class LedgerTest : public ::testing::Test {
 protected:
  LedgerTest() { Open(); }
  void Open() {
    auto ledger = Ledger::Open(&store_, &clock_);
    ASSERT_THAT(ledger, IsOk());
    ledger_ = *std::move(ledger);
  }

  FakeStore store_;
  FakeClock clock_;
  std::unique_ptr<Ledger> ledger_;
};

Entry Noted(const std::string& what) {
  return {"operator.action", "", {{"command", what}}};
}

absl::Status Ok() { return absl::OkStatus(); }

TEST_F(LedgerTest, AReceiptNamesTheEntryThatIsInTheStore) {
  const auto first = ledger_->Append(Noted("a"));
  const auto second = ledger_->Append({Noted("b"), Noted("c")}, Ok);
  ASSERT_THAT(first, IsOk());
  ASSERT_THAT(second, IsOk());
  EXPECT_EQ(first->index, 0u);
  EXPECT_EQ(second->index, 2u);
  EXPECT_EQ(second->entry_hash, LeafHash(store_.lines[2].text));
  EXPECT_EQ(ledger_->size(), 3u);
  EXPECT_EQ(store_.appends, 2);
  EXPECT_THAT(ledger_->Verify(), IsOk());
}

TEST_F(LedgerTest, GoesOnWhereItStopped) {
  ASSERT_THAT(ledger_->Append(Noted("a")), IsOk());
  Open();
  const auto next = ledger_->Append(Noted("b"));
  ASSERT_THAT(next, IsOk());
  EXPECT_EQ(next->index, 1u);
  EXPECT_EQ(*ledger_->Verify(), 2u);
}

TEST_F(LedgerTest, TimeNeverGoesBack) {
  ASSERT_THAT(ledger_->Append(Noted("a")), IsOk());
  clock_.now_ms -= 5000;
  ASSERT_THAT(ledger_->Append(Noted("b")), IsOk());
  EXPECT_THAT(store_.lines[1].text, HasSubstr("\"t\":1700000000000,"));
  Open();  // nor over a restart
  ASSERT_THAT(ledger_->Append(Noted("c")), IsOk());
  EXPECT_THAT(store_.lines[2].text, HasSubstr("\"t\":1700000000000,"));
}

TEST_F(LedgerTest, AStoreThatCannotBeReadIsNotOpened) {
  store_.size_error = absl::DataLossError("torn");
  EXPECT_THAT(Ledger::Open(&store_, &clock_),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("torn")));
}

TEST_F(LedgerTest, AfterAFailedCommitNothingMoreIsAppended) {
  ASSERT_THAT(ledger_->Append(Noted("a")), IsOk());
  store_.fault = FakeStore::Fault::kBefore;
  EXPECT_THAT(ledger_->Append(Noted("b")),
              StatusIs(absl::StatusCode::kInternal, HasSubstr("disk full")));
  store_.fault = FakeStore::Fault::kNone;  // the disk is well again: still no
  const int before = store_.appends;
  EXPECT_THAT(ledger_->Append(Noted("c")),
              StatusIs(absl::StatusCode::kInternal, HasSubstr("disk full")));
  EXPECT_EQ(store_.appends, before);
  EXPECT_EQ(store_.lines.size(), 1u);
  EXPECT_EQ(ledger_->size(), 1u);
}

TEST_F(LedgerTest, WhoAskedForItIsToldOnceWhyNothingMoreIsAppended) {
  std::vector<std::string> told;
  ledger_->WhenBroken([&](const absl::Status& why) {
    told.push_back(std::string(why.message()));
  });
  ASSERT_THAT(ledger_->Append(Noted("a")), IsOk());
  // What refuses is no failure of the disk.
  EXPECT_FALSE(
      ledger_->Append({Noted("b")}, [] { return absl::AbortedError("no"); })
          .ok());
  EXPECT_THAT(ledger_->broken(), IsOk());
  EXPECT_TRUE(told.empty());
  // What fails beside the entry is.
  EXPECT_FALSE(
      ledger_
          ->Append({Noted("c")}, [] { return absl::InternalError("disk I/O"); })
          .ok());
  EXPECT_FALSE(ledger_->Append(Noted("d")).ok());
  EXPECT_THAT(ledger_->broken(),
              StatusIs(absl::StatusCode::kInternal, HasSubstr("disk I/O")));
  ASSERT_EQ(told.size(), 1u);
  EXPECT_THAT(told[0], HasSubstr("nothing more is answered"));
  EXPECT_EQ(store_.lines.size(), 1u);
}

TEST_F(LedgerTest, ACommitThatFailedButPersistedGivesNoReceiptAndIsKept) {
  store_.fault = FakeStore::Fault::kAfterPersisting;
  EXPECT_THAT(ledger_->Append(Noted("a")),
              StatusIs(absl::StatusCode::kInternal));
  store_.fault = FakeStore::Fault::kNone;
  EXPECT_THAT(ledger_->Append(Noted("b")),
              StatusIs(absl::StatusCode::kInternal));
  EXPECT_EQ(store_.lines.size(), 1u);
  // The next start finds the entry, and goes on behind it.
  Open();
  EXPECT_EQ(ledger_->size(), 1u);
  EXPECT_EQ(ledger_->Append(Noted("c"))->index, 1u);
  EXPECT_EQ(*ledger_->Verify(), 2u);
}

TEST_F(LedgerTest, AFailureOfTheSameCommitLeavesTheLedgerUsable) {
  const auto failed = ledger_->Append(
      {Noted("a")}, [] { return absl::AlreadyExistsError("released before"); });
  EXPECT_THAT(failed, StatusIs(absl::StatusCode::kAlreadyExists,
                               HasSubstr("released before")));
  EXPECT_TRUE(store_.lines.empty());
  EXPECT_EQ(ledger_->size(), 0u);
  const auto next = ledger_->Append(Noted("b"));
  ASSERT_THAT(next, IsOk());
  EXPECT_EQ(next->index, 0u);
}

TEST_F(LedgerTest, TheSameCommitIsNotRunWhenTheStoreIsBroken) {
  store_.fault = FakeStore::Fault::kBefore;
  bool ran = false;
  EXPECT_THAT(ledger_->Append({Noted("a")},
                              [&] {
                                ran = true;
                                return absl::OkStatus();
                              }),
              StatusIs(absl::StatusCode::kInternal));
  EXPECT_FALSE(ran);
}

TEST_F(LedgerTest, AnEntryThatIsTooLargeIsRefusedAndTheLedgerGoesOn) {
  Entry large = Noted("a");
  large.fields["text"] = std::string(17 * 1024, 'x');
  EXPECT_THAT(
      ledger_->Append(large),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("16 KiB")));
  EXPECT_EQ(store_.appends, 0);
  EXPECT_THAT(ledger_->Append(Noted("b")), IsOk());
}

TEST_F(LedgerTest, AnEntryThatNoReaderWouldTakeIsRefusedAndTheLedgerGoesOn) {
  EXPECT_THAT(ledger_->Append({"answer.invented", "q", {}}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("answer.invented")));
  EXPECT_THAT(ledger_->Append({"node.started", "q", {}}),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_EQ(store_.appends, 0);
  EXPECT_THAT(ledger_->Append(Noted("b")), IsOk());
  EXPECT_EQ(*ledger_->Verify(), 1u);
}

TEST_F(LedgerTest, VerifyNamesTheEntryThatWasAlteredOrIsMissing) {
  for (const char* type : {"a", "b", "c"}) {
    ASSERT_THAT(ledger_->Append(Noted(type)), IsOk());
  }
  const std::vector<LedgerStore::Line> good = store_.lines;
  constexpr auto kLoss = absl::StatusCode::kDataLoss;

  store_.lines[1].text[10] = '7';
  EXPECT_THAT(ledger_->Verify(), StatusIs(kLoss, HasSubstr("entry 1")));
  // Altered, and hashed again, in another entry's name.
  store_.lines = good;
  store_.lines[1].text = good[2].text;
  store_.lines[1].hashes = good[2].hashes;
  EXPECT_THAT(ledger_->Verify(), StatusIs(kLoss, HasSubstr("entry 1")));
  store_.lines = good;
  store_.lines.erase(store_.lines.begin() + 1);
  EXPECT_THAT(ledger_->Verify(),
              StatusIs(kLoss, HasSubstr("entry 1 is missing")));
  // A hash inside the tree, that no entry's own hash shows.
  store_.lines = good;
  store_.lines[1].hashes[40] ^= 1;
  EXPECT_THAT(ledger_->Verify(), StatusIs(kLoss, HasSubstr("entry 1")));
  // The end cut off, or another program's entry after it.
  store_.lines = good;
  store_.lines.pop_back();
  EXPECT_THAT(ledger_->Verify(),
              StatusIs(kLoss, HasSubstr("entry 2 is missing")));
  store_.lines = good;
  FakeStore other;
  other.lines = good;
  ASSERT_THAT((*Ledger::Open(&other, &clock_))->Append(Noted("d")), IsOk());
  store_.lines = other.lines;
  EXPECT_THAT(ledger_->Verify(), StatusIs(kLoss, HasSubstr("another program")));
  store_.lines = good;
  EXPECT_EQ(*ledger_->Verify(), 3u);
}

// Callers on threads of their own: while the first one's commit is held up, the
// others come to wait for the next.
class LedgerGroupTest : public LedgerTest {
 protected:
  static constexpr int kOthers = 20;
  using Results = std::vector<absl::StatusOr<Receipt>>;

  // The result of "first", then those of "0" to "19"; `same_commit` is given
  // the number of whom it is called for.
  Results AppendTogether(const std::function<absl::Status(int)>& same_commit) {
    std::promise<void> held, release;
    store_.before_sync = [&] {
      if (store_.commits > 1) return;
      held.set_value();
      release.get_future().wait();
    };
    Results results(1 + kOthers, absl::UnknownError("none yet"));
    std::vector<std::thread> threads;
    threads.emplace_back([&] { results[0] = ledger_->Append(Noted("first")); });
    held.get_future().wait();
    std::atomic<int> started{0};
    for (int i = 0; i < kOthers; ++i) {
      threads.emplace_back([&, i] {
        ++started;
        results[static_cast<size_t>(1 + i)] = ledger_->Append(
            {Noted(absl::StrCat(i))}, [&, i] { return same_commit(i); });
      });
    }
    while (started < kOthers) std::this_thread::yield();
    // Nobody can be seen to wait for a lock; who comes late makes one more
    // commit, which no promise here is about but AFewCommits.
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    EXPECT_EQ(store_.lines.size(), 1u);
    release.set_value();
    for (std::thread& thread : threads) thread.join();
    return results;
  }
};

TEST_F(LedgerGroupTest, AFewCommitsServeManyAndEachGetsItsOwnReceipt) {
  const Results results = AppendTogether([](int) { return Ok(); });
  EXPECT_LE(store_.commits, 4);
  ASSERT_EQ(store_.lines.size(), results.size());
  std::set<uint64_t> indices;
  for (size_t i = 0; i < results.size(); ++i) {
    ASSERT_THAT(results[i], IsOk());
    const std::string& line = store_.lines[results[i]->index].text;
    EXPECT_THAT(line, HasSubstr(i == 0 ? "\"first\""
                                       : absl::StrCat("\"", i - 1, "\"")));
    EXPECT_EQ(results[i]->entry_hash, LeafHash(line));
    indices.insert(results[i]->index);
  }
  EXPECT_EQ(indices.size(), results.size());
  EXPECT_EQ(*ledger_->Verify(), results.size());
  ReferenceTree::Leaves leaves;
  for (const LedgerStore::Line& line : store_.lines) {
    leaves.push_back(line.text);
  }
  EXPECT_EQ(ledger_->Head().root, ReferenceTree::Root(leaves));
}

TEST_F(LedgerGroupTest, ASameCommitThatFailsTakesNobodyElseWithIt) {
  const Results results = AppendTogether([](int i) {
    return i % 3 == 0 ? absl::AlreadyExistsError(absl::StrCat("no ", i)) : Ok();
  });
  for (int i = 0; i < kOthers; ++i) {
    const auto& result = results[static_cast<size_t>(1 + i)];
    if (i % 3 == 0) {
      EXPECT_THAT(result, StatusIs(absl::StatusCode::kAlreadyExists,
                                   HasSubstr(absl::StrCat("no ", i))));
    } else {
      ASSERT_THAT(result, IsOk());
      EXPECT_THAT(store_.lines[result->index].text,
                  HasSubstr(absl::StrCat("\"", i, "\"")));
    }
  }
  EXPECT_EQ(*ledger_->Verify(), 1u + kOthers - 7);
  EXPECT_THAT(ledger_->Append(Noted("after")), IsOk());
}

TEST_F(LedgerGroupTest, ACommitThatFailsGivesNobodyAReceipt) {
  const Results results = AppendTogether([this](int) {
    store_.fault = FakeStore::Fault::kAfterPersisting;
    return Ok();
  });
  ASSERT_THAT(results[0], IsOk());
  for (size_t i = 1; i < results.size(); ++i) {
    EXPECT_THAT(results[i], StatusIs(absl::StatusCode::kInternal,
                                     HasSubstr("nothing more is answered")));
  }
  EXPECT_EQ(ledger_->size(), 1u);
}

TEST_F(LedgerTest, ASameCommitIsGivenTheReceiptOfItsLastEntry) {
  ASSERT_THAT(ledger_->Append(Noted("a")), IsOk());
  Receipt given;
  const auto receipt =
      ledger_->Append({Noted("b"), Noted("c")}, [&](const Receipt& last) {
        given = last;
        return Ok();
      });
  ASSERT_THAT(receipt, IsOk());
  EXPECT_EQ(given.index, 2u);
  EXPECT_EQ(given.entry_hash, receipt->entry_hash);
}

// The tree over a growing ledger, against the recursive definition.
class LedgerTreeTest : public LedgerTest {
 protected:
  void Grow(int entries) {
    for (int i = 0; i < entries; ++i) {
      ASSERT_THAT(ledger_->Append(Noted(absl::StrCat("entry ", i))), IsOk());
    }
  }
  std::string ExpectedRoot(size_t size) const {
    ReferenceTree::Leaves leaves;
    for (size_t i = 0; i < size; ++i) leaves.push_back(store_.lines[i].text);
    return ReferenceTree::Root(leaves);
  }

  const SigningKey key_ = *SigningKey::Generate("log", KeyRole::kLog);
};

TEST_F(LedgerTreeTest, ItsHeadIsTheRootOfItsEntriesAlsoAfterARestart) {
  for (size_t size = 0; size < 70; ++size) {
    EXPECT_EQ(ledger_->Head().size, size);
    ASSERT_EQ(ledger_->Head().root, ExpectedRoot(size));
    if (size % 3 == 0) Open();
    Grow(1);
  }
}

TEST_F(LedgerTreeTest, AFailedCommitLeavesTheTreeAsItWas) {
  Grow(5);
  ASSERT_FALSE(ledger_
                   ->Append({Noted("x"), Noted("y")},
                            [] { return absl::AbortedError("no"); })
                   .ok());
  EXPECT_EQ(ledger_->Head().root, ExpectedRoot(5));
  Grow(1);
  EXPECT_EQ(ledger_->Head().root, ExpectedRoot(6));
  EXPECT_EQ(*ledger_->Verify(), 6u);
}

TEST_F(LedgerTreeTest, EveryEntryHasAReceiptThatStandsAlone) {
  Grow(40);
  const auto checkpoint = ledger_->Sign(key_);
  ASSERT_THAT(checkpoint, IsOk());
  EXPECT_EQ(checkpoint->checkpoint().size, 40u);
  EXPECT_EQ(checkpoint->checkpoint().root, ExpectedRoot(40));
  Grow(5);  // a receipt is of the checkpoint, not of what came after
  for (uint64_t i = 0; i < 40; ++i) {
    const auto proof = ledger_->ProveEntry(i, *checkpoint);
    ASSERT_THAT(proof, IsOk());
    const auto read = ParseTlogProof(proof->Text());
    ASSERT_THAT(read, IsOk());
    EXPECT_THAT(VerifyTlogProof(store_.lines[i].text, *read, key_.verifier()),
                IsOk());
    EXPECT_THAT(
        VerifyTlogProof(store_.lines[i + 1].text, *read, key_.verifier()),
        StatusIs(absl::StatusCode::kDataLoss, HasSubstr("inclusion")));
  }
  EXPECT_THAT(ledger_->ProveEntry(40, *checkpoint),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("entry 40 is not in a tree of 40")));
}

TEST_F(LedgerTreeTest, EachOfItsCheckpointsFollowsFromTheOnesBefore) {
  std::vector<Checkpoint> signed_at;
  for (int i = 0; i < 30; ++i) {
    Grow(1 + i % 4);
    signed_at.push_back(ledger_->Sign(key_)->checkpoint());
  }
  for (const Checkpoint& old : signed_at) {
    for (const Checkpoint& now : signed_at) {
      if (now.size < old.size) continue;
      const auto proof = ledger_->ProveConsistency(old.size, now.size);
      ASSERT_THAT(proof, IsOk());
      EXPECT_THAT(
          VerifyConsistency(old.size, old.root, now.size, now.root, *proof),
          IsOk());
    }
  }
  EXPECT_THAT(
      ledger_->ProveConsistency(1, ledger_->size() + 1),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("never had")));
}

TEST_F(LedgerTreeTest, DoesNotSignWhatTheDiskDoesNotHold) {
  constexpr auto kLoss = absl::StatusCode::kDataLoss;
  const auto refuses = [&](const std::string& why) {
    EXPECT_THAT(ledger_->Sign(key_), StatusIs(kLoss, HasSubstr(why)));
    // And goes on refusing: whoever asks again gets no signature either.
    EXPECT_THAT(ledger_->Sign(key_), StatusIs(kLoss, HasSubstr(why)));
    EXPECT_THAT(ledger_->Append(Noted("more")),
                StatusIs(kLoss, HasSubstr(why)));
    Open();
    ASSERT_THAT(ledger_->Verify(), Not(IsOk()));
  };
  Grow(6);
  const std::vector<LedgerStore::Line> good = store_.lines;
  store_.lines[4].text[30] ^= 1;  // one bit
  refuses("entry 4 was altered");
  store_.lines = good;
  Open();
  Grow(2);
  store_.lines[7].hashes[33] ^= 1;
  refuses("entry 7 was altered");
  store_.lines = good;
  Open();
  Grow(3);
  const std::vector<LedgerStore::Line> longer = store_.lines;
  store_.lines.resize(7);
  EXPECT_THAT(ledger_->Sign(key_),
              StatusIs(kLoss, HasSubstr("entry 7 is missing")));
  store_.lines = longer;
  Open();
  EXPECT_THAT(ledger_->Sign(key_), IsOk());
  EXPECT_THAT(
      ledger_->Sign(*SigningKey::Generate("log", KeyRole::kWitness)),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("a witness's")));
}

TEST_F(LedgerTreeTest, ALedgerWhoseLastHashesAreGoneIsNotOpened) {
  Grow(6);
  store_.lines[3].hashes.resize(32);
  EXPECT_THAT(Ledger::Open(&store_, &clock_),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("entry 3")));
  store_.lines[5].text = "{}";
  EXPECT_THAT(Ledger::Open(&store_, &clock_),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("entry 5")));
  store_.lines.erase(store_.lines.begin() + 3);
  store_.lines[4].text = EntryLine(Noted("x"), 5, 0);
  store_.lines.insert(store_.lines.begin(), {0, "", ""});
  EXPECT_THAT(Ledger::Open(&store_, &clock_),
              StatusIs(absl::StatusCode::kDataLoss));
}

}  // namespace
}  // namespace cairn
