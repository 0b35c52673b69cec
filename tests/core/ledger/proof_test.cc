#include "core/ledger/proof.h"

#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/support/reference_tree.h"
#include "tests/support/status_matchers.h"
#include "tests/support/tree_in_memory.h"

namespace cairn {
namespace {

using ::testing::HasSubstr;
using Proof = std::vector<std::string>;
constexpr auto kLoss = absl::StatusCode::kDataLoss;
constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

// Against the recursive definition of RFC 6962, entries "0", "1", ...
class ProofTest : public ::testing::Test {
 protected:
  static constexpr size_t kMost = 260;
  static void SetUpTestSuite() {
    leaves_ = new ReferenceTree::Leaves;
    roots_ = new std::vector<std::string>{ReferenceTree::Root({})};
    tree_ = new TreeInMemory;
    for (size_t i = 0; i < kMost; ++i) {
      leaves_->push_back(absl::StrCat(i));
      tree_->Append(leaves_->back());
      roots_->push_back(ReferenceTree::Root(*leaves_));
    }
  }
  static ReferenceTree::Leaves First(size_t size) {
    return ReferenceTree::Part(*leaves_, 0, size);
  }
  static std::string Leaf(size_t index) {
    return ReferenceTree::Hash(std::string(1, '\0') + (*leaves_)[index]);
  }
  static const std::string& Root(size_t size) { return (*roots_)[size]; }
  static const TreeInMemory& Tree() { return *tree_; }

 private:
  static ReferenceTree::Leaves* leaves_;
  static std::vector<std::string>* roots_;
  static TreeInMemory* tree_;
};
ReferenceTree::Leaves* ProofTest::leaves_ = nullptr;
std::vector<std::string>* ProofTest::roots_ = nullptr;
TreeInMemory* ProofTest::tree_ = nullptr;

// All sizes where the shape changes, and those beside them.
std::vector<size_t> Sizes() {
  std::vector<size_t> sizes;
  for (size_t size = 1; size <= 70; ++size) sizes.push_back(size);
  for (const size_t size : {96, 127, 128, 129, 200, 255, 256, 257, 260}) {
    sizes.push_back(size);
  }
  return sizes;
}

TEST_F(ProofTest, InclusionIsAsDefinedAndVerifiesAtEveryIndex) {
  for (const size_t size : Sizes()) {
    for (size_t index = 0; index < size; ++index) {
      const auto proof = ProveInclusion(index, size, Tree());
      ASSERT_THAT(proof, IsOk());
      ASSERT_EQ(*proof, ReferenceTree::Path(index, First(size)))
          << index << " of " << size;
      ASSERT_THAT(VerifyInclusion(Leaf(index), index, size, *proof, Root(size)),
                  IsOk());
    }
  }
}

TEST_F(ProofTest, ConsistencyIsAsDefinedAndVerifiesFromEverySize) {
  for (const size_t size : Sizes()) {
    for (size_t old = 1; old <= size; ++old) {
      const auto proof = ProveConsistency(old, size, Tree());
      ASSERT_THAT(proof, IsOk());
      ASSERT_EQ(*proof, ReferenceTree::Proof(old, First(size)))
          << old << " to " << size;
      ASSERT_THAT(VerifyConsistency(old, Root(old), size, Root(size), *proof),
                  IsOk());
    }
  }
}

// What a liar could hand in instead of `proof`.
std::vector<Proof> Spoiled(const Proof& proof, const std::string& root) {
  std::vector<Proof> bad;
  Proof next = proof;
  next.push_back(root);
  bad.push_back(next);
  next = proof;
  next.insert(next.begin(), root);
  bad.push_back(next);
  for (size_t i = 0; i < proof.size(); ++i) {
    next = proof;
    next[i][i % 32] ^= static_cast<char>(1 << (i % 8));
    bad.push_back(next);
    next = proof;
    next.erase(next.begin() + static_cast<long>(i));
    bad.push_back(next);
    next = proof;
    next.insert(next.begin() + static_cast<long>(i), proof[i]);
    bad.push_back(next);
    if (i > 0 && proof[i] != proof[i - 1]) {
      next = proof;
      std::swap(next[i], next[i - 1]);
      bad.push_back(next);
    }
  }
  return bad;
}

TEST_F(ProofTest, NoInclusionVerifiesForAnythingElse) {
  for (const size_t size : {1, 2, 3, 5, 8, 11, 64, 70, 257}) {
    for (size_t index = 0; index < size; index += 1 + size / 13) {
      const Proof proof = ReferenceTree::Path(index, First(size));
      const std::string leaf = Leaf(index);
      const auto fails = [&](uint64_t at, uint64_t of, const Proof& with,
                             const std::string& entry,
                             const std::string& root) {
        EXPECT_FALSE(VerifyInclusion(entry, at, of, with, root).ok())
            << at << " of " << of << " from " << index << " of " << size;
      };
      for (const Proof& bad : Spoiled(proof, Root(size))) {
        fails(index, size, bad, leaf, Root(size));
      }
      fails(index, size, proof, Leaf((index + 1) % kMost), Root(size));
      fails(index, size, proof, leaf, Root(size + 1));
      for (size_t other = 0; other < size; ++other) {
        if (other != index) fails(other, size, proof, leaf, Root(size));
      }
      fails(size, size, proof, leaf, Root(size));
      fails(index, 2 * size, proof, leaf, Root(size));
      fails(~uint64_t{0}, size, proof, leaf, Root(size));
    }
  }
}

TEST_F(ProofTest, NoConsistencyVerifiesForAnythingElse) {
  for (const size_t size : {2, 3, 5, 8, 11, 64, 70, 257}) {
    for (size_t old = 1; old < size; old += 1 + size / 13) {
      const Proof proof = ReferenceTree::Proof(old, First(size));
      const auto fails = [&](uint64_t from, const std::string& from_root,
                             uint64_t to, const std::string& to_root,
                             const Proof& with) {
        EXPECT_FALSE(VerifyConsistency(from, from_root, to, to_root, with).ok())
            << from << " to " << to << ", from " << old << " to " << size;
      };
      for (const Proof& bad : Spoiled(proof, Root(size))) {
        fails(old, Root(old), size, Root(size), bad);
      }
      fails(old, Root(size), size, Root(old), proof);
      fails(old, Root(old - 1), size, Root(size), proof);
      fails(old, Root(old), size, Root(size - 1), proof);
      fails(old - 1, Root(old), size, Root(size), proof);
      fails(old + 1, Root(old), size, Root(size), proof);
      fails(old, Root(old), 2 * size, Root(size), proof);
      fails(size, Root(size), old, Root(old), proof);
      fails(old, Root(old), size, Root(size), {});
    }
  }
}

TEST_F(ProofTest, AForkIsNotConsistentWithWhatWasSeen) {
  ReferenceTree::Leaves fork = First(100);
  fork[41] = "another answer";
  const Proof proof = ReferenceTree::Proof(64, fork);
  const std::string forked = ReferenceTree::Root(fork);
  EXPECT_THAT(VerifyConsistency(64, Root(64), 100, forked, proof),
              StatusIs(kLoss, HasSubstr("new root")));
  EXPECT_THAT(VerifyConsistency(63, Root(63), 100, forked,
                                ReferenceTree::Proof(63, fork)),
              StatusIs(kLoss, HasSubstr("old root")));
}

TEST_F(ProofTest, SaysWhatIsWrongWithWhatItWasGiven) {
  EXPECT_THAT(VerifyInclusion(Leaf(0), 3, 3, {}, Root(3)),
              StatusIs(kInvalid, HasSubstr("entry 3 is not in a tree of 3")));
  EXPECT_THAT(VerifyInclusion("short", 0, 1, {}, Root(1)),
              StatusIs(kInvalid, HasSubstr("32 bytes")));
  EXPECT_THAT(VerifyInclusion(Leaf(0), 0, 2, {"x"}, Root(2)),
              StatusIs(kInvalid, HasSubstr("has 1 bytes")));
  EXPECT_THAT(VerifyInclusion(Leaf(0), 0, 2, {}, Root(2)),
              StatusIs(kLoss, HasSubstr("length")));
  EXPECT_THAT(VerifyConsistency(0, Root(0), 1, Root(1), {}),
              StatusIs(kInvalid, HasSubstr("proves nothing")));
  EXPECT_THAT(VerifyConsistency(2, Root(2), 1, Root(1), {}),
              StatusIs(kInvalid, HasSubstr("cannot become")));
  EXPECT_THAT(VerifyConsistency(2, Root(2), 2, Root(1), {}),
              StatusIs(kLoss, HasSubstr("root")));
  EXPECT_THAT(VerifyConsistency(2, Root(2), 2, Root(2), {Root(1)}),
              StatusIs(kLoss, HasSubstr("length")));
  EXPECT_THAT(VerifyConsistency(0, Root(0), 0, Root(0), {}), IsOk());
  EXPECT_THAT(ProveInclusion(5, 5, Tree()), StatusIs(kInvalid));
  EXPECT_THAT(ProveConsistency(6, 5, Tree()), StatusIs(kInvalid));
  EXPECT_THAT(ProveInclusion(0, ~uint64_t{0}, Tree()), StatusIs(kInvalid));
  EXPECT_TRUE(ProveConsistency(0, 5, Tree())->empty());
}

TEST_F(ProofTest, AProofReadsFewHashesHoweverLargeTheTree) {
  Tree().reads = 0;
  ASSERT_THAT(ProveInclusion(77, 255, Tree()), IsOk());
  EXPECT_LE(Tree().reads, 2 * 8);
  // Sizes near the end of the numbers take no time and run over nothing.
  int reads = 0;
  const auto hash = [&reads](TreeNode) {
    ++reads;
    return absl::StatusOr<std::string>(std::string(32, 'x'));
  };
  ASSERT_THAT(ProveInclusion(kMaxTreeSize - 1, kMaxTreeSize, hash), IsOk());
  ASSERT_THAT(ProveConsistency(kMaxTreeSize / 3, kMaxTreeSize, hash), IsOk());
  EXPECT_LE(reads, 64 * 64);
  EXPECT_FALSE(VerifyInclusion(std::string(32, 'x'), ~uint64_t{0} - 1,
                               ~uint64_t{0}, Proof(64, std::string(32, 'x')),
                               std::string(32, 'x'))
                   .ok());
}

}  // namespace
}  // namespace cairn
