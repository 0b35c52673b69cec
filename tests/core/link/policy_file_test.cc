#include "core/link/policy_file.h"

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "core/disclosure/cell_key.h"
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

// It could be read here, but nobody it was sent to would take it.
TEST_F(PolicyFileTest, TextThatIsNotUtf8IsRefusedAlsoWhenItIsEscaped) {
  for (const char* profile : {"\\377", "\xff"}) {
    EXPECT_THAT(
        Read("profile: \"" + std::string(profile) + "\" " +
             std::string(kGood).substr(15) + "dominance { n: 2 k: 0.85 }\n"),
        StatusIs(kInvalid, AllOf(StartsWith(path_), HasSubstr("profile"),
                                 HasSubstr("not UTF-8"))));
  }
}

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

TEST_F(PolicyFileTest, EveryRuleOfAPolicyIsRefusedAtTheFieldThatBreaksIt) {
  // Six lines of a policy that fits, one of them changed.
  const std::vector<std::string> good = {"method: SUPPRESS_AND_ROUND",
                                         "largest_hidden_count: 7",
                                         "rounding_base: 5",
                                         "minimum_persons: 5",
                                         "zeros: HIDDEN",
                                         "p_percent: 0.1"};
  const struct {
    size_t line;
    const char* text;
    const char* says;
  } kBad[] = {
      {0, "method: METHOD_UNSPECIFIED", "method is missing"},
      {0, "method: CELL_KEY", "cell_key is missing"},
      {1, "largest_hidden_count: 0", "must be between 1 and 1000"},
      {1, "largest_hidden_count: 1001", "must be between 1 and 1000"},
      {1, "largest_hidden_count: 6", "use 2 or 7"},
      {1, "largest_hidden_count: 8", "use 7 or 12"},
      {2, "rounding_base: 0", "must be between 1 and 1000"},
      {2, "rounding_base: 1001", "must be between 1 and 1000"},
      {3, "minimum_persons: 0", "must be between 1 and 1000"},
      {3, "minimum_persons: 1001", "must be between 1 and 1000"},
      {4, "zeros: ZEROS_UNSPECIFIED", "zeros is missing"},
      {5, "p_percent: 1.5", "between 0 and 1"},
      {5, "p_percent: nan", "between 0 and 1"},
      {5, "dominance { n: 2 k: 1.5 }", "between 0 and 1"},
      {5, "dominance { n: 1 k: 0.5 }", "n must be 2"},
      // What no policy can say: no negative threshold, no second rule.
      {1, "largest_hidden_count: -7", ""},
      {1, "largest_hidden_count: 7.5", ""},
      {5, "minimum_persons: 1", ""},
  };
  for (const auto& bad : kBad) {
    std::string text;
    for (size_t i = 0; i < good.size(); ++i) {
      text += (i == bad.line ? std::string("  ") + bad.text : good[i]) + "\n";
    }
    EXPECT_THAT(
        Read(text),
        StatusIs(kInvalid, AllOf(StartsWith(path_ + ":" +
                                            std::to_string(bad.line + 1) + ":"),
                                 HasSubstr(bad.says))))
        << bad.text;
  }
}

TEST_F(PolicyFileTest, APolicyBelowTheFloorIsRefusedAtItsPlace) {
  const auto read = [this](const std::string& text) {
    std::ofstream(path_, std::ios::trunc) << text;
    return ReadPolicy(path_, DisclosurePolicy());
  };
  const std::string rest = "dominance { n: 2 k: 0.9 }\np_percent: 0.1\n";
  EXPECT_THAT(read(kGood + rest), IsOk());
  EXPECT_THAT(read("method: SUPPRESS_AND_ROUND\n  largest_hidden_count: 2\n"
                   "rounding_base: 5\nminimum_persons: 5\nzeros: HIDDEN\n" +
                   rest),
              StatusIs(kInvalid, AllOf(StartsWith(path_ + ":2:3: "),
                                       HasSubstr("floor is 7"))));
  EXPECT_THAT(read(std::string(kGood) + "p_percent: 0.1\ndominance {\n n: 2\n"
                                        "   k: 0.95 }\n"),
              StatusIs(kInvalid, AllOf(StartsWith(path_ + ":10:4: "),
                                       HasSubstr("dominance.k is 0.95"))));
  EXPECT_THAT(read(std::string(kGood) + "p_percent: 0.1\n"),
              StatusIs(kInvalid, AllOf(StartsWith(path_ + ":1:1: "),
                                       HasSubstr("dominance.k is off"))));
}

constexpr char kNoisy[] =
    "profile: \"own\"\nmethod: CELL_KEY\nlargest_hidden_count: 7\n"
    "rounding_base: 5\nminimum_persons: 5\nzeros: HIDDEN\n";

TEST_F(PolicyFileTest, NoiseComesBackTheSame) {
  const auto policy =
      Read(std::string(kNoisy) +
           "cell_key { variance: 1.5 max_noise: 3 smallest_shown: 2 }\n");
  ASSERT_THAT(policy, IsOk());
  ASSERT_TRUE(policy->cell_key.has_value());
  EXPECT_EQ(policy->cell_key->variance, 1.5);
  EXPECT_EQ(policy->cell_key->max_noise, 3);
  EXPECT_EQ(policy->cell_key->smallest_shown, 2);
  EXPECT_EQ(*MakePolicy(ToProto(*policy)), *policy);
}

TEST_F(PolicyFileTest, NoiseThatIsNotSaidOrCannotBeIsRefusedAtItsPlace) {
  const std::string noisy = kNoisy;
  EXPECT_THAT(Read(noisy),
              StatusIs(kInvalid, AllOf(StartsWith(path_ + ":2:1: "),
                                       HasSubstr("cell_key is missing"))));
  EXPECT_THAT(Read(noisy + "cell_key {\n  max_noise: 2\n  variance: 9 }\n"),
              StatusIs(kInvalid, AllOf(StartsWith(path_ + ":9:3: "),
                                       HasSubstr("variance is 9"))));
  EXPECT_THAT(Read(noisy + "cell_key {\n  variance: 1 }\n"),
              StatusIs(kInvalid, AllOf(StartsWith(path_ + ":7:1: "),
                                       HasSubstr("max_noise is 0"))));
  EXPECT_THAT(Read(std::string(kGood) + "cell_key { variance: 1 }\n"),
              StatusIs(kInvalid, AllOf(StartsWith(path_ + ":7:1: "),
                                       HasSubstr("only method: CELL_KEY"))));
  EXPECT_THAT(
      Read(noisy + "cell_key { variance: 1 max_noise: 2 bias: 1 }\n"),
      StatusIs(kInvalid, AllOf(StartsWith(path_ + ":7:"), HasSubstr("bias"))));
}

class NoiseTableTest : public PolicyFileTest {
 protected:
  absl::StatusOr<DisclosurePolicy> ReadTable(const std::string& table,
                                             const std::string& more = "") {
    std::ofstream(folder_ + "/noise.textproto", std::ios::trunc) << table;
    return Read(std::string(kNoisy) + "cell_key {\n  table: " +
                "\"noise.textproto\"\n" + more + "}\n");
  }
};

constexpr char kTable[] =
    "row { count: 0 step { noise: 0 probability: 1 } }\n"
    "row { count: 1 step { noise: -1 probability: 0.6666666666666667 }\n"
    "  step { noise: 2 probability: 0.3333333333333333 } }\n"
    "row { count: 2 step { noise: 1 probability: 0.6666666666666667 }\n"
    "  step { noise: -2 probability: 0.3333333333333333 } }\n"
    "row { count: 3 step { noise: -3 probability: 0.125 }\n"
    "  step { noise: 0 probability: 0.75 }\n"
    "  step { noise: 3 probability: 0.125 } }\n";

TEST_F(NoiseTableTest, ATableIsReadAndSaysWhatNoiseItIs) {
  const auto policy = ReadTable(kTable);
  ASSERT_THAT(policy, IsOk());
  EXPECT_EQ(policy->cell_key->max_noise, 3);
  EXPECT_EQ(policy->cell_key->variance, 2.25);
  EXPECT_EQ(policy->cell_key->smallest_shown, 3);
  ASSERT_NE(policy->cell_key->loaded, nullptr);
  EXPECT_EQ(policy->cell_key->loaded->NoiseOf(2, 0), -2);
  // What is sent says which table it was, not where it lies.
  const v1::DisclosurePolicy sent = ToProto(*policy);
  EXPECT_EQ(sent.cell_key().table(), "");
  EXPECT_EQ(sent.cell_key().table_digest().size(), 64u);
  EXPECT_EQ(*MakePolicy(sent), *policy);
  EXPECT_EQ(MakePolicy(sent)->cell_key->loaded, nullptr);
  const auto other = ReadTable(std::string(kTable) + "# changed\n");
  ASSERT_THAT(other, IsOk());
  EXPECT_NE(*other, *policy);
}

TEST_F(NoiseTableTest, AWrongTableIsRefusedWithItsOwnLine) {
  const std::string path = folder_ + "/noise.textproto";
  const std::string zero =
      "row { count: 0 step { noise: 0 probability: 1 } }\n";
  EXPECT_THAT(
      ReadTable(zero +
                "\n  row { count: 1 step { noise: 0 probability: 0.9 } }"),
      StatusIs(kInvalid,
               AllOf(StartsWith(path + ":3:3: "), HasSubstr("sum to 0.9"))));
  EXPECT_THAT(ReadTable(zero + "row { count: 2 }"),
              StatusIs(kInvalid, AllOf(StartsWith(path + ":2:1: "),
                                       HasSubstr("must be of count 1"))));
  EXPECT_THAT(
      ReadTable(zero + "row { cuont: 1 }"),
      StatusIs(kInvalid, AllOf(StartsWith(path + ":2:"), HasSubstr("cuont"))));
  EXPECT_THAT(ReadTable(""),
              StatusIs(kInvalid,
                       AllOf(StartsWith(path + ":1:1: "), HasSubstr("1 to"))));
  EXPECT_THAT(ReadTable(zero), StatusIs(kInvalid, HasSubstr("max_noise is 0")));
}

TEST_F(NoiseTableTest, ATableAndNumbersOrAMissingTableAreRefusedAtTheirPlace) {
  EXPECT_THAT(ReadTable(kTable, "  variance: 1\n"),
              StatusIs(kInvalid, AllOf(StartsWith(path_ + ":9:3: "),
                                       HasSubstr("leave it out"))));
  EXPECT_THAT(ReadTable(kTable, "  table_digest: \"ab\"\n"),
              StatusIs(kInvalid, AllOf(StartsWith(path_ + ":9:3: "),
                                       HasSubstr("leave it out"))));
  EXPECT_THAT(Read(std::string(kNoisy) + "cell_key { table: \"none\" }\n"),
              StatusIs(kInvalid, AllOf(StartsWith(path_ + ":7:12: "),
                                       HasSubstr("/none"))));
  v1::DisclosurePolicy sent = ToProto(*ReadTable(kTable));
  sent.mutable_cell_key()->set_table("/etc/passwd");
  EXPECT_THAT(MakePolicy(sent), StatusIs(kInvalid, HasSubstr("policy file")));
}

TEST_F(PolicyFileTest, RefusesADominanceItDoesNotHave) {
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
  for (const char* name : {"standard", "hes", "strict", "exact", "cell_key"}) {
    const auto policy =
        ReadPolicy(std::string("policies/") + name + ".textproto");
    ASSERT_THAT(policy, IsOk()) << name;
    EXPECT_EQ(policy->profile, name);
    EXPECT_EQ(*MakePolicy(ToProto(*policy)), *policy);
  }
  EXPECT_EQ(*ReadPolicy("policies/standard.textproto"), DisclosurePolicy());
  DisclosurePolicy noisy;
  noisy.profile = "cell_key";
  noisy.cell_key = CellKeyNoise{1, 2, 1, "", nullptr};
  EXPECT_EQ(*ReadPolicy("policies/cell_key.textproto"), noisy);
  EXPECT_TRUE(ReadPolicy("policies/hes.textproto")->zeros_shown);
  EXPECT_EQ(ReadPolicy("policies/hes.textproto")->minimum_persons, 3);
  EXPECT_EQ(ReadPolicy("policies/strict.textproto")->largest_hidden_count, 12);
  EXPECT_EQ(ReadPolicy("policies/exact.textproto")->rounding_base, 1);
  EXPECT_EQ(ReadPolicy("policies/exact.textproto")->largest_hidden_count, 9);
}

}  // namespace
}  // namespace cairn
