#include "cli/result_csvw.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cli/result_words.h"
#include "core/base/json.h"
#include "core/base/utf8.h"

namespace cairn {
namespace {

// Percent-encodes what is not unreserved (RFC 3986, section 2.3).
std::string UrlOf(const std::string& file) {
  const std::string name = file.substr(file.rfind('/') + 1);
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string url;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (byte >= '0' && byte <= '9') ||
                       (byte >= 'A' && byte <= 'Z') ||
                       (byte >= 'a' && byte <= 'z') || c == '-' || c == '.' ||
                       c == '_' || c == '~';
    if (plain) {
      url += c;
    } else {
      absl::StrAppend(&url, "%", std::string(1, kHex[byte >> 4]),
                      std::string(1, kHex[byte & 15]));
    }
  }
  return url;
}

std::string Column(const std::string& name, const std::string& description,
                   const std::string& datatype, bool required) {
  JsonObject column;
  column.Add("name", JsonText(name))
      .Add("titles", JsonText(name))
      .Add("dc:description", JsonText(description))
      .Add("datatype", datatype);
  if (required) column.Add("required", "true");
  return column.Done();
}

// A text that is one of these: a regular expression, as CSVW has it.
std::string OneOf(const std::vector<std::string>& texts) {
  return JsonObject()
      .Add("base", JsonText("string"))
      .Add("format", JsonText(absl::StrJoin(texts, "|")))
      .Done();
}

std::string TitleOf(const Catalogue& catalogue, const v1::Result& result,
                    const std::string& variable) {
  const auto data_set = catalogue.Find(result.query().data_set());
  if (!data_set.ok()) return variable;
  const auto found = (*data_set)->FindVariable(variable);
  if (!found.ok()) return variable;
  const std::string& title =
      (*data_set)->dimensions[found->dimension].levels[found->level].title;
  return title.empty() ? variable : title;
}

std::string Columns(const v1::Result& result, const Catalogue& catalogue) {
  static constexpr char kText[] = "\"string\"";
  static constexpr char kNumber[] = "\"decimal\"";
  std::vector<std::string> columns;
  for (const std::string& variable : result.dimension()) {
    columns.push_back(Column(variable,
                             absl::StrCat(TitleOf(catalogue, result, variable),
                                          "; ", kTotal, ": all codes together"),
                             kText, true));
  }
  if (result.split_by_agency()) {
    columns.push_back(
        Column("agency", "whose records the row is of", kText, true));
  }
  columns.push_back(
      Column("measure", "what is measured",
             OneOf({result.measure().begin(), result.measure().end()}), true));
  columns.push_back(Column(
      "value", "the number as it is published; empty unless it is published",
      kNumber, false));
  columns.push_back(Column(
      "status",
      "published; suppressed: hidden by a disclosure rule; bounded: a sum of "
      "which parts are hidden; unavailable: an agency did not answer or does "
      "not cover it; not_applicable: there is no such cell",
      OneOf({"published", "suppressed", "bounded", "unavailable",
             "not_applicable"}),
      true));
  columns.push_back(
      Column("low", "the true number is at least this", kNumber, false));
  columns.push_back(Column(
      "high", "the true number is at most this; empty: no limit is public",
      kNumber, false));
  return absl::StrCat("[", absl::StrJoin(columns, ","), "]");
}

}  // namespace

std::string ResultToCsvw(const v1::Result& result, const Catalogue& catalogue,
                         const std::string& file) {
  std::vector<std::string> key(result.dimension().begin(),
                               result.dimension().end());
  if (result.split_by_agency()) key.push_back("agency");
  key.push_back("measure");
  std::vector<std::string> notes;
  for (const ResultLine& line : LinesUnder(result)) {
    notes.push_back(absl::StrCat(line.head, ": ", PrintableUtf8(line.text)));
  }
  JsonObject table;
  table
      .Add("@context", "[\"http://www.w3.org/ns/csvw\",{\"@language\":\"en\"}]")
      .Add("@type", JsonText("Table"))
      .Add("url", JsonText(UrlOf(file)))
      .Add("dc:identifier", JsonText(result.query_id()))
      .Add("dc:title", JsonText(QuestionInWords(result)));
  if (!result.where_text().empty()) {
    table.Add("dc:abstract", JsonText("where " + result.where_text()));
  }
  if (!result.asked_at().empty()) {
    table.Add("dc:created", JsonObject()
                                .Add("@value", JsonText(result.asked_at()))
                                .Add("@type", JsonText("xsd:dateTime"))
                                .Done());
  }
  table.Add("dc:description", JsonText(absl::StrJoin(notes, "\n")));
  return absl::StrCat(
      table
          .Add("tableSchema", JsonObject()
                                  .Add("columns", Columns(result, catalogue))
                                  .Add("primaryKey", JsonTexts(key))
                                  .Done())
          .Done(),
      "\n");
}

}  // namespace cairn
