#include "core/link/policy_file.h"

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace cairn {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;
constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

class PolicyFileTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string folder = ::testing::TempDir() + "/policy_XXXXXX";
    ASSERT_NE(mkdtemp(folder.data()), nullptr);
    folder_ = folder;
    path_ = folder_ + "/policy.textproto";
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  absl::StatusOr<DisclosurePolicy> Read(const std::string& text) {
    std::ofstream(path_, std::ios::trunc) << text;
    return ReadPolicy(path_);
  }

  std::string folder_, path_;
};

constexpr char kGood[] =
    "profile: \"own\"\nmethod: SUPPRESS_AND_ROUND\nlargest_hidden_count: 7\n"
    "rounding_base: 5\nminimum_persons: 5\nzeros: HIDDEN\n";

TEST_F(PolicyFileTest, ComesBackTheSame) {
  const auto policy =
      Read(std::string(kGood) + "dominance { n: 2 k: 0.85 }\np_percent: 0.2\n");
  ASSERT_THAT(policy, IsOk());
  EXPECT_EQ(policy->profile, "own");
  EXPECT_EQ(policy->dominance_k, 0.85);
  EXPECT_EQ(policy->p_percent, 0.2);
  EXPECT_FALSE(policy->zeros_shown);
  EXPECT_EQ(*MakePolicy(ToProto(*policy)), *policy);
}

TEST_F(PolicyFileTest, WithoutDominanceTheRuleIsOff) {
  const auto policy = Read(kGood);
  ASSERT_THAT(policy, IsOk());
  EXPECT_EQ(policy->dominance_k, 0);
  EXPECT_EQ(*MakePolicy(ToProto(*policy)), *policy);
}

TEST_F(PolicyFileTest, AMisfitIsRefusedWithFileLineAndColumn) {
  EXPECT_THAT(Read("method: SUPPRESS_AND_ROUND\n  largest_hidden_count: 5\n"
                   "rounding_base: 5\nminimum_persons: 5\nzeros: HIDDEN\n"),
              StatusIs(kInvalid, AllOf(StartsWith(path_ + ":2:3: "),
                                       HasSubstr("use 2 or 7"))));
  EXPECT_THAT(Read("method: SUPPRESS_AND_ROUND\nlargest_hidden_count: 7\n"
                   "rounding_base: 5\nminimum_persons: 0\nzeros: HIDDEN\n"),
              StatusIs(kInvalid, StartsWith(path_ + ":4:1: ")));
}

TEST_F(PolicyFileTest, AnUnknownKeyIsRefusedWithFileLineAndColumn) {
  EXPECT_THAT(Read(std::string(kGood) + "treshold: 7\n"),
              StatusIs(kInvalid, AllOf(StartsWith(path_ + ":7:"),
                                       HasSubstr("treshold"))));
}

TEST_F(PolicyFileTest, NothingThatMattersIsLeftToADefault) {
  EXPECT_THAT(Read("zeros: HIDDEN\n"),
              StatusIs(kInvalid, HasSubstr("method is missing")));
  EXPECT_THAT(Read("method: SUPPRESS_AND_ROUND\n"),
              StatusIs(kInvalid, HasSubstr("zeros is missing")));
  EXPECT_THAT(Read("method: SUPPRESS_AND_ROUND\nzeros: HIDDEN\n"),
              StatusIs(kInvalid, HasSubstr("largest_hidden_count is 0")));
  EXPECT_THAT(Read(""), StatusIs(kInvalid, StartsWith(path_)));
}

TEST_F(PolicyFileTest, RefusesAMethodOrADominanceItDoesNotHave) {
  EXPECT_THAT(Read("method: CELL_KEY\nzeros: HIDDEN\n"),
              StatusIs(kInvalid, HasSubstr("not in this version")));
  EXPECT_THAT(Read(std::string(kGood) + "dominance { n: 3 k: 0.9 }\n"),
              StatusIs(kInvalid, HasSubstr("n must be 2")));
  for (const char* share : {"nan", "inf", "-0.1", "1.5"}) {
    EXPECT_THAT(
        Read(std::string(kGood) + "dominance { n: 2 k: " + share + " }\n"),
        StatusIs(kInvalid))
        << share;
    EXPECT_THAT(Read(std::string(kGood) + "p_percent: " + share + "\n"),
                StatusIs(kInvalid))
        << share;
  }
}

TEST_F(PolicyFileTest, AMissingFileIsNamed) {
  EXPECT_THAT(
      ReadPolicy(folder_ + "/none.textproto"),
      StatusIs(absl::StatusCode::kNotFound, HasSubstr("none.textproto")));
}

TEST(ShippedPolicies, AreReadAndAreWhatTheirNamesPromise) {
  for (const char* name : {"standard", "hes", "strict", "exact"}) {
    const auto policy =
        ReadPolicy(std::string("policies/") + name + ".textproto");
    ASSERT_THAT(policy, IsOk()) << name;
    EXPECT_EQ(policy->profile, name);
    EXPECT_EQ(*MakePolicy(ToProto(*policy)), *policy);
  }
  EXPECT_EQ(*ReadPolicy("policies/standard.textproto"), DisclosurePolicy());
  EXPECT_TRUE(ReadPolicy("policies/hes.textproto")->zeros_shown);
  EXPECT_EQ(ReadPolicy("policies/hes.textproto")->minimum_persons, 3);
  EXPECT_EQ(ReadPolicy("policies/strict.textproto")->largest_hidden_count, 12);
  EXPECT_EQ(ReadPolicy("policies/exact.textproto")->rounding_base, 1);
  EXPECT_EQ(ReadPolicy("policies/exact.textproto")->largest_hidden_count, 9);
}

}  // namespace
}  // namespace cairn
