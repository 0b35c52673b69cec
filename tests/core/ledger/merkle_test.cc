#include "core/ledger/merkle.h"

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

// The test tree of certificate-transparency (cpp/merkletree) and of
// transparency-dev/merkle: eight leaves and the roots of its eight beginnings.
const char* const kLeaves[] = {"",
                               "00",
                               "10",
                               "2021",
                               "3031",
                               "40414243",
                               "5051525354555657",
                               "606162636465666768696a6b6c6d6e6f"};
const char* const kRoots[] = {
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};

TEST(Merkle, MakesThePublishedRoots) {
  EXPECT_EQ(absl::BytesToHexString(EmptyRoot()),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  TreeFrontier frontier;
  for (size_t i = 0; i < 8; ++i) {
    frontier.Append(LeafHash(absl::HexStringToBytes(kLeaves[i])));
    EXPECT_EQ(absl::BytesToHexString(frontier.Root()), kRoots[i]) << i;
    EXPECT_EQ(frontier.size(), i + 1);
  }
}

TEST(Merkle, ALeafIsNotANode) {
  // The prefixes: two hashes side by side are an entry, not a parent.
  const std::string a = LeafHash("a"), b = LeafHash("b");
  EXPECT_NE(LeafHash(a + b), NodeHash(a, b));
  EXPECT_NE(NodeHash(a, b), NodeHash(b, a));
}

TEST(Merkle, MakesTheRootThatTheRecursiveDefinitionMakesAtEverySize) {
  ReferenceTree::Leaves leaves;
  TreeInMemory tree;
  EXPECT_EQ(tree.frontier().Root(), ReferenceTree::Root(leaves));
  for (size_t size = 1; size <= 300; ++size) {
    leaves.push_back(absl::StrCat("entry ", size));
    tree.Append(leaves.back());
    const std::string expected = ReferenceTree::Root(leaves);
    ASSERT_EQ(tree.frontier().Root(), expected) << size;
    const auto loaded = TreeFrontier::Load(size, tree);
    ASSERT_THAT(loaded, IsOk());
    ASSERT_EQ(loaded->Root(), expected) << size;
  }
}

TEST(Merkle, EveryRangeThatIsASubtreeHasItsRoot) {
  ReferenceTree::Leaves leaves;
  TreeInMemory tree;
  for (int i = 0; i < 70; ++i) {
    leaves.push_back(absl::StrCat(i));
    tree.Append(leaves.back());
  }
  for (uint64_t length = 1; length <= 70; ++length) {
    uint64_t step = 1;
    while (2 * step <= length) step *= 2;
    for (uint64_t begin = 0; begin + length <= 70; begin += step) {
      const auto root = RootOfRange({begin, begin + length}, tree);
      ASSERT_THAT(root, IsOk());
      ASSERT_EQ(*root, ReferenceTree::Root(
                           ReferenceTree::Part(leaves, begin, begin + length)))
          << begin << "+" << length;
    }
  }
}

TEST(Merkle, AMissingHashIsAnErrorAndNotARoot) {
  TreeInMemory tree;
  for (int i = 0; i < 5; ++i) tree.Append("x");
  EXPECT_THAT(RootOfRange({0, 6}, tree),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("no such node")));
  EXPECT_THAT(TreeFrontier::Load(7, tree),
              StatusIs(absl::StatusCode::kNotFound));
}

TEST(Merkle, AFrontierOfAMillionEntriesIsLoadedWithTwentyReads) {
  // Only what is read has to exist.
  int reads = 0;
  const auto loaded = TreeFrontier::Load(999'999, [&](TreeNode node) {
    ++reads;
    return absl::StatusOr<std::string>(
        LeafHash(absl::StrCat(node.level, "/", node.index)));
  });
  ASSERT_THAT(loaded, IsOk());
  EXPECT_LE(reads, 20);
}

}  // namespace
}  // namespace cairn
