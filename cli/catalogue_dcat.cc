#include "cli/catalogue_dcat.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cli/listing.h"
#include "cli/result_words.h"
#include "core/base/json.h"

namespace cairn {
namespace {

constexpr char kContext[] = R"({"dcat":"http://www.w3.org/ns/dcat#",)"
                            R"("dcterms":"http://purl.org/dc/terms/",)"
                            R"("foaf":"http://xmlns.com/foaf/0.1/",)"
                            R"("adms":"http://www.w3.org/ns/adms#",)"
                            R"("dqv":"http://www.w3.org/ns/dqv#",)"
                            R"("skos":"http://www.w3.org/2004/02/skos/core#",)"
                            R"("xsd":"http://www.w3.org/2001/XMLSchema#"})";

std::string Array(const std::vector<std::string>& parts) {
  return absl::StrCat("[", absl::StrJoin(parts, ",\n"), "]");
}

std::string Typed(const std::string& text, const char* type) {
  return JsonObject()
      .Add("@value", JsonText(text))
      .Add("@type", JsonText(type))
      .Done();
}

std::string English(const std::string& text) {
  return JsonObject()
      .Add("@value", JsonText(text))
      .Add("@language", "\"en\"")
      .Done();
}

std::string Node(const std::string& id) {
  return JsonObject().Add("@id", JsonText(id)).Done();
}

JsonObject Thing(const char* type) {
  JsonObject thing;
  thing.Add("@type", JsonText(type));
  return thing;
}

std::string Months(const std::string& from, const std::string& to) {
  return Thing("dcterms:PeriodOfTime")
      .Add("dcat:startDate", Typed(from, "xsd:gYearMonth"))
      .Add("dcat:endDate", Typed(to, "xsd:gYearMonth"))
      .Done();
}

class DcatWriter {
 public:
  DcatWriter(const v1::Description& description, const Catalogue& catalogue)
      : description_(description),
        catalogue_(catalogue),
        root_(absl::StrCat(
            "https://",
            catalogue.domain.empty() ? "localhost" : catalogue.domain, "/",
            catalogue.partnership)) {}

  std::string Write() const {
    std::vector<std::string> agencies, data_sets;
    for (const auto& agency : description_.agency()) {
      agencies.push_back(Agency(agency));
    }
    for (const DataSet& data_set : catalogue_.data_sets) {
      data_sets.push_back(OfDataSet(data_set));
    }
    JsonObject catalog;
    catalog.Add("@context", kContext)
        .Add("@id", JsonText(root_))
        .Add("@type", "\"dcat:Catalog\"")
        .Add("dcterms:title", English(catalogue_.partnership))
        .Add("dcat:version", JsonText(absl::StrCat(catalogue_.version)))
        .Add("dcterms:identifier", JsonText(catalogue_.digest))
        .Add("dcterms:description",
             English("Records that stay with their agencies, of which Cairn "
                     "answers questions with protected tables."))
        .Add("dcterms:contributor", Array(agencies))
        .Add("dcat:dataset", Array(data_sets));
    return absl::StrCat(catalog.Done(), "\n");
  }

 private:
  std::string NameOf(const char* kind, const std::string& id) const {
    return absl::StrCat(root_, "/", kind, "/", id);
  }

  std::string Agency(const v1::Description::Agency& agency) const {
    return JsonObject()
        .Add("@id", JsonText(NameOf("agency", agency.id())))
        .Add("@type", "\"foaf:Organization\"")
        .Add("foaf:name", JsonText(agency.name()))
        .Add("dcterms:type", JsonText(agency.kind()))
        .Done();
  }

  std::string OfDataSet(const DataSet& data_set) const {
    std::vector<std::string> parts;
    for (const auto& agency : description_.agency()) {
      for (const v1::Holding& holding : agency.holding()) {
        if (holding.data_set() != data_set.id) continue;
        parts.push_back(Part(agency, holding, data_set));
      }
    }
    JsonObject object;
    object.Add("@id", JsonText(NameOf("data-set", data_set.id)))
        .Add("@type", "\"dcat:Dataset\"")
        .Add("dcterms:identifier", JsonText(data_set.id))
        .Add("dcterms:title", English(data_set.title))
        .Add("dcterms:description",
             English(absl::StrCat("One row is ", data_set.grain,
                                  "; what is counted: ", data_set.unit)))
        .Add("dcterms:temporal",
             Months(data_set.months.front(), data_set.months.back()))
        .Add("dcat:keyword", JsonTexts(data_set.VariableNames()))
        .Add("dcterms:hasPart", Array(parts));
    return object.Done();
  }

  std::string Part(const v1::Description::Agency& agency,
                   const v1::Holding& holding, const DataSet& data_set) const {
    const std::string id =
        absl::StrCat(NameOf("data-set", data_set.id), "/", agency.id());
    JsonObject part;
    part.Add("@id", JsonText(id))
        .Add("@type", "\"dcat:Dataset\"")
        .Add("dcterms:identifier",
             JsonText(absl::StrCat(data_set.id, "/", agency.id())))
        .Add("dcterms:title",
             English(absl::StrCat(data_set.title, ", ", agency.name())))
        .Add("dcterms:isPartOf", Node(NameOf("data-set", data_set.id)))
        .Add("dcterms:publisher", Node(NameOf("agency", agency.id())))
        .Add("dcterms:modified", Typed(holding.loaded_at(), "xsd:dateTime"))
        .Add("dcat:version", JsonText(holding.epoch()))
        .Add("dcat:temporalResolution",
             Typed(ResolutionOf(holding, data_set), "xsd:duration"))
        .Add("dcterms:rights",
             Thing("dcterms:RightsStatement")
                 .Add("skos:prefLabel", English(RuleInWords(holding.rule())))
                 .Done())
        .Add("dcterms:provenance",
             Thing("dcterms:ProvenanceStatement")
                 .Add("skos:prefLabel",
                      English(absl::StrCat("mapping version ",
                                           holding.mapping_version())))
                 .Done())
        .Add("dcat:keyword",
             JsonTexts({holding.variable().begin(), holding.variable().end()}))
        .Add("dqv:hasQualityMeasurement", Array(Measurements(id, holding)));
    AddPeriods(holding, &part);
    AddPlaces(holding, data_set, &part);
    return part.Done();
  }

  // One period for each run of months without a gap.
  static void AddPeriods(const v1::Holding& holding, JsonObject* part) {
    std::vector<std::string> periods;
    for (int i = 0; i < holding.month_size();) {
      int last = i;
      while (last + 1 < holding.month_size()) {
        const auto two =
            MonthsBetween(holding.month(last), holding.month(last + 1));
        if (!two.ok() || two->size() != 2) break;
        ++last;
      }
      periods.push_back(Months(holding.month(i), holding.month(last)));
      i = last + 1;
    }
    part->Add("dcterms:temporal", Array(periods));
    std::vector<std::string> notes;
    for (const v1::SeriesBreak& broken : holding.series_break()) {
      notes.push_back(
          English(absl::StrCat("not comparable before and from ",
                               broken.month(), " on: ", broken.what())));
    }
    if (!notes.empty()) part->Add("adms:versionNotes", Array(notes));
  }

  static void AddPlaces(const v1::Holding& holding, const DataSet& data_set,
                        JsonObject* part) {
    if (holding.area().empty()) return;
    part->Add("dcterms:spatial",
              Thing("dcterms:Location")
                  .Add("skos:prefLabel", English(holding.area()))
                  .Add("skos:note",
                       English(absl::StrCat("finest places: ",
                                            WordsOf(holding, data_set).places)))
                  .Done());
  }

  static std::string ResolutionOf(const v1::Holding& holding,
                                  const DataSet& data_set) {
    const std::string times = WordsOf(holding, data_set).times;
    return times == "hour" ? "PT1H" : times == "day" ? "P1D" : "P1M";
  }

  // What is measured has a name of its own: ROOT/metric/rows,
  // ROOT/metric/unknown-at-most/VARIABLE, ...
  std::vector<std::string> Measurements(const std::string& of,
                                        const v1::Holding& holding) const {
    std::vector<std::string> all;
    const auto add = [&](const std::string& metric, uint64_t value) {
      all.push_back(
          Thing("dqv:QualityMeasurement")
              .Add("dqv:computedOn", Node(of))
              .Add("dqv:isMeasurementOf", Node(NameOf("metric", metric)))
              .Add("dqv:value",
                   Typed(absl::StrCat(value), "xsd:nonNegativeInteger"))
              .Done());
    };
    if (holding.rows_rounded() > 0) add("rows", holding.rows_rounded());
    for (const v1::VariableShare& share : holding.share()) {
      if (share.has_unknown_at_least()) {
        add("unknown-at-least/" + share.variable(), share.unknown_at_least());
      }
      if (share.has_unknown_at_most()) {
        add("unknown-at-most/" + share.variable(), share.unknown_at_most());
      }
      if (share.has_mapped_at_least()) {
        add("mapped-at-least/" + share.variable(), share.mapped_at_least());
      }
    }
    return all;
  }

  const v1::Description& description_;
  const Catalogue& catalogue_;
  const std::string root_;
};

}  // namespace

std::string CatalogueToDcat(const v1::Description& description,
                            const Catalogue& catalogue) {
  return DcatWriter(description, catalogue).Write();
}

}  // namespace cairn
