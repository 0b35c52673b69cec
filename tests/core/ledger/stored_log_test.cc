#include "core/ledger/stored_log.h"

#include <map>
#include <string>

#include "core/ledger/verify_log.h"
#include "gtest/gtest.h"
#include "tests/support/example_log.h"
#include "tests/support/status_matchers.h"

namespace cairn {
namespace {

using ::testing::HasSubstr;

// What a database keeps of the example's entries.
class MemoryLines : public LedgerLines {
 public:
  explicit MemoryLines(uint64_t entries) {
    TreeFrontier tree;
    for (uint64_t i = 0; i < entries; ++i) {
      const std::string text = ExampleLog::Line(i);
      lines[i] = {i, text, tree.Append(LeafHash(text))};
    }
  }
  absl::StatusOr<uint64_t> Size() override {
    return lines.empty() ? 0 : lines.rbegin()->first + 1;
  }
  absl::Status Read(
      uint64_t from, uint64_t to,
      absl::FunctionRef<absl::Status(const LedgerStore::Line&)> each) override {
    for (auto at = lines.lower_bound(from); at != lines.end() && at->first < to;
         ++at) {
      const absl::Status seen = each(at->second);
      if (!seen.ok()) return seen;
    }
    return absl::OkStatus();
  }
  std::map<uint64_t, LedgerStore::Line> lines;
};

absl::Status Verify(const StoredLog& log, uint64_t size) {
  auto head = log.Head(ExampleLog::kOrigin, size);
  if (!head.ok()) return head.status();
  const absl::Status hashes = log.CheckHashes(size);
  if (!hashes.ok()) return hashes;
  return VerifyLogFiles(log, *head, {},
                        [](const ParsedEntry&) { return absl::OkStatus(); });
}

// The other maker of these files works from the entries in one pass.
TEST(StoredLog, EachFileIsTheOneThatAnExportWrites) {
  for (const uint64_t entries : {1u, 2u, 255u, 256u, 257u, 600u, 66000u}) {
    const ExampleLog exported(entries);
    MemoryLines lines(entries + 3);  // it has grown since
    const StoredLog log(&lines);
    for (const auto& [path, bytes] : exported.files) {
      if (path == "checkpoint") continue;
      const auto read = log.Read(path);
      ASSERT_TRUE(read.ok()) << read.status();
      EXPECT_EQ(*read, bytes) << path;
    }
    EXPECT_TRUE(Verify(log, entries).ok());
    EXPECT_TRUE(Verify(log, entries + 3).ok());
  }
}

TEST(StoredLog, WhatIsNoFileOfThisLogIsNotFound) {
  MemoryLines lines(600);
  const StoredLog log(&lines);
  for (const char* path :
       {"",
        "/",
        "checkpoint",
        "tile",
        "tile/",
        "tile//",
        "tile/0/",
        "tile/0/0",
        "tile/0/000/",
        "tile/00/000",
        "tile/-1/000",
        "tile/8/000",
        "tile/99999999999/000",
        "tile/0/003",
        "tile/0/002.p/89",
        "tile/0/002.p/0",
        "tile/0/000.p/256",
        "tile/0/002.p/",
        "tile/0/.p/3",
        "tile/0/x000/000",
        "tile/0//000",
        "tile/1/000",
        "tile/1/000.p/3",
        "tile/entries/002",
        "tile/entries/x/000",
        "tile/0/../0/000",
        "tile/entries/x999/x999/x999/x999/x999/x999/x999/999",
        "tile/entries/x18/x446/x744/x073/x709/x551/616",
        "../etc/passwd"}) {
    EXPECT_THAT(log.Read(path),
                StatusIs(absl::StatusCode::kNotFound, HasSubstr("no file")))
        << path;
  }
}

TEST(StoredLog, WhatIsMissingOrAlteredOnTheDiskIsNamed) {
  for (const uint64_t i : {0u, 17u, 255u, 256u, 598u}) {
    MemoryLines lines(600);
    lines.lines.erase(i);
    EXPECT_THAT(Verify(StoredLog(&lines), 600),
                StatusIs(absl::StatusCode::kDataLoss,
                         HasSubstr(absl::StrCat("entry ", i, " is missing"))));
  }
  for (const uint64_t i : {0u, 17u, 255u, 256u, 599u}) {
    MemoryLines lines(600);
    lines.lines[i].text[60] ^= 1;
    EXPECT_THAT(Verify(StoredLog(&lines), 600),
                StatusIs(absl::StatusCode::kDataLoss,
                         HasSubstr(absl::StrCat("entry ", i, " was altered"))));
    MemoryLines short_of_hashes(600);
    short_of_hashes.lines[i].hashes.pop_back();
    EXPECT_EQ(Verify(StoredLog(&short_of_hashes), 600).code(),
              absl::StatusCode::kDataLoss);
    MemoryLines other_hash(600);
    other_hash.lines[i].hashes[3] ^= 1;
    EXPECT_EQ(Verify(StoredLog(&other_hash), 600).code(),
              absl::StatusCode::kDataLoss);
  }
}

}  // namespace
}  // namespace cairn
