#include "cli/result_json.h"

#include <optional>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cli/result_words.h"
#include "core/base/json.h"

namespace cairn {
namespace {

std::string Number(const std::optional<double>& number) {
  return number.has_value() ? FormatNumber(*number) : "null";
}

// One part to a line, so that two results can be compared by eye and by diff.
std::string LineArray(const std::vector<std::string>& parts) {
  if (parts.empty()) return "[]";
  return absl::StrCat("[\n", absl::StrJoin(parts, ",\n"), "\n]");
}

// Writes rows, each a JSON object; what they have in common is put into JSON
// once.
class RowWriter {
 public:
  explicit RowWriter(const v1::Result& result) : result_(result) {
    for (const std::string& dimension : result.dimension()) {
      names_.push_back(
          absl::StrCat(names_.empty() ? "" : ",", JsonText(dimension), ":"));
    }
  }

  void Append(const v1::ResultRow& row, std::string* out) const {
    absl::StrAppend(out, "{\"key\":{");
    for (size_t i = 0; i < names_.size(); ++i) {
      absl::StrAppend(out, names_[i],
                      JsonText(KeyOf(row, static_cast<int>(i))));
    }
    absl::StrAppend(out, "}");
    if (result_.split_by_agency()) {
      absl::StrAppend(out, ",\"agency\":", JsonText(row.agency()));
    }
    absl::StrAppend(out, ",\"measure\":", JsonText(MeasureName(result_, row)),
                    ",\"value\":", Number(ShownValue(row)));
    absl::StrAppend(out, ",\"status\":\"", StatusName(row.status()),
                    "\",\"low\":", Number(LowOf(row)),
                    ",\"high\":", Number(HighOf(row)), "}");
  }

 private:
  const v1::Result& result_;
  std::vector<std::string> names_;
};

// As LineArray.
std::string Rows(const v1::Result& result) {
  if (result.row().empty()) return "[]";
  const RowWriter writer(result);
  std::string out = "[\n";
  for (int i = 0; i < result.row_size(); ++i) {
    if (i > 0) out += ",\n";
    writer.Append(result.row(i), &out);
  }
  return out += "\n]";
}

std::string Noise(const v1::CellKey& noise) {
  JsonObject object;
  object.Add("variance", Number(noise.variance()))
      .Add("max", absl::StrCat(noise.max_noise()))
      .Add("smallest_shown", absl::StrCat(noise.smallest_shown()));
  if (!noise.table_digest().empty()) {
    object.Add("table_digest", JsonText(noise.table_digest()));
  }
  return object.Done();
}

std::string Rule(const v1::DisclosurePolicy& rule) {
  JsonObject object;
  object.Add("profile", JsonText(rule.profile()))
      .Add("method", rule.method() == v1::CELL_KEY ? "\"cell_key\""
                                                   : "\"suppress_and_round\"")
      .Add("largest_hidden_count", absl::StrCat(rule.largest_hidden_count()))
      .Add("rounding_base", absl::StrCat(rule.rounding_base()))
      .Add("minimum_persons", absl::StrCat(rule.minimum_persons()))
      .Add("zeros", rule.zeros() == v1::SHOWN ? "\"shown\"" : "\"hidden\"");
  if (rule.has_dominance()) {
    object.Add("dominance", JsonObject()
                                .Add("n", absl::StrCat(rule.dominance().n()))
                                .Add("k", Number(rule.dominance().k()))
                                .Done());
  }
  if (rule.p_percent() > 0) object.Add("p_percent", Number(rule.p_percent()));
  if (rule.has_cell_key()) object.Add("noise", Noise(rule.cell_key()));
  return object.Add("words", JsonText(RuleInWords(rule))).Done();
}

std::string TableReceipt(const v1::TableReceipt& table) {
  JsonObject object;
  object.Add("measure", JsonText(table.measure()))
      .Add("table",
           JsonTexts({table.variable().begin(), table.variable().end()}))
      .Add("epoch", JsonText(table.epoch()))
      .Add("cells", absl::StrCat(table.cells()))
      .Add("shown", absl::StrCat(table.shown()))
      .Add("hidden", absl::StrCat(table.hidden()))
      .Add("shown_share", table.has_shown_permille()
                              ? Number(table.shown_permille() / 1000.0)
                              : "null");
  return object
      .Add("full_receipt",
           table.full_receipt().empty()
               ? "null"
               : JsonText(absl::BytesToHexString(table.full_receipt())))
      .Done();
}

std::string Disclosure(const v1::DisclosureReceipt& receipt) {
  std::vector<std::string> tables;
  for (const v1::TableReceipt& table : receipt.table()) {
    tables.push_back(TableReceipt(table));
  }
  return JsonObject()
      .Add("engine", JsonText(receipt.engine()))
      .Add("policy_digest", JsonText(receipt.policy_digest()))
      .Add("catalogue_digest", JsonText(receipt.catalogue_digest()))
      .Add("catalogue_version", absl::StrCat(receipt.catalogue_version()))
      .Add("tables", absl::StrCat("[", absl::StrJoin(tables, ","), "]"))
      .Done();
}

// Where it stands in a log. Entry and proof are as they came: with the log's
// key they prove it to anyone (docs/ledger-format.md, section 6).
JsonObject Place(const v1::Receipt& receipt) {
  JsonObject object;
  object.Add("index", absl::StrCat(receipt.index()))
      .Add("entry_hash",
           JsonText(absl::BytesToHexString(receipt.entry_hash())));
  if (!receipt.proof().empty()) {
    object.Add("entry", JsonText(receipt.entry()))
        .Add("proof", JsonText(receipt.proof()));
  }
  return object;
}

std::string Receipt(const v1::AgencyOutcome& agency) {
  if (!agency.has_receipt()) return "null";
  const v1::Receipt& receipt = agency.receipt();
  JsonObject object = Place(receipt);
  return object
      .Add("disclosure",
           receipt.has_disclosure() ? Disclosure(receipt.disclosure()) : "null")
      .Done();
}

std::string TextOrNull(const std::string& text) {
  return text.empty() ? "null" : JsonText(text);
}

// The months of the records behind the answer.
std::string Covers(const v1::AgencyOutcome& agency) {
  if (agency.months_covered() == 0) return "null";
  return JsonObject()
      .Add("from", JsonText(agency.covers_from()))
      .Add("to", JsonText(agency.covers_to()))
      .Add("months", absl::StrCat(agency.months_covered()))
      .Done();
}

std::string Agency(const v1::AgencyOutcome& agency) {
  const char* const outcome = agency.outcome() == v1::ANSWERED  ? "answered"
                              : agency.outcome() == v1::REFUSED ? "refused"
                                                                : "silent";
  return JsonObject()
      .Add("agency", JsonText(agency.agency()))
      .Add("outcome", JsonText(outcome))
      .Add("reason", JsonText(agency.reason()))
      .Add("elapsed_ms", absl::StrCat(agency.elapsed_ms()))
      .Add("receipt", Receipt(agency))
      .Add("rule", agency.has_rule() ? Rule(agency.rule()) : "null")
      .Add("epoch", TextOrNull(agency.epoch()))
      .Add("loaded_at", TextOrNull(agency.loaded_at()))
      .Add("covers", Covers(agency))
      .Done();
}

}  // namespace

std::string ResultToJson(const v1::Result& result) {
  std::vector<std::string> agencies;
  for (const v1::AgencyOutcome& agency : result.agency()) {
    agencies.push_back(Agency(agency));
  }
  const v1::DisclosurePolicy* rule = OneRule(result);
  return absl::StrCat(
      JsonObject()
          .Add("query_id", JsonText(result.query_id()))
          .Add("dataset", JsonText(result.query().data_set()))
          .Add("measures",
               JsonTexts({result.measure().begin(), result.measure().end()}))
          .Add("dimensions", JsonTexts({result.dimension().begin(),
                                        result.dimension().end()}))
          .Add("rule", rule == nullptr ? "null" : Rule(*rule))
          .Add("rows", Rows(result))
          .Add("agencies", LineArray(agencies))
          .Add("receipt",
               result.has_receipt() ? Place(result.receipt()).Done() : "null")
          .Add("warnings",
               JsonTexts({result.warning().begin(), result.warning().end()}))
          .Done(),
      "\n");
}

std::string ResultToJsonl(const v1::Result& result) {
  const RowWriter writer(result);
  std::string out;
  for (const v1::ResultRow& row : result.row()) {
    writer.Append(row, &out);
    out += '\n';
  }
  return out;
}

}  // namespace cairn
