#include "cli/protect_table.h"

#include <cstdio>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "cli/listing.h"
#include "cli/table_file.h"
#include "cli/waiting.h"
#include "core/base/command_line.h"
#include "core/base/status_macros.h"
#include "core/base/utf8.h"
#include "core/disclosure/marks.h"
#include "core/disclosure/proof.h"
#include "core/disclosure/propagation.h"
#include "core/disclosure/suppress.h"
#include "core/disclosure/tidy_table.h"

namespace cairn {
namespace {

using Kind = SuppressionCell::Kind;

// A hint is given below it (the contract on disclosure, rule 11).
constexpr double kLeastShareShown = 0.7;

struct Counts {
  TidyTable table;
  std::vector<int64_t> counts;   // by cell
  std::vector<int64_t> persons;  // by cell; empty if not known
};

absl::StatusOr<std::vector<int64_t>> ReadFigures(
    const TidyRows& rows, const std::vector<std::string>& texts,
    const std::string& column) {
  std::vector<int64_t> figures;
  for (size_t row = 0; row < texts.size(); ++row) {
    const auto figure = ReadFigure(texts[row], column);
    if (!figure.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat(PrintableUtf8(rows.source), ":", rows.lines[row], ": ",
                       figure.status().message()));
    }
    figures.push_back(*figure);
  }
  return figures;
}

absl::StatusOr<Counts> ReadCounts(const ProtectFlags& flags) {
  std::vector<TableColumn> columns = {{flags.count, "--count"}};
  if (!flags.persons.empty()) columns.push_back({flags.persons, "--persons"});
  CAIRN_ASSIGN_OR_RETURN(TableFile file,
                         ReadTableFile(flags.table, flags.dims, columns));
  CAIRN_ASSIGN_OR_RETURN(const std::vector<int64_t> counts,
                         ReadFigures(file.rows, file.columns[0], flags.count));
  std::vector<int64_t> persons;
  if (!flags.persons.empty()) {
    CAIRN_ASSIGN_OR_RETURN(
        persons, ReadFigures(file.rows, file.columns[1], flags.persons));
  }
  CAIRN_ASSIGN_OR_RETURN(const TidyHierarchy hierarchy,
                         ReadHierarchyFile(flags.hierarchy));
  CAIRN_ASSIGN_OR_RETURN(
      TidyTable table,
      TidyTable::Create(std::move(file.rows), hierarchy, kMaxProtectedCells));
  for (size_t row = 0; row < persons.size(); ++row) {
    if (persons[row] <= counts[row]) continue;
    return table.Fail(
        table.line(static_cast<int>(row)),
        absl::StrCat(persons[row], " persons stand behind a count of ",
                     counts[row], "; check --count and --persons"));
  }
  Counts made{std::move(table), {}, {}};
  CAIRN_ASSIGN_OR_RETURN(made.counts, made.table.Complete(counts));
  if (!persons.empty()) made.persons = made.table.CompleteFromBelow(persons);
  return made;
}

// Also the complements stay as open as a small cell: nobody can tell them
// apart, and none is hidden in vain.
absl::StatusOr<Suppression> Protect(const TidyTable& table,
                                    const DisclosurePolicy& policy,
                                    const SuppressionOptions& options,
                                    std::vector<SuppressionCell> cells) {
  Suppression suppression = Suppress(table.system(), cells, options);
  while (suppression.unproved.empty() &&
         KeepComplementsOpen(table.system(), suppression, policy, options,
                             &cells)) {
    suppression =
        Suppress(table.system(), cells, options, CertificatesOf(suppression));
  }
  if (suppression.unproved.empty()) return suppression;
  return absl::FailedPreconditionError(
      absl::StrCat("the table cannot be made safe: ",
                   table.NameOf(suppression.unproved.front()),
                   " can be narrowed even with everything else hidden; use "
                   "coarser codes"));
}

// A look at what is about to be published, with other means than those that
// made it: every certificate in plain integers, and the pencil.
absl::Status CheckMarks(const TidyTable& table,
                        const std::vector<SuppressionCell>& cells,
                        const SuppressionOptions& options,
                        const Suppression& suppression) {
  std::vector<Range> ranges = suppression.known;
  bool safe = CertificatesHold(table.system(), cells, suppression, options) &&
              Propagate(table.system(), &ranges);
  for (size_t i = 0; safe && i < cells.size(); ++i) {
    if (!cells[i].sensitive()) continue;
    safe = options.exact_only ? ranges[i].low < ranges[i].high
                              : ranges[i].low <= cells[i].keep.low &&
                                    ranges[i].high >= cells[i].keep.high;
  }
  if (safe) return absl::OkStatus();
  return absl::InternalError(
      "the protected table failed its own check and is not written; please "
      "report this");
}

std::string HighText(int64_t high) {
  return high == kNoLimit ? "" : absl::StrCat(high);
}

Listing ListCells(const TidyTable& table,
                  const std::vector<SuppressionCell>& cells,
                  const Suppression& suppression, int64_t base) {
  Listing listing;
  listing.columns = table.dims();
  for (const char* name : {"value", "status", "low", "high"}) {
    listing.columns.emplace_back(name);
  }
  const auto add = [&](int cell) {
    std::vector<std::string> row;
    for (size_t d = 0; d < table.dims().size(); ++d) {
      row.push_back(table.code(cell, d));
    }
    const bool hidden = suppression.hidden[cell];
    row.push_back(
        hidden ? "" : absl::StrCat(RoundToBin(cells[cell].figure, base).value));
    row.emplace_back(hidden ? "suppressed" : "published");
    row.push_back(absl::StrCat(suppression.known[cell].low));
    row.push_back(HighText(suppression.known[cell].high));
    listing.rows.push_back(std::move(row));
  };
  listing.rows.reserve(cells.size());
  for (int row = 0; row < table.rows(); ++row) add(table.cell_of(row));
  for (int cell = 0; cell < table.system().cells(); ++cell) {
    if (table.row_of(cell) < 0) add(cell);
  }
  return listing;
}

void PrintSummary(const TidyTable& table,
                  const std::vector<SuppressionCell>& cells,
                  const Suppression& suppression, double seconds) {
  int64_t primary = 0, complement = 0, hidden_total = 0;
  int64_t leaves = 0, leaves_shown = 0;
  for (size_t i = 0; i < cells.size(); ++i) {
    const bool hidden = suppression.hidden[i];
    const int64_t figure = cells[i].figure;
    primary += hidden && cells[i].kind == Kind::kHidden;
    complement += hidden && cells[i].kind != Kind::kHidden;
    hidden_total += hidden ? figure : 0;
    if (!table.is_leaf(static_cast<int>(i))) continue;
    leaves += figure;
    leaves_shown += hidden ? 0 : figure;
  }
  const auto all = static_cast<int64_t>(cells.size());
  const double share = leaves == 0 ? 0 : 1.0 * leaves_shown / leaves;
  absl::FPrintF(stderr,
                "cells shown: %d\nhidden primary: %d\nhidden complement: %d\n"
                "hidden total: %d\nshare of total shown: %.1f %%\n"
                "seconds: %.2f\n",
                all - primary - complement, primary, complement, hidden_total,
                100 * share, seconds);
  if (share >= kLeastShareShown || leaves == 0) return;
  absl::FPrintF(stderr,
                "cairn: less than 70 %% stands in shown cells (margins left "
                "aside); coarser codes would show more\n");
}

}  // namespace

absl::StatusOr<int> ProtectTable(const ProtectFlags& flags) {
  CAIRN_ASSIGN_OR_RETURN(const std::string format,
                         ListFormatFor(flags.format, flags.file));
  CAIRN_ASSIGN_OR_RETURN(const DisclosurePolicy policy,
                         ReadCountPolicy(flags.policy));
  CAIRN_ASSIGN_OR_RETURN(const Counts in, ReadCounts(flags));
  const CellSystem& system = in.table.system();
  std::vector<SuppressionCell> cells =
      CellsOfCounts(system, in.counts, in.persons, policy);
  if (policy.zeros_shown) KeepWhatZerosLeave(system, &cells);
  SuppressionOptions options;
  options.exact_only = flags.exact_only;
  options.pruning = flags.prune ? SuppressionOptions::Pruning::kInRounds
                                : SuppressionOptions::Pruning::kNone;
  double seconds = 0;
  Suppression suppression;
  {
    const Waiting waiting(
        absl::StrCat("protecting ", Grouped(system.cells()), " cells"));
    CAIRN_ASSIGN_OR_RETURN(suppression,
                           Protect(in.table, policy, options, cells));
    seconds = waiting.seconds();
  }
  CAIRN_RETURN_IF_ERROR(CheckMarks(in.table, cells, options, suppression));
  CAIRN_ASSIGN_OR_RETURN(const std::string text,
                         FormatListing(ListCells(in.table, cells, suppression,
                                                 policy.rounding_base),
                                       format));
  CAIRN_RETURN_IF_ERROR(WriteText(text, flags.file));
  PrintSummary(in.table, cells, suppression, seconds);
  return kExitComplete;
}

}  // namespace cairn
