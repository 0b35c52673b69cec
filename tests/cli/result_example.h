#ifndef CAIRN_TESTS_CLI_RESULT_EXAMPLE_H_
#define CAIRN_TESTS_CLI_RESULT_EXAMPLE_H_

#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <string>

#include "cairn/v1/query_service.pb.h"

namespace cairn {

inline v1::Result ResultFromText(const std::string& text) {
  v1::Result result;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &result));
  return result;
}

// Knife offences by age and sex, from three agencies of whom one is silent and
// one refuses. Every status occurs.
inline v1::Result ExampleResult() {
  return ResultFromText(R"pb(
    query_id: "q-2026-00142"
    query { data_set: "police_offences" purpose: "sna-2026" }
    dimension: "age_band"
    dimension: "sex"
    measure: "count"
    row { key: "10-17" key: "F" status: SUPPRESSED low: 0 high: 7 }
    row {
      key: "10-17"
      key: "M"
      status: PUBLISHED
      value: 340
      low: 338
      high: 342
    }
    row { key: "10-17" key: "Total" status: BOUNDED low: 338 high: 349 }
    row { key: "18-24" key: "F" status: BOUNDED low: 85 }
    row { key: "18-24" key: "M" status: UNAVAILABLE low: 1200 }
    row { key: "18-24" key: "Total" status: NOT_APPLICABLE }
    row { key: "Total" key: "F" status: PUBLISHED value: 0 low: 0 high: 2 }
    row {
      key: "Total"
      key: "M"
      status: PUBLISHED
      value: 12345
      low: 12343
      high: 12347
    }
    row {
      key: "Total"
      key: "Total"
      status: PUBLISHED
      value: 1234567
      low: 1234565
      high: 1234569
    }
    agency {
      agency: "police"
      outcome: ANSWERED
      elapsed_ms: 1234
      receipt {
        index: 41
        entry_hash: "\x00\xab\xff"
        disclosure {
          engine: "cairn-rules/1"
          policy_digest: "0a"
          catalogue_digest: "0b"
          catalogue_version: 3
          table {
            measure: "count"
            variable: "sex"
            epoch: "e7"
            cells: 12
            shown: 9
            hidden: 3
            shown_permille: 871
            full_receipt: "\x01\xfe"
          }
        }
      }
      rule {
        profile: "standard"
        method: SUPPRESS_AND_ROUND
        largest_hidden_count: 7
        rounding_base: 5
        minimum_persons: 5
        zeros: HIDDEN
      }
    }
    agency {
      agency: "nhs-ed"
      outcome: REFUSED
      reason: "sex is not held at this detail; ask without it"
      elapsed_ms: 12
    }
    agency {
      agency: "council-cs"
      outcome: SILENT
      reason: "no answer in 30 s"
      elapsed_ms: 30000
    }
    warning: "police did not know the age of 4 % of the records"
    asked_at: "2026-11-21T10:03:00Z"
    asker: "a.khan"
    where_text: "offence is Knife and age under 25"
  )pb");
}

// Counts and persons by age, each agency in its own column.
inline v1::Result SplitResult() {
  return ResultFromText(R"pb(
    query_id: "q-7"
    query { data_set: "assaults" }
    dimension: "age_core"
    measure: "count"
    split_by_agency: true
    row {
      key: "under_25"
      agency: "police"
      status: PUBLISHED
      value: 85
      low: 83
      high: 87
    }
    row { key: "under_25" agency: "nhs-ed" status: SUPPRESSED low: 0 high: 7 }
    row {
      key: "Total"
      agency: "police"
      status: PUBLISHED
      value: 120
      low: 118
      high: 122
    }
    row {
      key: "Total"
      agency: "nhs-ed"
      status: PUBLISHED
      value: 40
      low: 38
      high: 42
    }
    agency {
      agency: "police"
      outcome: ANSWERED
      elapsed_ms: 100
      rule { largest_hidden_count: 7 rounding_base: 5 zeros: HIDDEN }
    }
    agency {
      agency: "nhs-ed"
      outcome: ANSWERED
      elapsed_ms: 200
      rule { largest_hidden_count: 7 rounding_base: 5 zeros: SHOWN }
    }
  )pb");
}

}  // namespace cairn

#endif  // CAIRN_TESTS_CLI_RESULT_EXAMPLE_H_
