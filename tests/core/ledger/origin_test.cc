#include "core/ledger/origin.h"

#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace cairn {
namespace {

const LogOwner kPolice{"example.org", "vru", "police"};
const LogOwner kCoordinator{"example.org", "vru", ""};

// The examples of docs/ledger-format.md, section 3.
TEST(OriginTest, IsNamedAsTheFormatSays) {
  EXPECT_EQ(kPolice.Origin(2026), "cairn.example.org/vru/agent/police/2026");
  EXPECT_EQ(kPolice.Origin(2026, 2),
            "cairn.example.org/vru/agent/police/2026-r2");
  EXPECT_EQ(kCoordinator.Origin(2026),
            "cairn.example.org/vru/coordinator/2026");
  EXPECT_EQ(kPolice.WitnessName(),
            "cairn.example.org/vru/agent/police/witness");
}

TEST(OriginTest, BelongsToNobodyElse) {
  EXPECT_THAT(kPolice.CheckOrigin(kPolice.Origin(2026)), IsOk());
  EXPECT_THAT(kPolice.CheckOrigin(kPolice.Origin(2027, 12)), IsOk());
  for (const char* origin : {
           "cairn.example.org/vru/coordinator/2026",
           "cairn.example.org/vru/agent/council/2026",
           "cairn.example.net/vru/agent/police/2026",
           "cairn.example.org/vru/agent/police",
           "cairn.example.org/vru/agent/police/",
           "cairn.example.org/vru/agent/police/26",
           "cairn.example.org/vru/agent/police/20266",
           "cairn.example.org/vru/agent/police/2026-r",
           "cairn.example.org/vru/agent/police/2026-r1",
           "cairn.example.org/vru/agent/police/2026-r02",
           "cairn.example.org/vru/agent/police/2026/2026",
           "cairn.example.org/vru/agent/police/witness",
       }) {
    EXPECT_FALSE(kPolice.CheckOrigin(origin).ok()) << origin;
  }
  // No name is both a log's and a witness's.
  EXPECT_FALSE(kPolice.CheckOrigin(kPolice.WitnessName()).ok());
}

TEST(OriginTest, ShowsItsEdition) {
  EXPECT_EQ(EditionOf("cairn.example.org/vru/agent/police/2026"), "2026");
  EXPECT_EQ(EditionOf(kPolice.Origin(2026, 3)), "2026-r3");
  EXPECT_EQ(EditionOf(kPolice.WitnessName()), "");
}

}  // namespace
}  // namespace cairn
