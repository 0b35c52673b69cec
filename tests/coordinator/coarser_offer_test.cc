#include "coordinator/coarser_offer.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/example_catalogue.h"
#include "tests/support/status_matchers.h"

namespace cairn {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

class CoarserOfferTest : public ::testing::Test {
 protected:
  void Ask(const std::vector<std::string>& by) {
    Query query;
    query.data_set = "events";
    query.by = by;
    auto plan = MakePlan(**catalogue_->Find("events"), query);
    ASSERT_THAT(plan, IsOk());
    plan_ = *std::move(plan);
    result_.Clear();
  }
  // `n` rows of this status, each of a code of its own of the first variable.
  void Rows(int n, v1::CellStatus status, double value = 0) {
    for (int i = 0; i < n; ++i) {
      v1::ResultRow* row = result_.add_row();
      row->add_key("code " + std::to_string(result_.row_size()));
      for (size_t k = 1; k < plan_.query.by.size(); ++k) row->add_key("same");
      row->set_status(status);
      if (status == v1::PUBLISHED) row->set_value(value);
    }
  }
  std::string Offer() { return OfferCoarser(plan_, result_); }

  const std::shared_ptr<const Catalogue> catalogue_ = ExampleCatalogue();
  Plan plan_;
  v1::Result result_;
};

TEST_F(CoarserOfferTest, SevenInTenAreEnough) {
  Ask({"month"});
  Rows(7, v1::PUBLISHED, 20);
  Rows(3, v1::SUPPRESSED);
  EXPECT_THAT(Offer(), IsEmpty());
  Rows(1, v1::BOUNDED);
  EXPECT_THAT(Offer(), HasSubstr("ask by quarter instead of month"));
}

TEST_F(CoarserOfferTest, ZerosAndWhatNobodyCouldGiveDoNotCount) {
  Ask({"month"});
  Rows(6, v1::PUBLISHED, 20);
  Rows(100, v1::PUBLISHED, 0);
  Rows(3, v1::SUPPRESSED);
  EXPECT_THAT(Offer(), HasSubstr("quarter"));
  Ask({"month"});
  Rows(7, v1::PUBLISHED, 20);
  Rows(3, v1::SUPPRESSED);
  Rows(100, v1::UNAVAILABLE);
  Rows(100, v1::NOT_APPLICABLE);
  EXPECT_THAT(Offer(), IsEmpty());
}

TEST_F(CoarserOfferTest, TheLevelThatIsNextIsNamedAndOnlyWhereThereIsOne) {
  Ask({"weapon", "month"});
  Rows(9, v1::SUPPRESSED);
  EXPECT_THAT(Offer(), HasSubstr("ask by quarter instead of month"));
  Ask({"weapon"});
  Rows(9, v1::SUPPRESSED);
  EXPECT_THAT(Offer(), HasSubstr("leave out weapon"));
  Ask({});
  EXPECT_THAT(Offer(), IsEmpty());
}

}  // namespace
}  // namespace cairn
