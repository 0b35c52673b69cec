#include "core/ledger/node_entries.h"

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/base/digest.h"
#include "core/store/sqlite_ledger_store.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace cairn {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

TEST(ClockWatch, TellsASetClockFromOneThatDrifts) {
  ClockWatch watch(1'000'000, 50);
  EXPECT_EQ(watch.Jump(1'002'000, 2'050), 0);
  EXPECT_EQ(watch.Jump(1'004'300, 4'050), 0);  // 0.3 s slewed
  EXPECT_EQ(watch.Jump(1'006'000, 6'050), 0);
  EXPECT_EQ(watch.Jump(1'008'000 + 3'600'000, 8'050), 3'600'000);
  EXPECT_EQ(watch.Jump(1'010'000 + 3'600'000, 10'050), 0);  // told once
  EXPECT_EQ(watch.Jump(1'012'000, 12'050), -3'600'000);
}

TEST(NodeEntries, SayWhatRanOnWhatAndUntilWhen) {
  std::string folder = ::testing::TempDir() + "/node_XXXXXX";
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  const SystemClock clock;
  {
    const auto database =
        *Database::Open(folder + "/l.db", Database::Mode::kDurable);
    const auto store = *SqliteLedgerStore::Create(database.get());
    const auto ledger = *Ledger::Open(store.get(), &clock);
    for (int run = 0; run < 2; ++run) {
      auto node = NodeEntries::Start(ledger.get(), &clock, "the configuration");
      ASSERT_THAT(node, IsOk());
      if (run == 0) continue;  // cut off: no stop
      EXPECT_THAT((*node)->Stop(), IsOk());
    }
    std::vector<std::string> lines;
    ASSERT_THAT(store->Read(0, 9,
                            [&](const LedgerStore::Line& line) {
                              lines.push_back(line.text);
                              return absl::OkStatus();
                            }),
                IsOk());
    ASSERT_EQ(lines.size(), 3u);
    std::ostringstream program;
    program << std::ifstream("/proc/self/exe", std::ios::binary).rdbuf();
    std::string boot;
    std::getline(std::ifstream("/proc/sys/kernel/random/boot_id"), boot);
    EXPECT_THAT(lines[1],
                AllOf(HasSubstr("node.started"), HasSubstr("\"entries\":1"),
                      HasSubstr(Sha256Hex(program.str())), HasSubstr(boot),
                      HasSubstr(Sha256Hex("the configuration"))));
    EXPECT_THAT(lines[2],
                AllOf(HasSubstr("node.stopped"), HasSubstr("\"entries\":2")));
  }
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace cairn
