#include "cli/result_csv.h"

#include <optional>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "cli/result_words.h"
#include "core/base/utf8.h"

namespace cairn {
namespace {

// Characters that make a spreadsheet read what follows as a formula, at once or
// after it has trimmed the field.
constexpr char kFormulaStart[] = "=+-@\t\r";

std::string TextField(absl::string_view raw) {
  std::string text = ReplaceInvalidUtf8(raw);
  if (!text.empty() && absl::string_view(kFormulaStart).find(text[0]) !=
                           absl::string_view::npos) {
    text.insert(0, "'");
  }
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  return absl::StrCat("\"", absl::StrReplaceAll(text, {{"\"", "\"\""}}), "\"");
}

std::string NumberField(const std::optional<double>& number) {
  return number.has_value() ? FormatNumber(*number) : "";
}

std::string ValueField(const v1::ResultRow& row, bool symbols) {
  const std::optional<double> value = ShownValue(row);
  if (value.has_value() || !symbols) return NumberField(value);
  return TextField(CellForPeople(row, /*separators=*/false));
}

}  // namespace

std::string ResultToCsv(const v1::Result& result, bool symbols) {
  std::string out;
  for (const std::string& column : TidyColumns(result)) {
    absl::StrAppend(&out, out.empty() ? "" : ",", TextField(column));
  }
  out += '\n';
  for (const v1::ResultRow& row : result.row()) {
    for (int i = 0; i < result.dimension_size(); ++i) {
      absl::StrAppend(&out, TextField(KeyOf(row, i)), ",");
    }
    if (result.split_by_agency()) {
      absl::StrAppend(&out, TextField(row.agency()), ",");
    }
    absl::StrAppend(&out, TextField(MeasureName(result, row)), ",",
                    ValueField(row, symbols), ",", StatusName(row.status()));
    absl::StrAppend(&out, ",", NumberField(LowOf(row)), ",",
                    NumberField(HighOf(row)), "\n");
  }
  return out;
}

}  // namespace cairn
