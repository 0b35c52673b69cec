#include "core/link/signed_query.h"

#include <string>
#include <variant>

#include "cairn/v1/query.pb.h"
#include "gtest/gtest.h"
#include "tests/support/text_proto.h"

namespace cairn {
namespace {

constexpr char kQuestion[] = R"pb(
  data_set: "events"
  by: "month"
  by: "ward"
  measure: "count"
  where {
    compare {
      variable: "weapon"
      op: EQUAL
      value { text: "KNIFE" }
    }
  }
  purpose: "research"
)pb";

SignedQuestion Signed(const std::string& bytes) {
  SignedQuestion question;
  question.purpose = "research";
  question.query = bytes;
  return question;
}

std::string Bytes(const std::string& text) {
  return ParseText<v1::Query>(text).SerializeAsString();
}

// "ok", or the code of what is wrong.
std::string Open(const std::string& bytes) {
  const auto verdict = OpenQuery(Signed(bytes), bytes);
  const auto* doubt = std::get_if<Distrusted>(&verdict);
  return doubt == nullptr ? "ok" : CodeOf(doubt->why);
}

TEST(SignedQuery, TheQuestionIsReadFromTheBytesThatWereSigned) {
  const std::string bytes = Bytes(kQuestion);
  const auto verdict = OpenQuery(Signed(bytes), bytes);
  const auto* query = std::get_if<Query>(&verdict);
  ASSERT_NE(query, nullptr);
  EXPECT_EQ(query->data_set, "events");
  EXPECT_EQ(query->by, (std::vector<std::string>{"month", "ward"}));
  ASSERT_TRUE(query->where.has_value());
  EXPECT_EQ(query->where->variable, "weapon");
  EXPECT_EQ(SpellQuery(*query), bytes);
}

TEST(SignedQuery, AWiderQuestionBesideTheSignedOneIsRefused) {
  const std::string bytes = Bytes(kQuestion);
  // Without its filter, by one variable more, for another data set.
  for (const char* wider : {R"pb(data_set: "events"
                                 by: "month"
                                 by: "ward"
                                 measure: "count"
                                 purpose: "research")pb",
                            R"pb(data_set: "events"
                                 by: "month"
                                 by: "ward"
                                 by: "age_band"
                                 measure: "count"
                                 where {
                                   compare {
                                     variable: "weapon"
                                     op: EQUAL
                                     value { text: "KNIFE" }
                                   }
                                 }
                                 purpose: "research")pb",
                            ""}) {
    const auto verdict = OpenQuery(Signed(bytes), Bytes(wider));
    const auto* doubt = std::get_if<Distrusted>(&verdict);
    ASSERT_NE(doubt, nullptr) << wider;
    EXPECT_EQ(doubt->why, Distrust::kWider);
  }
}

TEST(SignedQuery, AnotherPurposeThanTheEnvelopesIsRefused) {
  v1::Query message = ParseText<v1::Query>(kQuestion);
  message.set_purpose("planning");
  EXPECT_EQ(Open(message.SerializeAsString()), "purpose");
  message.clear_purpose();
  EXPECT_EQ(Open(message.SerializeAsString()), "purpose");
}

TEST(SignedQuery, AFieldWeDoNotKnowIsNeverPassedOver) {
  // Field 15, a varint, behind the question and inside its filter.
  const std::string unknown("\x78\x01", 2);
  EXPECT_EQ(Open(Bytes(kQuestion) + unknown), "malformed");
  v1::Query message = ParseText<v1::Query>(kQuestion);
  message.mutable_where()
      ->GetReflection()
      ->MutableUnknownFields(message.mutable_where())
      ->AddVarint(15, 1);
  EXPECT_EQ(Open(message.SerializeAsString()), "malformed");
}

TEST(SignedQuery, AFieldTwiceIsNotRead) {
  const std::string once = Bytes(kQuestion);
  // Of two values protobuf takes the last, of two trees it makes one.
  EXPECT_EQ(Open(once + Bytes(R"pb(purpose: "research")pb")), "malformed");
  EXPECT_EQ(Open(Bytes(R"pb(data_set: "calls")pb") + once), "malformed");
  EXPECT_EQ(Open(once + Bytes(R"pb(where { compare { op: NOT_EQUAL } })pb")),
            "malformed");
  EXPECT_EQ(Open(once + Bytes(R"pb(by: "age_band")pb")), "malformed")
      << "a list in two parts";
}

TEST(SignedQuery, ADefaultWrittenOutAndALongNumberAreNotRead) {
  const std::string once = Bytes(kQuestion);
  EXPECT_EQ(Open(std::string("\x0a\x00", 2) + once), "malformed");
  // The length of data_set in two bytes instead of one.
  std::string longer = once;
  ASSERT_EQ(longer.substr(0, 2), "\x0a\x06");
  longer.replace(1, 1, std::string("\x86\x00", 2));
  EXPECT_EQ(Open(longer), "malformed");
  EXPECT_EQ(Open(once.substr(0, once.size() - 1)), "malformed");
  EXPECT_EQ(Open(once), "ok");
}

}  // namespace
}  // namespace cairn
