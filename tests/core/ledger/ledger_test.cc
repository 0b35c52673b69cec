#include "core/ledger/ledger.h"

#include <openssl/sha.h>

#include <memory>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace cairn {
namespace {

using ::testing::HasSubstr;

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
      uint64_t from,
      absl::FunctionRef<absl::Status(const Line&)> each) override {
    for (const Line& line : lines) {
      if (line.index < from) continue;
      const absl::Status seen = each(line);
      if (!seen.ok()) return seen;
    }
    return absl::OkStatus();
  }

  std::vector<Line> lines;
  Fault fault = Fault::kNone;
  absl::Status size_error;
  int appends = 0;
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

absl::Status Ok() { return absl::OkStatus(); }

TEST(EntryLine, HasItsKeysInAFixedOrderAndEscapesItsTexts) {
  Entry entry{"query.received", "q1", {}};
  entry.fields["purpose"] = "a \"b\" \\ \n";
  entry.fields["cells"] = int64_t{-3};
  EXPECT_EQ(EntryLine(entry, 4, 99),
            "{\"v\":1,\"seq\":4,\"t\":99,\"type\":\"query.received\","
            "\"qid\":\"q1\",\"cells\":-3,"
            "\"purpose\":\"a \\\"b\\\" \\\\ \\u000a\"}");
  EXPECT_EQ(EntryLine({"agent.started", "", {}}, 0, 0),
            "{\"v\":1,\"seq\":0,\"t\":0,\"type\":\"agent.started\"}");
}

TEST(EntryHash, IsTheLeafHashOfRfc6962) {
  const std::string line = "{\"v\":1}";
  const std::string leaf = std::string(1, '\0') + line;
  unsigned char hash[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(leaf.data()), leaf.size(),
         hash);
  EXPECT_EQ(EntryHash(line),
            std::string(reinterpret_cast<char*>(hash), sizeof(hash)));
}

TEST_F(LedgerTest, AReceiptNamesTheEntryThatIsInTheStore) {
  const auto first = ledger_->Append({"a", "", {}});
  const auto second = ledger_->Append({{"b", "", {}}, {"c", "", {}}}, Ok);
  ASSERT_THAT(first, IsOk());
  ASSERT_THAT(second, IsOk());
  EXPECT_EQ(first->index, 0u);
  EXPECT_EQ(second->index, 2u);
  EXPECT_EQ(second->entry_hash, store_.lines[2].hash);
  EXPECT_EQ(second->entry_hash, EntryHash(store_.lines[2].text));
  EXPECT_EQ(ledger_->size(), 3u);
  EXPECT_EQ(store_.appends, 2);
  EXPECT_THAT(ledger_->Verify(), IsOk());
}

TEST_F(LedgerTest, GoesOnWhereItStopped) {
  ASSERT_THAT(ledger_->Append({"a", "", {}}), IsOk());
  Open();
  const auto next = ledger_->Append({"b", "", {}});
  ASSERT_THAT(next, IsOk());
  EXPECT_EQ(next->index, 1u);
  EXPECT_EQ(*ledger_->Verify(), 2u);
}

TEST_F(LedgerTest, TimeNeverGoesBack) {
  ASSERT_THAT(ledger_->Append({"a", "", {}}), IsOk());
  clock_.now_ms -= 5000;
  ASSERT_THAT(ledger_->Append({"b", "", {}}), IsOk());
  EXPECT_THAT(store_.lines[1].text, HasSubstr("\"t\":1700000000000,"));
}

TEST_F(LedgerTest, AStoreThatCannotBeReadIsNotOpened) {
  store_.size_error = absl::DataLossError("torn");
  EXPECT_THAT(Ledger::Open(&store_, &clock_),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("torn")));
}

TEST_F(LedgerTest, AfterAFailedCommitNothingMoreIsAppended) {
  ASSERT_THAT(ledger_->Append({"a", "", {}}), IsOk());
  store_.fault = FakeStore::Fault::kBefore;
  EXPECT_THAT(ledger_->Append({"b", "", {}}),
              StatusIs(absl::StatusCode::kInternal, HasSubstr("disk full")));
  store_.fault = FakeStore::Fault::kNone;  // the disk is well again: still no
  const int before = store_.appends;
  EXPECT_THAT(ledger_->Append({"c", "", {}}),
              StatusIs(absl::StatusCode::kInternal, HasSubstr("disk full")));
  EXPECT_EQ(store_.appends, before);
  EXPECT_EQ(store_.lines.size(), 1u);
  EXPECT_EQ(ledger_->size(), 1u);
}

TEST_F(LedgerTest, ACommitThatFailedButPersistedGivesNoReceiptAndIsKept) {
  store_.fault = FakeStore::Fault::kAfterPersisting;
  EXPECT_THAT(ledger_->Append({"a", "", {}}),
              StatusIs(absl::StatusCode::kInternal));
  store_.fault = FakeStore::Fault::kNone;
  EXPECT_THAT(ledger_->Append({"b", "", {}}),
              StatusIs(absl::StatusCode::kInternal));
  EXPECT_EQ(store_.lines.size(), 1u);
  // The next start finds the entry, and goes on behind it.
  Open();
  EXPECT_EQ(ledger_->size(), 1u);
  EXPECT_EQ(ledger_->Append({"c", "", {}})->index, 1u);
  EXPECT_EQ(*ledger_->Verify(), 2u);
}

TEST_F(LedgerTest, AFailureOfTheSameCommitLeavesTheLedgerUsable) {
  const auto failed = ledger_->Append({{"a", "", {}}}, [] {
    return absl::AlreadyExistsError("released before");
  });
  EXPECT_THAT(failed, StatusIs(absl::StatusCode::kAlreadyExists,
                               HasSubstr("released before")));
  EXPECT_TRUE(store_.lines.empty());
  EXPECT_EQ(ledger_->size(), 0u);
  const auto next = ledger_->Append({"b", "", {}});
  ASSERT_THAT(next, IsOk());
  EXPECT_EQ(next->index, 0u);
}

TEST_F(LedgerTest, TheSameCommitIsNotRunWhenTheStoreIsBroken) {
  store_.fault = FakeStore::Fault::kBefore;
  bool ran = false;
  EXPECT_THAT(ledger_->Append({{"a", "", {}}},
                              [&] {
                                ran = true;
                                return absl::OkStatus();
                              }),
              StatusIs(absl::StatusCode::kInternal));
  EXPECT_FALSE(ran);
}

TEST_F(LedgerTest, AnEntryThatIsTooLargeIsRefusedAndTheLedgerGoesOn) {
  Entry large{"a", "", {}};
  large.fields["text"] = std::string(17 * 1024, 'x');
  EXPECT_THAT(
      ledger_->Append(large),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("16 KiB")));
  EXPECT_EQ(store_.appends, 0);
  EXPECT_THAT(ledger_->Append({"b", "", {}}), IsOk());
}

TEST_F(LedgerTest, VerifyNamesTheEntryThatWasAlteredOrIsMissing) {
  for (const char* type : {"a", "b", "c"}) {
    ASSERT_THAT(ledger_->Append({type, "", {}}), IsOk());
  }
  const std::vector<LedgerStore::Line> good = store_.lines;
  constexpr auto kLoss = absl::StatusCode::kDataLoss;

  store_.lines[1].text[10] = '7';
  EXPECT_THAT(ledger_->Verify(), StatusIs(kLoss, HasSubstr("entry 1")));
  // Altered, and hashed again, in another entry's name.
  store_.lines = good;
  store_.lines[1].text = good[2].text;
  store_.lines[1].hash = good[2].hash;
  EXPECT_THAT(ledger_->Verify(), StatusIs(kLoss, HasSubstr("entry 1")));
  store_.lines = good;
  store_.lines.erase(store_.lines.begin() + 1);
  EXPECT_THAT(ledger_->Verify(),
              StatusIs(kLoss, HasSubstr("entry 1 is missing")));
  store_.lines = good;
  EXPECT_EQ(*ledger_->Verify(), 3u);
}

}  // namespace
}  // namespace cairn
