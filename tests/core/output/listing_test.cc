#include "core/output/listing.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "core/base/utf8.h"

namespace cairn {
namespace {

Listing Example() {
  Listing listing;
  listing.columns = {"entry", "query", "purpose"};
  listing.numbers = {"entry"};
  listing.wrapped = {"purpose"};
  listing.rows = {{"7", "q-1", "needs_assessment"}, {"", "q-20", "a, \"b\"\n"}};
  return listing;
}

TEST(Listing, TheFormatsSayTheSame) {
  EXPECT_EQ(*FormatListing(Example(), "csv"),
            "entry,query,purpose\n7,q-1,needs_assessment\n"
            ",q-20,\"a, \"\"b\"\"\n\"\n");
  EXPECT_EQ(*FormatListing(Example(), "jsonl"),
            "{\"entry\":7,\"query\":\"q-1\",\"purpose\":\"needs_assessment\"}\n"
            "{\"entry\":null,\"query\":\"q-20\",\"purpose\":"
            "\"a, \\\"b\\\"\\n\"}\n");
  EXPECT_EQ(*FormatListing(Example(), "json"),
            "[\n  {\"entry\":7,\"query\":\"q-1\","
            "\"purpose\":\"needs_assessment\"},\n  "
            "{\"entry\":null,\"query\":\"q-20\",\"purpose\":"
            "\"a, \\\"b\\\"\\n\"}\n]\n");
  EXPECT_FALSE(FormatListing(Example(), "yaml").ok());
}

TEST(Listing, ANarrowTerminalBreaksOnlyTheColumnsThatMayBeBroken) {
  Listing listing = Example();
  listing.rows.pop_back();
  EXPECT_EQ(*FormatListing(listing, "table", 80),
            "entry  query  purpose\n    7  q-1    needs_assessment\n");
  EXPECT_EQ(*FormatListing(listing, "table", 26),
            "entry  query  purpose\n    7  q-1    needs_\n              "
            "assessment\n");
  // No narrower than its words, and an id is never broken.
  for (const absl::string_view line :
       absl::StrSplit(*FormatListing(listing, "table", 5), '\n')) {
    EXPECT_LE(line.size(), 22u) << line;
  }
}

TEST(Listing, WrappingLosesNothing) {
  const std::string text = "répond à tout, even a_very_long_identifier_of_it/x";
  for (size_t width = 1; width < 60; ++width) {
    const std::vector<std::string> lines = WrapText(text, width);
    std::string all;
    for (const std::string& line : lines) {
      EXPECT_LE(CountUtf8(line), width);
      all += line;
    }
    const auto squeezed = [](const std::string& s) {
      return absl::StrJoin(absl::StrSplit(s, ' '), "");
    };
    EXPECT_EQ(squeezed(all), squeezed(text)) << width;
  }
  EXPECT_EQ(WrapText("", 5).size(), 1u);
}

}  // namespace
}  // namespace cairn
