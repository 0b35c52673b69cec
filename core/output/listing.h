#ifndef CAIRN_CORE_OUTPUT_LISTING_H_
#define CAIRN_CORE_OUTPUT_LISTING_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace cairn {

// A plain table of words, as a person or a script reads it.
struct Listing {
  std::vector<std::string> columns;
  std::vector<std::vector<std::string>> rows;
  // What it lists, for the heading of a workbook.
  std::string title = {};
  // Columns of whole numbers: numbers in JSON and in a workbook, to the right
  // in a table. An empty cell is null there.
  std::vector<std::string> numbers = {};
  // Columns whose cells go on in the next line where a terminal is narrow.
  // Cells of the others stay whole, so that they can be copied.
  std::vector<std::string> wrapped = {};
};

// Where and how output is written.
struct Destination {
  std::string format;  // table, csv, json, jsonl or xlsx; empty: by destination
  std::string file;    // empty: stdout

  // The format, or the one that fits: a table on a terminal, csv elsewhere.
  std::string Format() const;
};

// Refuses a form of output that cannot be written, before work is done for it.
absl::Status CheckDestination(const Destination& to);

// `format`: table, csv, json or jsonl; INVALID_ARGUMENT for another. `width`:
// the columns of the terminal that a table is to fit into, 0 for any.
absl::StatusOr<std::string> FormatListing(const Listing& listing,
                                          const std::string& format,
                                          size_t width = 0);
// Every format. Errors of CheckDestination, WriteText and WriteWorkbook.
absl::Status WriteListing(const Listing& listing, const Destination& to);

// Writes to stdout, whole or INTERNAL (a full disk, a closed pipe).
absl::Status PrintOut(absl::string_view text);
// Text to stdout or to the file, which appears whole or UNAVAILABLE.
absl::Status WriteText(absl::string_view text, const std::string& file);

// The columns of the terminal on stdout; 0 if it is none.
size_t TerminalWidth();

// Breaks text into lines of at most `width` characters, after a space where
// there is one, else after one of "_-,/;". At least one line, which may be
// empty.
std::vector<std::string> WrapText(const std::string& text, size_t width);

}  // namespace cairn

#endif  // CAIRN_CORE_OUTPUT_LISTING_H_
