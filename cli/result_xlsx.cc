#include "cli/result_xlsx.h"

#include <xlsxwriter.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <optional>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "cli/result_words.h"
#include "core/base/utf8.h"

namespace cairn {
namespace {

constexpr char kFont[] = "Arial";
// Limits of the format: rows of a sheet, characters of a cell.
constexpr int kMaxRows = 1'048'576;
constexpr size_t kMaxCellCharacters = 32'767;
constexpr double kTextWidth = 18;
constexpr double kCoverWidth = 90;

// Text that a cell can hold: valid, no controls, not too long.
std::string CellText(absl::string_view raw) {
  std::string text = PrintableUtf8(raw);
  // Counted in bytes, which is never more than the limit allows.
  if (text.size() <= kMaxCellCharacters) return text;
  size_t end = 0;
  while (end < kMaxCellCharacters - 4) end += NextUtf8(text, end).bytes;
  return text.substr(0, end);
}

// Column headers of a table must differ, whatever the case of their letters.
std::vector<std::string> DistinctHeaders(const v1::Result& result) {
  std::vector<std::string> headers;
  std::vector<std::string> lower;
  for (const std::string& column : TidyColumns(result)) {
    std::string header = CellText(column);
    while (header.empty() || std::count(lower.begin(), lower.end(),
                                        absl::AsciiStrToLower(header)) > 0) {
      header += '_';
    }
    lower.push_back(absl::AsciiStrToLower(header));
    headers.push_back(std::move(header));
  }
  return headers;
}

// One workbook on its way to disk; the library owns its sheets and formats.
class Workbook {
 public:
  explicit Workbook(const std::string& path)
      : book_(workbook_new(path.c_str())) {
    body_ = MakeFormat(12, false);
    heading_ = MakeFormat(14, true);
    title_ = MakeFormat(18, true);
    header_ = MakeFormat(12, true);
  }
  ~Workbook() {
    if (book_ != nullptr) workbook_close(book_);
  }
  Workbook(const Workbook&) = delete;
  Workbook& operator=(const Workbook&) = delete;

  void WriteCover(const v1::Result& result);
  void WriteTable(const v1::Result& result);
  void SetProperties(const v1::Result& result);

  // Whether all of it reached the disk.
  absl::Status Close() {
    const lxw_error error = workbook_close(book_);
    book_ = nullptr;
    if (error == LXW_NO_ERROR) return absl::OkStatus();
    return absl::UnavailableError(lxw_strerror(error));
  }

 private:
  lxw_format* MakeFormat(double size, bool bold) {
    lxw_format* format = workbook_add_format(book_);
    format_set_font_name(format, kFont);
    format_set_font_size(format, size);
    format_set_text_wrap(format);
    format_set_align(format, LXW_ALIGN_VERTICAL_TOP);
    if (bold) format_set_bold(format);
    return format;
  }

  static void Text(lxw_worksheet* sheet, lxw_row_t row, lxw_col_t column,
                   absl::string_view text, lxw_format* format) {
    worksheet_write_string(sheet, row, column, CellText(text).c_str(), format);
  }
  void Number(lxw_worksheet* sheet, lxw_row_t row, lxw_col_t column,
              const std::optional<double>& number) {
    if (!number.has_value()) return;
    worksheet_write_number(sheet, row, column, *number, body_);
  }

  void AddTable(lxw_worksheet* sheet, lxw_row_t header_row,
                const v1::Result& result,
                const std::vector<std::string>& headers);
  void WriteRow(lxw_worksheet* sheet, lxw_row_t at, const v1::Result& result,
                const v1::ResultRow& row);

  lxw_workbook* book_;
  lxw_format* body_ = nullptr;
  lxw_format* heading_ = nullptr;
  lxw_format* title_ = nullptr;
  lxw_format* header_ = nullptr;
};

void Workbook::WriteCover(const v1::Result& result) {
  lxw_worksheet* sheet = workbook_add_worksheet(book_, "Cover_sheet");
  worksheet_set_column(sheet, 0, 0, kCoverWidth, body_);
  lxw_row_t at = 0;
  Text(sheet, at++, 0, QuestionInWords(result), title_);
  if (!result.where_text().empty()) {
    Text(sheet, at++, 0, absl::StrCat("where ", result.where_text()), body_);
  }
  Text(sheet, at++, 0, "Who answered, and how", heading_);
  for (const ResultLine& line : LinesUnder(result)) {
    Text(sheet, at++, 0, absl::StrCat(line.head, ": ", line.text), body_);
  }
  Text(sheet, at++, 0, "What the status of a cell means", heading_);
  for (const char* line :
       {"published: value is the number, rounded by the rule; the true number "
        "lies between low and high.",
        "suppressed: confidential. The number is small, or would give a small "
        "number away; low and high are all that is said of it.",
        "bounded: part of the number is hidden; the true number lies between "
        "low and high.",
        "unavailable: an agency that was asked gave no figure. This is not "
        "zero; low is what the others hold.",
        "not_applicable: the agency does not hold this."}) {
    Text(sheet, at++, 0, line, body_);
  }
}

void Workbook::WriteTable(const v1::Result& result) {
  lxw_worksheet* sheet = workbook_add_worksheet(book_, "Table");
  const std::vector<std::string> headers = DistinctHeaders(result);
  worksheet_set_column(sheet, 0, static_cast<lxw_col_t>(headers.size() - 1),
                       kTextWidth, body_);
  // The sentences above the table run on to the right: one cell each,
  // unwrapped.
  lxw_format* line = workbook_add_format(book_);
  format_set_font_name(line, kFont);
  format_set_font_size(line, 12);
  lxw_format* title = workbook_add_format(book_);
  format_set_font_name(title, kFont);
  format_set_font_size(title, 14);
  format_set_bold(title);
  Text(sheet, 0, 0, QuestionInWords(result), title);
  Text(sheet, 1, 0,
       result.row().empty()
           ? "This worksheet contains no table: there are no figures to show."
           : "This worksheet contains one table. A value is empty where it is "
             "not published; the column status says why, and Cover_sheet what "
             "it means.",
       line);
  if (!result.row().empty()) AddTable(sheet, 2, result, headers);
}

void Workbook::AddTable(lxw_worksheet* sheet, lxw_row_t header_row,
                        const v1::Result& result,
                        const std::vector<std::string>& headers) {
  std::vector<lxw_table_column> columns(headers.size());
  std::vector<lxw_table_column*> pointers;
  for (size_t i = 0; i < headers.size(); ++i) {
    columns[i].header = const_cast<char*>(headers[i].c_str());
    columns[i].header_format = header_;
    pointers.push_back(&columns[i]);
  }
  pointers.push_back(nullptr);
  lxw_table_options options = {};
  options.name = const_cast<char*>("result");
  options.no_autofilter = LXW_TRUE;
  options.no_banded_rows = LXW_TRUE;
  options.style_type = LXW_TABLE_STYLE_TYPE_LIGHT;
  options.style_type_number = 0;
  options.columns = pointers.data();
  const lxw_row_t last = header_row + static_cast<lxw_row_t>(result.row_size());
  worksheet_add_table(sheet, header_row, 0, last,
                      static_cast<lxw_col_t>(headers.size() - 1), &options);
  lxw_row_t at = header_row;
  for (const v1::ResultRow& row : result.row()) {
    WriteRow(sheet, ++at, result, row);
  }
}

void Workbook::WriteRow(lxw_worksheet* sheet, lxw_row_t at,
                        const v1::Result& result, const v1::ResultRow& row) {
  lxw_col_t column = 0;
  for (int i = 0; i < result.dimension_size(); ++i) {
    Text(sheet, at, column++, KeyOf(row, i), body_);
  }
  if (result.split_by_agency()) Text(sheet, at, column++, row.agency(), body_);
  Text(sheet, at, column++, MeasureName(result, row), body_);
  Number(sheet, at, column++, ShownValue(row));
  Text(sheet, at, column++, StatusName(row.status()), body_);
  Number(sheet, at, column++, LowOf(row));
  Number(sheet, at, column++, HighOf(row));
}

void Workbook::SetProperties(const v1::Result& result) {
  const std::string title = CellText(QuestionInWords(result));
  const std::string comments = CellText(result.query_id());
  lxw_doc_properties properties = {};
  properties.title = const_cast<char*>(title.c_str());
  properties.author = const_cast<char*>("Cairn");
  properties.comments = const_cast<char*>(comments.c_str());
  workbook_set_properties(book_, &properties);
}

absl::Status CannotWrite(const std::string& path, absl::string_view why) {
  return absl::UnavailableError(absl::StrCat("cannot write ", path, ": ", why));
}

}  // namespace

absl::Status WriteResultXlsx(const v1::Result& result,
                             const std::string& path) {
  if (result.row_size() > kMaxRows - 3) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the result has ", result.row_size(),
        " rows, more than a worksheet holds; write it as csv instead"));
  }
  const std::string part = absl::StrCat(path, ".part");
  // The library's own message for a folder that is not there names its
  // temporary files; so find out first.
  std::FILE* probe = std::fopen(part.c_str(), "wb");
  if (probe == nullptr) return CannotWrite(path, std::strerror(errno));
  std::fclose(probe);
  Workbook book(part);
  book.WriteCover(result);
  book.WriteTable(result);
  book.SetProperties(result);
  if (absl::Status written = book.Close(); !written.ok()) {
    std::remove(part.c_str());
    return CannotWrite(path, written.message());
  }
  if (std::rename(part.c_str(), path.c_str()) != 0) {
    const absl::Status status = CannotWrite(path, std::strerror(errno));
    std::remove(part.c_str());
    return status;
  }
  return absl::OkStatus();
}

}  // namespace cairn
