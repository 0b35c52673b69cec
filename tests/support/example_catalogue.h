#ifndef CAIRN_TESTS_SUPPORT_EXAMPLE_CATALOGUE_H_
#define CAIRN_TESTS_SUPPORT_EXAMPLE_CATALOGUE_H_

#include <memory>
#include <string>

#include "cairn/v1/catalogue.pb.h"
#include "core/link/catalogue_file.h"
#include "core/query/catalogue.h"
#include "gtest/gtest.h"
#include "tests/support/text_proto.h"

namespace cairn {

// A small partnership: `events` may be added over agencies, `calls` overlap.
inline constexpr char kExampleCatalogue[] = R"pb(
  partnership: "testshire"
  version: 1
  purpose { id: "research" label: "Research" }
  purpose { id: "planning" label: "Planning" }
  code_list {
    id: "weapon"
    code { id: "KNIFE" label: "Knife or blade" alias: "blade" }
    code { id: "GUN" label: "Gun" }
    code { id: "U" label: "Not known" }
  }
  code_list {
    id: "age_band"
    code {
      id: "0-17"
      at_least: 0
      at_most: 17
      in { level: "adult" code: "no" }
    }
    code {
      id: "18-24"
      at_least: 18
      at_most: 24
      in { level: "adult" code: "yes" }
    }
    code {
      id: "25+"
      at_least: 25
      in { level: "adult" code: "yes" }
    }
    code { id: "U" }
  }
  code_list {
    id: "adult"
    code { id: "no" }
    code { id: "yes" }
    code { id: "U" }
  }
  shared {
    id: "occurred"
    kind: TIME
    level { variable: "month" nests_in: "quarter" }
    level { variable: "quarter" }
  }
  shared {
    id: "place"
    kind: PLACE
    level { variable: "lsoa" nests_in: "ward" }
    level { variable: "ward" }
  }
  data_set {
    id: "events"
    title: "Events"
    agencies: DISJOINT
    time_precision: DAY
    period_from: "2024-01"
    period_to: "2024-04"
    uses: "occurred"
    uses: "place"
    dimension {
      id: "weapon"
      kind: CATEGORY
      level { variable: "weapon" code_list: "weapon" }
    }
    dimension {
      id: "age"
      kind: CATEGORY
      level { variable: "age_band" code_list: "age_band" nests_in: "adult" }
      level { variable: "adult" code_list: "adult" }
    }
    quantity { variable: "days" unit: "days" decimals: 1 clip_high: 45 }
    population {
      variable: "armed"
      version: 1
      where: "weapon IN ('KNIFE', 'GUN')"
    }
    has_person_key: true
  }
  data_set {
    id: "calls"
    title: "Calls"
    agencies: OVERLAP
    time_precision: MONTH
    period_from: "2024-01"
    period_to: "2024-04"
    uses: "occurred"
    dimension {
      id: "weapon"
      kind: CATEGORY
      level { variable: "weapon" code_list: "weapon" }
    }
  }
)pb";

inline v1::Catalogue ExampleCatalogueMessage() {
  return ParseText<v1::Catalogue>(kExampleCatalogue);
}

inline std::shared_ptr<const Catalogue> ExampleCatalogue() {
  auto catalogue = MakeCatalogue(ExampleCatalogueMessage());
  EXPECT_TRUE(catalogue.ok()) << catalogue.status();
  return catalogue.ok() ? *catalogue : nullptr;
}

}  // namespace cairn

#endif  // CAIRN_TESTS_SUPPORT_EXAMPLE_CATALOGUE_H_
