#include "core/output/listing.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "core/base/json.h"
#include "core/base/status_macros.h"
#include "core/base/utf8.h"
#include "core/output/workbook.h"

namespace cairn {
namespace {

constexpr size_t kGap = 2;  // between columns
constexpr size_t kNarrowest = 8;

bool Contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::string CsvField(const std::string& text) {
  if (text.find_first_of(",\"\n\r") == std::string::npos) return text;
  return absl::StrCat("\"", absl::StrReplaceAll(text, {{"\"", "\"\""}}), "\"");
}

std::vector<size_t> WidthsOf(const Listing& listing) {
  std::vector<size_t> widths;
  for (const std::string& column : listing.columns) {
    widths.push_back(CountUtf8(column));
  }
  for (const auto& row : listing.rows) {
    for (size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], CountUtf8(row[i]));
    }
  }
  return widths;
}

// Takes from the widest of the columns that may be broken, until all fit or
// none can give more.
void Fit(const Listing& listing, size_t width, std::vector<size_t>* widths) {
  size_t needed = kGap * (widths->size() - 1);
  for (const size_t w : *widths) needed += w;
  while (needed > width) {
    size_t* widest = nullptr;
    for (size_t i = 0; i < widths->size(); ++i) {
      if (!Contains(listing.wrapped, listing.columns[i])) continue;
      size_t& w = (*widths)[i];
      if (w > std::max(kNarrowest, CountUtf8(listing.columns[i])) &&
          (widest == nullptr || w > *widest)) {
        widest = &w;
      }
    }
    if (widest == nullptr) return;
    --*widest;
    --needed;
  }
}

std::string AsTable(const Listing& listing, size_t width) {
  if (listing.columns.empty()) return "";
  std::vector<size_t> widths = WidthsOf(listing);
  if (width > 0) Fit(listing, width, &widths);
  std::string out;
  const auto append = [&](const std::vector<std::string>& row) {
    std::vector<std::vector<std::string>> cells;
    size_t height = 1;
    for (size_t i = 0; i < row.size(); ++i) {
      cells.push_back(WrapText(row[i], widths[i]));
      height = std::max(height, cells.back().size());
    }
    for (size_t k = 0; k < height; ++k) {
      std::string line;
      for (size_t i = 0; i < cells.size(); ++i) {
        const std::string text = k < cells[i].size() ? cells[i][k] : "";
        const std::string pad(widths[i] - std::min(widths[i], CountUtf8(text)),
                              ' ');
        const bool number = Contains(listing.numbers, listing.columns[i]);
        absl::StrAppend(&line, number ? pad : text, number ? text : pad,
                        std::string(kGap, ' '));
      }
      line.erase(line.find_last_not_of(' ') + 1);
      absl::StrAppend(&out, line, "\n");
    }
  };
  append(listing.columns);
  for (const auto& row : listing.rows) append(row);
  return out;
}

std::string AsCsv(const Listing& listing) {
  const auto join = [](const std::vector<std::string>& row) {
    return absl::StrJoin(row, ",", [](std::string* out, const std::string& s) {
      out->append(CsvField(s));
    });
  };
  std::string out = absl::StrCat(join(listing.columns), "\n");
  for (const auto& row : listing.rows) absl::StrAppend(&out, join(row), "\n");
  return out;
}

std::string RowAsJson(const Listing& listing,
                      const std::vector<std::string>& row) {
  JsonObject object;
  for (size_t i = 0; i < listing.columns.size(); ++i) {
    const bool number = Contains(listing.numbers, listing.columns[i]);
    object.Add(listing.columns[i], !number          ? JsonText(row[i])
                                   : row[i].empty() ? "null"
                                                    : row[i]);
  }
  return object.Done();
}

std::string AsJson(const Listing& listing) {
  std::string out = "[";
  for (size_t r = 0; r < listing.rows.size(); ++r) {
    absl::StrAppend(&out, r > 0 ? ",\n  " : "\n  ",
                    RowAsJson(listing, listing.rows[r]));
  }
  return absl::StrCat(out, "\n]\n");
}

std::string AsJsonl(const Listing& listing) {
  std::string out;
  for (const auto& row : listing.rows) {
    absl::StrAppend(&out, RowAsJson(listing, row), "\n");
  }
  return out;
}

absl::Status WriteAsWorkbook(const Listing& listing, const std::string& file) {
  WorkbookContents book;
  book.title = listing.title;
  book.cover = {{listing.title}};
  book.table.name = "list";
  book.table.title = listing.title;
  book.table.sentence = "This worksheet contains one table.";
  book.table.columns = listing.columns;
  for (const auto& row : listing.rows) {
    std::vector<WorkbookCell> cells;
    for (size_t i = 0; i < row.size(); ++i) {
      if (!Contains(listing.numbers, listing.columns[i])) {
        cells.emplace_back(row[i]);
      } else if (row[i].empty()) {
        cells.emplace_back();
      } else {
        cells.emplace_back(std::stod(row[i]));
      }
    }
    book.table.rows.push_back(std::move(cells));
  }
  return WriteWorkbook(book, file);
}

}  // namespace

std::string Destination::Format() const {
  if (!format.empty()) return format;
  return file.empty() && isatty(STDOUT_FILENO) == 1 ? "table" : "csv";
}

absl::Status CheckDestination(const Destination& to) {
  if (to.format == "xlsx" && to.file.empty()) {
    return absl::InvalidArgumentError(
        "-o xlsx: a workbook needs a file; add --out FILE.xlsx");
  }
  for (const char* known : {"", "table", "csv", "json", "jsonl", "xlsx"}) {
    if (to.format == known) return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      absl::StrCat("-o ", PrintableUtf8(to.format.substr(0, 20)),
                   ": use table, csv, json, jsonl or xlsx"));
}

absl::StatusOr<std::string> FormatListing(const Listing& listing,
                                          const std::string& format,
                                          size_t width) {
  if (format == "table") return AsTable(listing, width);
  if (format == "csv") return AsCsv(listing);
  if (format == "json") return AsJson(listing);
  if (format == "jsonl") return AsJsonl(listing);
  return absl::InvalidArgumentError(
      absl::StrCat("-o ", PrintableUtf8(format.substr(0, 20)),
                   ": a list is written as table, csv, json or jsonl"));
}

absl::Status WriteListing(const Listing& listing, const Destination& to) {
  CAIRN_RETURN_IF_ERROR(CheckDestination(to));
  const std::string format = to.Format();
  if (format == "xlsx") return WriteAsWorkbook(listing, to.file);
  CAIRN_ASSIGN_OR_RETURN(
      const std::string text,
      FormatListing(listing, format, to.file.empty() ? TerminalWidth() : 0));
  return WriteText(text, to.file);
}

absl::Status PrintOut(absl::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size() &&
      std::fflush(stdout) == 0) {
    return absl::OkStatus();
  }
  return absl::InternalError("the output could not be written to stdout");
}

absl::Status WriteText(absl::string_view text, const std::string& file) {
  if (file.empty()) return PrintOut(text);
  const std::string part = absl::StrCat(file, ".new");
  std::FILE* out = std::fopen(part.c_str(), "wb");
  bool whole = out != nullptr &&
               std::fwrite(text.data(), 1, text.size(), out) == text.size();
  int error = errno;
  if (out != nullptr && std::fclose(out) != 0) {
    whole = false;
    error = errno;
  }
  if (whole && std::rename(part.c_str(), file.c_str()) == 0) {
    return absl::OkStatus();
  }
  if (whole) error = errno;
  if (out != nullptr) std::remove(part.c_str());
  return absl::UnavailableError(
      absl::StrCat(file, ": cannot be written: ", std::strerror(error)));
}

size_t TerminalWidth() {
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0) return size.ws_col;
  return 0;
}

std::vector<std::string> WrapText(const std::string& text, size_t width) {
  std::vector<std::string> lines(1);
  size_t in_line = 0;
  // Bytes of the line up to the last space, and up to the last other place.
  size_t after_space = 0;
  size_t after_sign = 0;
  for (size_t at = 0; at < text.size();) {
    const size_t bytes = NextUtf8(text, at).bytes;
    if (in_line == width) {
      std::string rest;
      const size_t break_at = after_space > 0 ? after_space : after_sign;
      if (break_at > 0) {
        rest = lines.back().substr(break_at);
        lines.back().resize(break_at);
      }
      while (!lines.back().empty() && lines.back().back() == ' ') {
        lines.back().pop_back();
      }
      in_line = CountUtf8(rest);
      lines.push_back(std::move(rest));
      after_space = 0;
      after_sign = 0;
    }
    const char c = text[at];
    if (c != ' ' || in_line > 0 || lines.size() == 1) {
      lines.back().append(text, at, bytes);
      ++in_line;
    }
    at += bytes;
    if (c == ' ') {
      after_space = lines.back().size();
    } else if (std::strchr("_-,/;", c) != nullptr && c != '\0') {
      after_sign = lines.back().size();
    }
  }
  return lines;
}

}  // namespace cairn
