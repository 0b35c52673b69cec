#include "core/base/work_queue.h"

#include <atomic>
#include <future>
#include <memory>
#include <thread>
#include <vector>

#include "gtest/gtest.h"

namespace cairn {
namespace {

TEST(WorkQueue, RunsEverythingItTook) {
  std::atomic<int> ran{0};
  {
    WorkQueue queue(3, 1000);
    for (int i = 0; i < 500; ++i) EXPECT_TRUE(queue.Push([&ran] { ++ran; }));
  }
  EXPECT_EQ(ran, 500);
}

TEST(WorkQueue, OneThreadKeepsTheOrder) {
  std::vector<int> order;
  {
    WorkQueue queue(1, 100);
    for (int i = 0; i < 100; ++i) {
      ASSERT_TRUE(queue.Push([&order, i] { order.push_back(i); }));
    }
  }
  for (int i = 0; i < 100; ++i) EXPECT_EQ(order[static_cast<size_t>(i)], i);
}

TEST(WorkQueue, SaysNoWhenItIsFullAndYesWhenItHasRoomAgain) {
  WorkQueue queue(1, 2);
  std::promise<void> started, release, emptied;
  std::shared_future<void> go = release.get_future().share();
  ASSERT_TRUE(queue.Push([&started, go] {
    started.set_value();
    go.wait();
  }));
  started.get_future().wait();  // at work, so no longer waiting
  EXPECT_TRUE(queue.Push([] {}));
  EXPECT_TRUE(queue.Push([&emptied] { emptied.set_value(); }));
  EXPECT_FALSE(queue.Push([] {}));
  release.set_value();
  emptied.get_future().wait();
  EXPECT_TRUE(queue.Push([] {}));
}

TEST(WorkQueue, WhatEndsOtherWorkComesFirstHoweverMuchWaits) {
  std::vector<int> order;
  WorkQueue queue(1, 2);
  std::promise<void> started, release;
  std::shared_future<void> go = release.get_future().share();
  ASSERT_TRUE(queue.Push([&started, go] {
    started.set_value();
    go.wait();
  }));
  started.get_future().wait();
  EXPECT_TRUE(queue.Push([&order] { order.push_back(1); }));
  EXPECT_TRUE(queue.Push([&order] { order.push_back(2); }));
  EXPECT_FALSE(queue.Push([] {}));
  EXPECT_TRUE(queue.PushFirst([&order] { order.push_back(0); }));
  release.set_value();
  queue.Join();
  EXPECT_EQ(order, (std::vector<int>{0, 1, 2}));
  EXPECT_FALSE(queue.PushFirst([] {}));
}

TEST(WorkQueue, AfterCloseTakesNothingButFinishesWhatItTook) {
  std::atomic<int> ran{0};
  auto queue = std::make_unique<WorkQueue>(1, 10);
  std::promise<void> release;
  std::shared_future<void> go = release.get_future().share();
  ASSERT_TRUE(queue->Push([go] { go.wait(); }));
  ASSERT_TRUE(queue->Push([&ran] { ++ran; }));
  queue->Close();
  EXPECT_FALSE(queue->Push([&ran] { ran += 100; }));
  release.set_value();
  queue.reset();
  EXPECT_EQ(ran, 1);
}

TEST(WorkQueue, ManyThreadsMayPushAndCloseAtOnce) {
  std::atomic<int> ran{0}, taken{0};
  {
    WorkQueue queue(2, 50);
    std::vector<std::thread> pushers;
    for (int t = 0; t < 4; ++t) {
      pushers.emplace_back([&] {
        for (int i = 0; i < 500; ++i) {
          if (queue.Push([&ran] { ++ran; })) ++taken;
        }
      });
    }
    pushers.emplace_back([&queue] { queue.Close(); });
    for (std::thread& pusher : pushers) pusher.join();
  }
  EXPECT_EQ(ran, taken);
}

}  // namespace
}  // namespace cairn
