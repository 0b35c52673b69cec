#include "coordinator/agent_registry.h"

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "gtest/gtest.h"

namespace cairn {
namespace {

// The registry holds sessions and never looks into one: a stand-in is told
// apart by its address.
struct Line {
  std::atomic<bool> gone{false};
  std::shared_ptr<AgentSession> session() {
    return {std::shared_ptr<Line>(this, [](Line*) {}),
            reinterpret_cast<AgentSession*>(this)};
  }
};

class AgentRegistryTest : public ::testing::Test {
 protected:
  bool Attach(Line* line, std::shared_ptr<AgentSession>* replaced) {
    return registry_.Attach(
        "police", line->session(), absl::UnixEpoch(),
        [line] { return line->gone.load(); }, replaced);
  }
  // In the order in which a session ends.
  bool End(Line* line) {
    line->gone = true;
    return registry_.Detach("police", line->session().get(), absl::UnixEpoch());
  }

  AgentRegistry registry_;
  std::shared_ptr<AgentSession> replaced_;
};

TEST_F(AgentRegistryTest, ANewerSessionTakesThePlaceAndTheOlderIsHandedOut) {
  Line first, second;
  EXPECT_TRUE(Attach(&first, &replaced_));
  EXPECT_EQ(replaced_, nullptr);
  EXPECT_TRUE(Attach(&second, &replaced_));
  EXPECT_EQ(replaced_, first.session());
  EXPECT_FALSE(End(&first));
  EXPECT_EQ(registry_.Find("police").session, second.session());
  EXPECT_TRUE(End(&second));
  EXPECT_EQ(registry_.Find("police").session, nullptr);
}

TEST_F(AgentRegistryTest, ASessionThatEndedBeforeItsHelloWasReadIsNotAttached) {
  Line living, dead;
  EXPECT_FALSE(End(&dead));
  EXPECT_FALSE(Attach(&dead, &replaced_));
  EXPECT_EQ(registry_.Find("police").session, nullptr);
  EXPECT_TRUE(Attach(&living, &replaced_));
  EXPECT_FALSE(Attach(&dead, &replaced_));
  EXPECT_EQ(replaced_, nullptr);
  EXPECT_EQ(registry_.Find("police").session, living.session());
}

TEST_F(AgentRegistryTest, WhicheverComesFirstNoSessionThatEndedStays) {
  int attached = 0;
  for (int round = 0; round < 2'000; ++round) {
    Line line;
    std::atomic<bool> start{false};
    bool was_attached = false;
    std::thread hello([&] {
      while (!start) {
      }
      std::shared_ptr<AgentSession> replaced;
      was_attached = Attach(&line, &replaced);
    });
    std::thread end([&] {
      while (!start) {
      }
      End(&line);
    });
    start = true;
    hello.join();
    end.join();
    ASSERT_EQ(registry_.Find("police").session, nullptr) << round;
    attached += was_attached ? 1 : 0;
  }
  RecordProperty("attached_first", attached);
}

}  // namespace
}  // namespace cairn
