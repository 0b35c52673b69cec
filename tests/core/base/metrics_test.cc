#include "core/base/metrics.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace cairn {
namespace {

using Kind = MetricFamily::Kind;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

// The text as the Prometheus exposition format 0.0.4 has it, written by hand.
TEST(Metrics, AreInTheTextFormOfPrometheus) {
  Metrics metrics({{"asked_total", "Asked.", Kind::kCounter, "outcome"},
                   {"open", "Open now.", Kind::kGauge},
                   {"took", "How long.", Kind::kSeconds}});
  metrics.Add("asked_total", "complete");
  metrics.Add("asked_total", "a\"b\\c\nd", 41);
  metrics.Set("open", 3.5);
  metrics.Observe("took", 0.005);  // a bucket holds what is at most its top
  metrics.Observe("took", 0.3);
  metrics.Observe("took", 100);
  EXPECT_THAT(metrics.Text(), StartsWith(
                                  R"(# HELP asked_total Asked.
# TYPE asked_total counter
asked_total{outcome="a\"b\\c\nd"} 41
asked_total{outcome="complete"} 1
# HELP open Open now.
# TYPE open gauge
open 3.5
# HELP took How long.
# TYPE took histogram
took_bucket{le="0.005"} 1
took_bucket{le="0.01"} 1
took_bucket{le="0.025"} 1
took_bucket{le="0.05"} 1
took_bucket{le="0.1"} 1
took_bucket{le="0.25"} 1
took_bucket{le="0.5"} 2
took_bucket{le="1"} 2
took_bucket{le="2.5"} 2
took_bucket{le="5"} 2
took_bucket{le="10"} 2
took_bucket{le="60"} 2
took_bucket{le="+Inf"} 3
took_sum 100.30500000000001
took_count 3
)"));
}

TEST(Metrics, WhatWasNeverSetIsZeroNotMissing) {
  Metrics metrics({{"open", "Open now.", Kind::kGauge}});
  EXPECT_THAT(metrics.Text(), HasSubstr("\nopen 0\n"));
}

TEST(Metrics, SayHowMuchMemoryAndHowManyFilesThereAre) {
  const std::string text = Metrics({}).Text();
  EXPECT_THAT(text, HasSubstr("\nprocess_resident_memory_bytes "));
  EXPECT_THAT(text, Not(HasSubstr("process_resident_memory_bytes 0\n")));
  EXPECT_THAT(text, HasSubstr("\nprocess_open_fds "));
  EXPECT_THAT(text, Not(HasSubstr("process_open_fds 0\n")));
}

}  // namespace
}  // namespace cairn
