#include "core/output/workbook.h"

#include <xlsxwriter.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "core/base/utf8.h"

namespace cairn {
namespace {

constexpr char kFont[] = "Arial";
// Limits of the format: rows of a sheet, characters of a cell.
constexpr size_t kMaxRows = 1'048'576;
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
std::vector<std::string> DistinctHeaders(
    const std::vector<std::string>& columns) {
  std::vector<std::string> headers;
  std::vector<std::string> lower;
  for (const std::string& column : columns) {
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
    body_ = MakeFormat(12, false, true);
    heading_ = MakeFormat(14, true, true);
    title_ = MakeFormat(18, true, true);
    header_ = MakeFormat(12, true, true);
  }
  ~Workbook() {
    if (book_ != nullptr) workbook_close(book_);
  }
  Workbook(const Workbook&) = delete;
  Workbook& operator=(const Workbook&) = delete;

  void WriteCover(const std::vector<WorkbookLine>& lines) {
    lxw_worksheet* sheet = workbook_add_worksheet(book_, "Cover_sheet");
    worksheet_set_column(sheet, 0, 0, kCoverWidth, body_);
    for (size_t i = 0; i < lines.size(); ++i) {
      Text(sheet, static_cast<lxw_row_t>(i), 0, lines[i].text,
           i == 0             ? title_
           : lines[i].heading ? heading_
                              : body_);
    }
  }

  void WriteTable(const WorkbookTable& table) {
    lxw_worksheet* sheet = workbook_add_worksheet(book_, "Table");
    const std::vector<std::string> headers = DistinctHeaders(table.columns);
    worksheet_set_column(sheet, 0, static_cast<lxw_col_t>(headers.size() - 1),
                         kTextWidth, body_);
    // The sentences above the table run on to the right: one cell each,
    // unwrapped.
    Text(sheet, 0, 0, table.title, MakeFormat(14, true, false));
    Text(sheet, 1, 0, table.sentence, MakeFormat(12, false, false));
    if (!table.rows.empty()) AddTable(sheet, 2, table, headers);
  }

  void SetProperties(const WorkbookContents& contents) {
    const std::string title = CellText(contents.title);
    const std::string comments = CellText(contents.comments);
    lxw_doc_properties properties = {};
    properties.title = const_cast<char*>(title.c_str());
    properties.author = const_cast<char*>("Cairn");
    properties.comments = const_cast<char*>(comments.c_str());
    workbook_set_properties(book_, &properties);
  }

  // Whether all of it reached the disk.
  absl::Status Close() {
    const lxw_error error = workbook_close(book_);
    book_ = nullptr;
    if (error == LXW_NO_ERROR) return absl::OkStatus();
    return absl::UnavailableError(lxw_strerror(error));
  }

 private:
  lxw_format* MakeFormat(double size, bool bold, bool wrap) {
    lxw_format* format = workbook_add_format(book_);
    format_set_font_name(format, kFont);
    format_set_font_size(format, size);
    if (wrap) {
      format_set_text_wrap(format);
      format_set_align(format, LXW_ALIGN_VERTICAL_TOP);
    }
    if (bold) format_set_bold(format);
    return format;
  }

  static void Text(lxw_worksheet* sheet, lxw_row_t row, lxw_col_t column,
                   absl::string_view text, lxw_format* format) {
    worksheet_write_string(sheet, row, column, CellText(text).c_str(), format);
  }

  void AddTable(lxw_worksheet* sheet, lxw_row_t header_row,
                const WorkbookTable& table,
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
    options.name = const_cast<char*>(table.name.c_str());
    options.no_autofilter = LXW_TRUE;
    options.no_banded_rows = LXW_TRUE;
    options.style_type = LXW_TABLE_STYLE_TYPE_LIGHT;
    options.style_type_number = 0;
    options.columns = pointers.data();
    const lxw_row_t last =
        header_row + static_cast<lxw_row_t>(table.rows.size());
    worksheet_add_table(sheet, header_row, 0, last,
                        static_cast<lxw_col_t>(headers.size() - 1), &options);
    lxw_row_t at = header_row;
    for (const auto& row : table.rows) {
      ++at;
      for (size_t i = 0; i < row.size(); ++i) {
        const auto column = static_cast<lxw_col_t>(i);
        if (const auto* text = std::get_if<std::string>(&row[i])) {
          Text(sheet, at, column, *text, body_);
        } else if (const auto* number = std::get_if<double>(&row[i])) {
          worksheet_write_number(sheet, at, column, *number, body_);
        }
      }
    }
  }

  lxw_workbook* book_;
  lxw_format* body_ = nullptr;
  lxw_format* heading_ = nullptr;
  lxw_format* title_ = nullptr;
  lxw_format* header_ = nullptr;
};

absl::Status CannotWrite(const std::string& path, absl::string_view why) {
  return absl::UnavailableError(absl::StrCat("cannot write ", path, ": ", why));
}

}  // namespace

absl::Status WriteWorkbook(const WorkbookContents& contents,
                           const std::string& path) {
  if (contents.table.rows.size() > kMaxRows - 3) {
    return absl::InvalidArgumentError(absl::StrCat(
        "there are ", contents.table.rows.size(),
        " rows, more than a worksheet holds; write them as csv instead"));
  }
  const std::string part = absl::StrCat(path, ".part");
  // The library's own message for a folder that is not there names its
  // temporary files; so find out first.
  std::FILE* probe = std::fopen(part.c_str(), "wb");
  if (probe == nullptr) return CannotWrite(path, std::strerror(errno));
  std::fclose(probe);
  Workbook book(part);
  book.WriteCover(contents.cover);
  book.WriteTable(contents.table);
  book.SetProperties(contents);
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
