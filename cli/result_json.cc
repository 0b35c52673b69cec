#include "cli/result_json.h"

#include <optional>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "cli/result_words.h"
#include "core/base/utf8.h"

namespace cairn {
namespace {

// RFC 8259: quotes, backslashes and controls are escaped. U+2028 and U+2029
// too, which end a line where the text is pasted into a script.
std::string Text(absl::string_view raw) {
  std::string out = "\"";
  const std::string text = ReplaceInvalidUtf8(raw);
  for (size_t i = 0; i < text.size();) {
    const Utf8Step step = NextUtf8(text, i);
    const char32_t c = step.code_point;
    if (c == '"' || c == '\\') {
      out += '\\';
      out += static_cast<char>(c);
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (c < 0x20 || c == 0x7F || c == 0x2028 || c == 0x2029) {
      absl::StrAppendFormat(&out, "\\u%04x", static_cast<unsigned>(c));
    } else {
      out.append(text, i, step.bytes);
    }
    i += step.bytes;
  }
  out += '"';
  return out;
}

std::string Number(const std::optional<double>& number) {
  return number.has_value() ? FormatNumber(*number) : "null";
}

// An object or array is built from the text of its parts.
class Object {
 public:
  Object& Add(absl::string_view name, absl::string_view json) {
    parts_.push_back(absl::StrCat(Text(name), ":", json));
    return *this;
  }
  std::string Done() const {
    return absl::StrCat("{", absl::StrJoin(parts_, ","), "}");
  }

 private:
  std::vector<std::string> parts_;
};

template <typename Strings>
std::string TextArray(const Strings& strings) {
  return absl::StrCat("[",
                      absl::StrJoin(strings, ",",
                                    [](std::string* out, const std::string& s) {
                                      out->append(Text(s));
                                    }),
                      "]");
}

// One part to a line, so that two results can be compared by eye and by diff.
std::string LineArray(const std::vector<std::string>& parts) {
  if (parts.empty()) return "[]";
  return absl::StrCat("[\n", absl::StrJoin(parts, ",\n"), "\n]");
}

std::string Row(const v1::Result& result, const v1::ResultRow& row) {
  Object key;
  for (int i = 0; i < result.dimension_size(); ++i) {
    key.Add(result.dimension(i), Text(KeyOf(row, i)));
  }
  Object object;
  object.Add("key", key.Done());
  if (result.split_by_agency()) object.Add("agency", Text(row.agency()));
  return object.Add("measure", Text(MeasureName(result, row)))
      .Add("value", Number(ShownValue(row)))
      .Add("status", Text(StatusName(row.status())))
      .Add("low", Number(LowOf(row)))
      .Add("high", Number(HighOf(row)))
      .Done();
}

std::string Rule(const v1::DisclosurePolicy& rule) {
  Object object;
  object.Add("profile", Text(rule.profile()))
      .Add("method", rule.method() == v1::CELL_KEY ? "\"cell_key\""
                                                   : "\"suppress_and_round\"")
      .Add("largest_hidden_count", absl::StrCat(rule.largest_hidden_count()))
      .Add("rounding_base", absl::StrCat(rule.rounding_base()))
      .Add("minimum_persons", absl::StrCat(rule.minimum_persons()))
      .Add("zeros", rule.zeros() == v1::SHOWN ? "\"shown\"" : "\"hidden\"");
  if (rule.has_dominance()) {
    object.Add("dominance", Object()
                                .Add("n", absl::StrCat(rule.dominance().n()))
                                .Add("k", Number(rule.dominance().k()))
                                .Done());
  }
  if (rule.p_percent() > 0) object.Add("p_percent", Number(rule.p_percent()));
  return object.Done();
}

std::string Receipt(const v1::AgencyOutcome& agency) {
  if (!agency.has_receipt()) return "null";
  return Object()
      .Add("index", absl::StrCat(agency.receipt().index()))
      .Add("entry_hash",
           Text(absl::BytesToHexString(agency.receipt().entry_hash())))
      .Done();
}

std::string Agency(const v1::AgencyOutcome& agency) {
  const char* const outcome = agency.outcome() == v1::ANSWERED  ? "answered"
                              : agency.outcome() == v1::REFUSED ? "refused"
                                                                : "silent";
  return Object()
      .Add("agency", Text(agency.agency()))
      .Add("outcome", Text(outcome))
      .Add("reason", Text(agency.reason()))
      .Add("elapsed_ms", absl::StrCat(agency.elapsed_ms()))
      .Add("receipt", Receipt(agency))
      .Add("rule", agency.has_rule() ? Rule(agency.rule()) : "null")
      .Done();
}

}  // namespace

std::string ResultToJson(const v1::Result& result) {
  std::vector<std::string> rows, agencies;
  for (const v1::ResultRow& row : result.row()) {
    rows.push_back(Row(result, row));
  }
  for (const v1::AgencyOutcome& agency : result.agency()) {
    agencies.push_back(Agency(agency));
  }
  const v1::DisclosurePolicy* rule = OneRule(result);
  return absl::StrCat(Object()
                          .Add("query_id", Text(result.query_id()))
                          .Add("dataset", Text(result.query().data_set()))
                          .Add("measures", TextArray(result.measure()))
                          .Add("dimensions", TextArray(result.dimension()))
                          .Add("rule", rule == nullptr ? "null" : Rule(*rule))
                          .Add("rows", LineArray(rows))
                          .Add("agencies", LineArray(agencies))
                          .Add("warnings", TextArray(result.warning()))
                          .Done(),
                      "\n");
}

std::string ResultToJsonl(const v1::Result& result) {
  std::string out;
  for (const v1::ResultRow& row : result.row()) {
    absl::StrAppend(&out, Row(result, row), "\n");
  }
  return out;
}

}  // namespace cairn
