#include "agent/hash_bag.h"

#include <malloc.h>

#include <cstdlib>
#include <map>
#include <new>
#include <random>
#include <vector>

#include "agent/month_versions.h"
#include "gtest/gtest.h"

// Every allocation of this program is counted.
namespace {
size_t in_use = 0, most_in_use = 0;
}  // namespace

void* operator new(size_t size) {
  void* const block = std::malloc(size);
  if (block == nullptr) std::abort();
  in_use += malloc_usable_size(block);
  most_in_use = std::max(most_in_use, in_use);
  return block;
}
void operator delete(void* block) noexcept {
  if (block == nullptr) return;
  in_use -= malloc_usable_size(block);
  std::free(block);
}
void operator delete(void* block, size_t) noexcept { operator delete(block); }

namespace cairn {
namespace {

TEST(HashBag, GivesEachHashAsOftenAsItWasAdded) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 200; ++round) {
    HashBag bag;
    std::map<uint64_t, int> expected;
    const uint64_t kinds = 1 + random() % 40;
    const auto draw = [&] { return random() % kinds * (UINT64_MAX / 40); };
    size_t left = random() % 300;
    for (size_t i = 0; i < left; ++i) {
      const uint64_t hash = draw();
      bag.Add(hash);
      ++expected[hash];
    }
    for (int i = 0; i < 400; ++i) {
      const uint64_t hash = draw();
      const bool there = expected[hash] > 0;
      ASSERT_EQ(bag.Take(hash), there) << "round " << round;
      if (there) --expected[hash], --left;
      ASSERT_EQ(bag.left(), left);
    }
    std::map<uint64_t, int> found;
    const std::vector<uint64_t>& all = bag.InOrder();
    for (size_t i = 0; i < all.size(); ++i) {
      if (!bag.IsTaken(i)) ++found[all[i]];
    }
    std::erase_if(expected, [](const auto& item) { return item.second == 0; });
    EXPECT_EQ(found, expected);
    EXPECT_TRUE(std::is_sorted(all.begin(), all.end()));
  }
}

// Ten million records before and ten million now are to fit into the memory
// that docs/performance.md promises, with SQLite's own beside them.
TEST(MonthVersions, ComparingALoadTakesAtMost24BytesARecord) {
  constexpr int kRecords = 400'000, kMonths = 5;
  v1::ExtractMeta meta;
  meta.set_data_set("events");
  v1::ExtractDimension* const time = meta.add_dimension();
  time->set_variable("month");
  for (const char* month :
       {"2024-01", "2024-02", "2024-03", "2024-04", "2024-05"}) {
    meta.add_month(month);
    time->add_code(month);
  }
  v1::ExtractMeta before = meta;
  before.set_sequence(1);
  before.set_epoch("e");
  for (const std::string& month : meta.month()) {
    before.add_era()->set_month(month);
    before.mutable_era()->rbegin()->add_bound(1);
  }
  MonthVersions versions(&meta, "key");
  versions.Follow(before);
  const size_t at_first = in_use;
  most_in_use = in_use;
  for (const bool now : {false, true}) {
    for (int i = 0; i < kRecords; ++i) {
      // One in 97 is changed, one in 1,000 gone: every month is revised.
      if (now && i % 1000 == 7) continue;
      const int64_t month = i % kMonths;
      const int64_t values[] = {month, now && i % 97 == 3 ? 1 : 0};
      MonthVersions::Record record{i, values};
      if (now) {
        versions.NoteNew(record);
      } else {
        record.era = static_cast<int>(month);
        versions.NoteOld(record);
      }
    }
  }
  versions.Decide({});
  for (int i = 0; i < kRecords; ++i) {
    const int64_t values[] = {i % kMonths, 0};
    ASSERT_GE(versions.EraOfOld({i, values, i % kMonths}, true), 0);
  }
  for (int month = 0; month < kMonths; ++month) {
    ASSERT_TRUE(versions.IsRevised(month));
  }
  EXPECT_LE(most_in_use - at_first, size_t{24} * kRecords);
}

}  // namespace
}  // namespace cairn
