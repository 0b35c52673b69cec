#include "core/link/catalogue_file.h"

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "cairn/v1/config.pb.h"
#include "core/link/policy_file.h"
#include "core/link/text_config.h"
#include "gtest/gtest.h"
#include "tests/support/example_catalogue.h"
#include "tests/support/status_matchers.h"

namespace cairn {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;
constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

std::vector<std::string> TextProtos(const std::string& folder) {
  std::vector<std::string> paths;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".textproto") {
      paths.push_back(entry.path().string());
    }
  }
  return paths;
}

TEST(MakeCatalogue, TakesOverWhatTheMessageSays) {
  const auto catalogue = ExampleCatalogue();
  ASSERT_NE(catalogue, nullptr);
  EXPECT_EQ(catalogue->partnership, "testshire");
  EXPECT_EQ(catalogue->digest.size(), 64u);
  const DataSet& events = **catalogue->Find("events");
  EXPECT_EQ(events.months.size(), 4u);
  EXPECT_EQ(events.agencies, Combination::kDisjoint);
  EXPECT_EQ((*catalogue->Find("calls"))->agencies, Combination::kOverlap);
  // In 10^-1 days.
  EXPECT_EQ(events.FindQuantity("days")->clip_high, 450);
  // The population comes last and is yes or no.
  EXPECT_EQ(events.dimensions.back().id, "armed");
  EXPECT_TRUE(events.dimensions.back().population.has_value());
  const Dimension& age = events.dimensions[static_cast<size_t>(
      events.FindVariable("age_band")->dimension)];
  EXPECT_EQ(age.up[1], (std::vector<int>{0, 1, 1, 2}));
  EXPECT_EQ(*age.levels[0].codes[0].at_most, 17);
  EXPECT_FALSE(age.levels[0].codes[2].at_most.has_value());
}

TEST(MakeCatalogue, AnyChangeIsAnotherDigest) {
  v1::Catalogue changed = ExampleCatalogueMessage();
  changed.mutable_code_list(0)->mutable_code(0)->set_label("Knife");
  EXPECT_NE((*MakeCatalogue(changed))->digest, ExampleCatalogue()->digest);
  EXPECT_EQ((*MakeCatalogue(ExampleCatalogueMessage()))->digest,
            ExampleCatalogue()->digest);
}

struct Broken {
  const char* says;
  std::function<void(v1::Catalogue*)> change;
};
using C = v1::Catalogue;

void ExpectRefused(const std::vector<Broken>& cases) {
  for (const Broken& broken : cases) {
    v1::Catalogue message = ExampleCatalogueMessage();
    broken.change(&message);
    EXPECT_THAT(MakeCatalogue(message),
                StatusIs(kInvalid, HasSubstr(broken.says)))
        << broken.says;
  }
}

TEST(MakeCatalogue, RefusesNamesThatCannotBeNames) {
  ExpectRefused(
      {{"partnership ''", [](C* c) { c->clear_partnership(); }},
       {"partnership 'Test'", [](C* c) { c->set_partnership("Test"); }},
       {"data set '../x'",
        [](C* c) { c->mutable_data_set(0)->set_id("../x"); }},
       {"purpose 'a b'", [](C* c) { c->mutable_purpose(0)->set_id("a b"); }},
       {"variable ''",
        [](C* c) {
          c->mutable_data_set(0)
              ->mutable_dimension(0)
              ->mutable_level(0)
              ->clear_variable();
        }},
       {"reserved word", [](C* c) {
          c->mutable_data_set(0)->mutable_population(0)->set_variable("agency");
        }}});
}

TEST(MakeCatalogue, RefusesWhatIsThereTwiceOrNotAtAll) {
  ExpectRefused(
      {{"data set events is there twice",
        [](C* c) { c->mutable_data_set(1)->set_id("events"); }},
       {"variable weapon is there twice",
        [](C* c) {
          *c->mutable_data_set(0)->add_dimension() =
              c->data_set(0).dimension(0);
        }},
       {"code 'GUN'",
        [](C* c) { c->mutable_code_list(0)->mutable_code(0)->set_id("GUN"); }},
       {"code 'Total'",
        [](C* c) {
          c->mutable_code_list(0)->mutable_code(0)->set_id("Total");
        }},
       {"code ''",
        [](C* c) { c->mutable_code_list(0)->mutable_code(0)->clear_id(); }},
       {"weapon", [](C* c) { *c->add_code_list() = c->code_list(0); }},
       {"occurred", [](C* c) { *c->add_shared() = c->shared(0); }},
       {"there is no code list 'colour'",
        [](C* c) {
          c->mutable_data_set(0)
              ->mutable_dimension(0)
              ->mutable_level(0)
              ->set_code_list("colour");
        }},
       {"'when', which is not shared",
        [](C* c) { c->mutable_data_set(0)->set_uses(0, "when"); }},
       {"has no U",
        [](C* c) { c->mutable_code_list(0)->mutable_code()->RemoveLast(); }},
       {"needs a data set", [](C* c) { c->clear_data_set(); }},
       {"a purpose", [](C* c) { c->clear_purpose(); }},
       {"needs agencies",
        [](C* c) { c->mutable_data_set(0)->clear_agencies(); }},
       {"time_precision",
        [](C* c) { c->mutable_data_set(0)->clear_time_precision(); }},
       {"has no kind", [](C* c) {
          c->mutable_data_set(0)->mutable_dimension(0)->clear_kind();
        }}});
}

TEST(MakeCatalogue, RefusesWhatDoesNotAddUp) {
  ExpectRefused(
      {{"is not a month",
        [](C* c) { c->mutable_data_set(0)->set_period_from("2024"); }},
       {"not in adult: maybe",
        [](C* c) {
          c->mutable_code_list(1)->mutable_code(0)->mutable_in(0)->set_code(
              "maybe");
        }},
       {"multi-valued",
        [](C* c) {
          c->mutable_data_set(0)->mutable_dimension(1)->set_multi_valued(true);
        }},
       {"quantity days",
        [](C* c) {
          c->mutable_data_set(0)->mutable_quantity(0)->set_clip_low(50);
        }},
       {"quantity days",
        [](C* c) {
          c->mutable_data_set(0)->mutable_quantity(0)->set_decimals(9);
        }},
       {"quantity days",
        [](C* c) {
          c->mutable_data_set(0)->mutable_quantity(0)->set_clip_high(int64_t{1}
                                                                     << 62);
        }},
       {"population armed",
        [](C* c) {
          c->mutable_data_set(0)->mutable_population(0)->set_where(
              "colour = 'RED'");
        }},
       {"month, which is not a category", [](C* c) {
          c->mutable_data_set(0)->mutable_population(0)->set_where(
              "month = '2024-01'");
        }}});
}

v1::Catalogue WithStructuralZero(const std::string& parts) {
  v1::Catalogue message = ExampleCatalogueMessage();
  *message.mutable_data_set(0)->add_structural_zero() =
      ParseText<v1::StructuralZero>(parts);
  return message;
}

TEST(StructuralZeroEntries, MeanTheFinestCodesOfTheirLevels) {
  const auto catalogue = MakeCatalogue(WithStructuralZero(R"pb(
    part { variable: "adult" code: "yes" }
    part { variable: "weapon" code: "GUN" code: "KNIFE" }
    reason: "by law"
  )pb"));
  ASSERT_THAT(catalogue, IsOk());
  EXPECT_NE((*catalogue)->digest, ExampleCatalogue()->digest);
  const DataSet& events = **(*catalogue)->Find("events");
  ASSERT_EQ(events.structural_zeros.size(), 1u);
  const StructuralZero& zero = events.structural_zeros[0];
  EXPECT_EQ(zero.reason, "by law");
  ASSERT_EQ(zero.parts.size(), 2u);
  EXPECT_EQ(zero.parts[0].dimension,
            events.FindVariable("age_band")->dimension);
  EXPECT_EQ(zero.parts[0].leaves,
            (std::vector<bool>{false, true, true, false}));
  EXPECT_EQ(zero.parts[1].leaves, (std::vector<bool>{true, true, false}));
}

TEST(StructuralZeroEntries, ThatCannotBeAreRefusedByNumber) {
  const std::string gun = "part { variable: 'weapon' code: 'GUN' }";
  const struct {
    const char* says;
    std::string parts;
  } kCases[] = {
      {"no variable 'colour'", gun + "part { variable: 'colour' code: 'RED' }"},
      {"did you mean weapon?", "part { variable: 'weapons' code: 'GUN' }"},
      {"age_band has no code '0-18'; did you mean 0-17?",
       gun + "part { variable: 'age_band' code: '0-18' }"},
      {"has no code 'Gun'", "part { variable: 'weapon' code: 'Gun' }"},
      {"takes in U, not known",
       gun + "part { variable: 'age_band' code: 'U' }"},
      {"takes in U, not known", gun + "part { variable: 'adult' code: 'U' }"},
      {"month is not a category",
       gun + "part { variable: 'month' code: '2024-01' }"},
      {"ward is not a category", gun + "part { variable: 'ward' code: 'W1' }"},
      {"armed is a population", gun + "part { variable: 'armed' code: '0' }"},
      {"is given no code", gun + "part { variable: 'age_band' }"},
      {"age_band is there twice, or a level of it",
       "part { variable: 'adult' code: 'yes' } "
       "part { variable: 'age_band' code: '25+' }"},
      {"needs 2 to 4 parts", gun},
      {"needs 2 to 4 parts", ""},
      {"more than 200 bytes",
       gun + "part { variable: 'age_band' code: '0-17' } reason: '" +
           std::string(201, 'x') + "'"},
  };
  for (const auto& wrong : kCases) {
    EXPECT_THAT(
        MakeCatalogue(WithStructuralZero(wrong.parts)),
        StatusIs(kInvalid,
                 AllOf(HasSubstr("data set events: structural_zero 1: "),
                       HasSubstr(wrong.says))));
  }
  v1::Catalogue several = ExampleCatalogueMessage();
  several.mutable_data_set(0)->mutable_dimension(0)->set_multi_valued(true);
  *several.mutable_data_set(0)->add_structural_zero() =
      ParseText<v1::StructuralZero>(
          gun + "part { variable: 'age_band' code: '0-17' }");
  EXPECT_THAT(MakeCatalogue(several),
              StatusIs(kInvalid, HasSubstr("weapon may have several codes")));
  v1::Catalogue many = ExampleCatalogueMessage();
  for (int i = 0; i < 65; ++i) {
    *many.mutable_data_set(0)->add_structural_zero() =
        ParseText<v1::StructuralZero>(
            gun + "part { variable: 'age_band' code: '0-17' }");
    EXPECT_EQ(MakeCatalogue(many).ok(), i < 64) << i;
  }
  EXPECT_THAT(MakeCatalogue(many),
              StatusIs(kInvalid, HasSubstr("has 65 structural zeros")));
}

TEST(ReadCatalogue, NamesTheFileAndTheLine) {
  const std::string path = ::testing::TempDir() + "/broken.textproto";
  ASSERT_THAT(WriteFile(path, "partnership: \"a\"\nverzion: 1\n"), IsOk());
  EXPECT_THAT(ReadCatalogue(path),
              StatusIs(kInvalid,
                       AllOf(StartsWith(path + ":2:"), HasSubstr("verzion"))));
  ASSERT_THAT(WriteFile(path, "partnership: \"A\"\n"), IsOk());
  EXPECT_THAT(ReadCatalogue(path), StatusIs(kInvalid, StartsWith(path)));
  std::filesystem::remove(path);
  EXPECT_THAT(ReadCatalogue(path),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr(path)));
}

TEST(ShippedCatalogues, AreReadWhole) {
  int catalogues = 0;
  for (const std::string& path : TextProtos("policies")) {
    if (path.find("catalogue") == std::string::npos) continue;
    ++catalogues;
    EXPECT_THAT(ReadCatalogue(path), IsOk()) << path;
  }
  EXPECT_GE(catalogues, 2);
}

// What a mapping names that a data set does not have.
std::vector<std::string> UnknownNames(const v1::Mapping& mapping,
                                      const DataSet& data_set) {
  std::vector<std::string> unknown;
  const auto check = [&](const std::string& variable, const std::string& code) {
    const auto at = data_set.FindVariable(variable);
    if (!at.ok()) {
      unknown.push_back(variable);
      return;
    }
    const Dimension& dimension =
        data_set.dimensions[static_cast<size_t>(at->dimension)];
    if (code.empty() || dimension.kind == DimensionKind::kPlace) return;
    if (dimension.levels[static_cast<size_t>(at->level)].Find(code) < 0) {
      unknown.push_back(variable + " " + code);
    }
  };
  for (const v1::Mapping::Column& column : mapping.column()) {
    if (!column.quantity().empty() &&
        data_set.FindQuantity(column.quantity()) == nullptr) {
      unknown.push_back(column.quantity());
    }
    const std::string variable = column.birth_date_of().empty()
                                     ? column.variable()
                                     : column.birth_date_of();
    if (variable.empty()) continue;
    check(variable, column.unmapped());
    check(variable, column.empty());
    for (const v1::Mapping::Value& value : column.value()) {
      check(variable, value.to());
    }
  }
  for (const v1::Mapping::Constant& constant : mapping.constant()) {
    check(constant.variable(), constant.code());
  }
  return unknown;
}

TEST(NamedPlaces, BecomeVariablesThatTheirAreasNestIn) {
  v1::Catalogue message = ExampleCatalogueMessage();
  v1::Place* centre = message.add_place();
  centre->set_id("city_centre");
  centre->set_version(1);
  v1::Place::Area* area = centre->add_area();
  area->set_variable("ward");
  area->set_code("W1");
  const auto catalogue = MakeCatalogue(message);
  ASSERT_THAT(catalogue, IsOk());
  const DataSet& events = **(*catalogue)->Find("events");
  const auto found = events.FindVariable("city_centre");
  ASSERT_THAT(found, IsOk());
  const Dimension& place = events.dimensions[found->dimension];
  for (const char* finer : {"lsoa", "ward"}) {
    EXPECT_TRUE(place.Nests(place.FindLevel(finer), found->level)) << finer;
  }
  // A data set without places has none.
  EXPECT_FALSE(
      (*(*catalogue)->Find("calls"))->FindVariable("city_centre").ok());
  // Its areas are a part of what all have to agree on.
  area->set_code("W2");
  EXPECT_NE((*MakeCatalogue(message))->digest, (*catalogue)->digest);
}

TEST(NamedPlaces, ThatCannotBeAreRefusedByName) {
  const auto why = [](auto change) {
    v1::Catalogue message = ExampleCatalogueMessage();
    v1::Place* place = message.add_place();
    place->set_id("centre");
    place->set_version(1);
    place->add_area()->set_variable("ward");
    place->mutable_area(0)->set_code("W1");
    change(&message, place);
    const auto made = MakeCatalogue(message);
    return std::string(made.status().message());
  };
  using M = v1::Catalogue*;
  using P = v1::Place*;
  using ::testing::HasSubstr;
  EXPECT_EQ(why([](M, P) {}), "");
  EXPECT_THAT(why([](M, P p) { p->set_id("City Centre"); }),
              HasSubstr("'City Centre' must be"));
  EXPECT_THAT(why([](M, P p) { p->set_id("ward"); }), HasSubstr("twice"));
  EXPECT_THAT(why([](M m, P p) { *m->add_place() = *p; }), HasSubstr("twice"));
  EXPECT_THAT(why([](M, P p) { p->clear_version(); }), HasSubstr("version"));
  EXPECT_THAT(why([](M, P p) { p->clear_area(); }), HasSubstr("needs 1 to"));
  EXPECT_THAT(why([](M, P p) { p->mutable_area(0)->set_variable("weapon"); }),
              HasSubstr("'weapon', which is no level of a place"));
  for (const char* code : {"", "U", "OUT", "Total"}) {
    EXPECT_THAT(why([&](M, P p) { p->mutable_area(0)->set_code(code); }),
                HasSubstr("reserved"));
  }
  EXPECT_THAT(why([](M, P p) { *p->add_area() = p->area(0); }),
              HasSubstr("names ward W1 twice"));
}

TEST(Floor, IsAPolicyThatFitsAndAFloorThatDoesNotIsNoCatalogue) {
  v1::Catalogue message = ExampleCatalogueMessage();
  EXPECT_EQ(*FloorOf(message), std::nullopt);
  DisclosurePolicy floor;
  floor.zeros_shown = true;
  *message.mutable_floor() = ToProto(floor);
  ASSERT_THAT(MakeCatalogue(message), IsOk());
  EXPECT_EQ(*FloorOf(message), floor);
  message.mutable_floor()->set_largest_hidden_count(6);
  EXPECT_THAT(MakeCatalogue(message),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       ::testing::AllOf(::testing::HasSubstr("floor: "),
                                        ::testing::HasSubstr("use 2 or 7"))));
}

TEST(Floor, EveryShippedPolicyThatClaimsToRoundIsAboveTheShippedFloor) {
  v1::Catalogue message;
  ASSERT_THAT(ReadCatalogue("policies/catalogue.textproto", &message), IsOk());
  const auto floor = FloorOf(message);
  ASSERT_THAT(floor, IsOk());
  ASSERT_TRUE(floor->has_value());
  for (const char* name : {"standard", "hes", "strict", "cell_key"}) {
    EXPECT_THAT(
        ReadPolicy(absl::StrCat("policies/", name, ".textproto"), *floor),
        IsOk())
        << name;
  }
  EXPECT_THAT(ReadPolicy("policies/exact.textproto", *floor),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       ::testing::HasSubstr("rounding_base is 1")));
}

// police-uk is the mapping of the open data, which have a catalogue of their
// own.
TEST(ShippedMappings, AreReadAndReferToKnownVariablesAndCodes) {
  const std::vector<std::string> paths =
      TextProtos("deploy/synthetic/mappings");
  EXPECT_GE(paths.size(), 9u);
  for (const std::string& path : paths) {
    const bool open_data = path.find("police-uk") != std::string::npos;
    const auto catalogue =
        ReadCatalogue(open_data ? "policies/catalogue-police-uk.textproto"
                                : "policies/catalogue.textproto");
    ASSERT_THAT(catalogue, IsOk());
    v1::Mapping mapping;
    ASSERT_THAT(ReadTextProto(path, &mapping), IsOk()) << path;
    const auto data_set = (*catalogue)->Find(mapping.data_set());
    ASSERT_THAT(data_set, IsOk()) << path;
    EXPECT_EQ(UnknownNames(mapping, **data_set), std::vector<std::string>())
        << path;
  }
}

}  // namespace
}  // namespace cairn
