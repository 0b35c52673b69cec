#include "core/store/sqlite_witness_store.h"

#include <stdlib.h>

#include <filesystem>
#include <memory>
#include <string>

#include "gtest/gtest.h"
#include "tests/support/reference_tree.h"
#include "tests/support/status_matchers.h"

namespace cairn {
namespace {

class SqliteWitnessStoreTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string folder = ::testing::TempDir() + "/witness_XXXXXX";
    ASSERT_NE(mkdtemp(folder.data()), nullptr);
    folder_ = folder;
    Open();
  }
  void TearDown() override {
    store_.reset();
    database_.reset();
    std::filesystem::remove_all(folder_);
  }
  void Open() {
    store_.reset();
    database_.reset();
    auto database =
        Database::Open(folder_ + "/ledger.db", Database::Mode::kDurable);
    ASSERT_THAT(database, IsOk());
    database_ = *std::move(database);
    auto store = SqliteWitnessStore::Create(database_.get());
    ASSERT_THAT(store, IsOk());
    store_ = *std::move(store);
  }
  static WitnessedState State(uint64_t size, char root) {
    return {size, std::string(32, root), "note\n"};
  }

  std::string folder_;
  std::unique_ptr<Database> database_;
  std::unique_ptr<SqliteWitnessStore> store_;
};

TEST_F(SqliteWitnessStoreTest, KeepsTheLastStateOfEachLogOverARestart) {
  EXPECT_FALSE(store_->Load("a")->has_value());
  EXPECT_TRUE(*store_->CompareAndSwap("a", std::nullopt, State(5, 'x')));
  EXPECT_TRUE(*store_->CompareAndSwap("b", std::nullopt, State(6, '\0')));
  EXPECT_TRUE(*store_->CompareAndSwap("a", State(5, 'x'), State(7, 'y')));
  Open();
  const auto a = store_->Load("a");
  ASSERT_THAT(a, IsOk());
  ASSERT_TRUE(a->has_value());
  EXPECT_TRUE((*a)->SameTree(State(7, 'y')));
  EXPECT_EQ((*a)->checkpoint, "note\n");
  EXPECT_TRUE((*store_->Load("b"))->SameTree(State(6, '\0')));
}

TEST_F(SqliteWitnessStoreTest, SwapsOnlyWhatIsStillTheTreeThatWasExpected) {
  EXPECT_FALSE(*store_->CompareAndSwap("a", State(5, 'x'), State(7, 'y')));
  EXPECT_FALSE(store_->Load("a")->has_value());
  ASSERT_TRUE(*store_->CompareAndSwap("a", std::nullopt, State(5, 'x')));
  EXPECT_FALSE(*store_->CompareAndSwap("a", std::nullopt, State(7, 'y')));
  EXPECT_FALSE(*store_->CompareAndSwap("a", State(4, 'x'), State(7, 'y')));
  EXPECT_FALSE(*store_->CompareAndSwap("a", State(5, 'z'), State(7, 'y')));
  EXPECT_TRUE((*store_->Load("a"))->SameTree(State(5, 'x')));
  // The same tree again is a swap that changes nothing.
  EXPECT_TRUE(*store_->CompareAndSwap("a", State(5, 'x'), State(5, 'x')));
}

TEST_F(SqliteWitnessStoreTest,
       AWitnessThatRestartsDoesNotCosignASecondHistory) {
  const SystemClock clock;
  const SigningKey log = *SigningKey::Generate("log", KeyRole::kLog);
  const SigningKey key = *SigningKey::Generate("w", KeyRole::kWitness);
  const ReferenceTree::Leaves honest = {"a", "b", "c"}, fork = {"a", "b", "x"};
  const auto add = [&](uint64_t from, const ReferenceTree::Leaves& leaves) {
    const auto witness =
        *Witness::Create(key, {log.verifier()}, store_.get(), &clock);
    return witness
        ->Add({from,
               {},
               SignCheckpoint(
                   {"log", leaves.size(), ReferenceTree::Root(leaves)}, log)
                   ->Text()})
        ->outcome;
  };
  EXPECT_EQ(add(0, honest), WitnessAnswer::Outcome::kCosigned);
  Open();
  EXPECT_EQ(add(3, fork), WitnessAnswer::Outcome::kSplitView);
  EXPECT_EQ(add(0, fork), WitnessAnswer::Outcome::kWrongSize);
  EXPECT_EQ(add(3, honest), WitnessAnswer::Outcome::kCosigned);
}

}  // namespace
}  // namespace cairn
