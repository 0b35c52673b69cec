#include "coordinator/slots.h"

#include <thread>
#include <vector>

#include "gtest/gtest.h"

namespace cairn {
namespace {

using Full = Slots::Full;

TEST(Slots, OneNameGetsItsShareAndNotOneMore) {
  Slots slots(10, 3);
  std::vector<Slots::Slot> held;
  for (int i = 0; i < 3; ++i) {
    held.push_back(slots.Take("ana"));
    EXPECT_NE(held.back(), nullptr) << i;
  }
  Full full;
  EXPECT_EQ(slots.Take("ana", &full), nullptr);
  EXPECT_EQ(full, Full::kOfOne);
  EXPECT_NE(slots.Take("ben", &full), nullptr);
  EXPECT_EQ(full, Full::kNo);
}

TEST(Slots, AllNamesTogetherGetWhatThereIsAndNotOneMore) {
  Slots slots(4, 3);
  std::vector<Slots::Slot> held;
  for (const char* name : {"a", "b", "c", "d"}) {
    held.push_back(slots.Take(name));
  }
  EXPECT_EQ(slots.taken(), 4u);
  Full full;
  EXPECT_EQ(slots.Take("e", &full), nullptr);
  EXPECT_EQ(full, Full::kInAll);
}

TEST(Slots, APlaceThatIsGivenBackIsTakenAgain) {
  Slots slots(1, 1);
  Slots::Slot held = slots.Take("ana");
  EXPECT_EQ(slots.Take("ana"), nullptr);
  held.reset();
  EXPECT_EQ(slots.taken(), 0u);
  EXPECT_NE(slots.Take("ana"), nullptr);
}

TEST(Slots, APlaceMayOutliveTheSlots) {
  Slots::Slot held;
  {
    Slots slots(1, 1);
    held = slots.Take("ana");
  }
  EXPECT_NE(held, nullptr);
  held.reset();
}

TEST(Slots, NoPlaceIsLostAmongThreads) {
  Slots slots(5, 5);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&slots] {
      for (int i = 0; i < 2000; ++i) {
        const auto one = slots.Take("ana"), two = slots.Take("ana");
        if (slots.taken() > 5) ADD_FAILURE() << slots.taken();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(slots.taken(), 0u);
}

}  // namespace
}  // namespace cairn
