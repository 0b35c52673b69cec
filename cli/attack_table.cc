#include "cli/attack_table.h"

#include <algorithm>
#include <optional>
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
#include "core/disclosure/attack.h"
#include "core/disclosure/marks.h"
#include "core/disclosure/tidy_table.h"

namespace cairn {
namespace {

// The columns of a published table, in the order they are asked for.
enum Column { kValue, kStatus, kLow, kHigh };

struct Published {
  TidyTable table;
  std::vector<Range> known;          // by cell
  std::vector<AttackTarget> hidden;  // in the order of the rows
};

// One row of the file at a time.
class Reader {
 public:
  Reader(const std::optional<DisclosurePolicy>& policy, bool no_complements,
         const std::vector<std::vector<std::string>>& columns)
      : policy_(policy), no_complements_(no_complements), columns_(columns) {}

  // What the row says of its cell, and whether it hides it.
  struct Row {
    Range range;
    bool hidden = false;
  };
  absl::StatusOr<Row> Read(size_t row) const {
    const std::string value = Text(kValue, row);
    const std::string status = Text(kStatus, row);
    if (columns_[kStatus].empty()) {
      if (IsMark(value)) return Hidden(row);
      if (value == "[x]" || value == "[z]") return Row();
      return Shown(value, row);
    }
    if (status == "published") return Shown(value, row);
    if (!value.empty() && !IsMark(value)) {
      return absl::InvalidArgumentError(absl::StrCat(
          "status is '", ShortText(status), "' but value is '",
          ShortText(value), "'; only a published cell has a value"));
    }
    if (status == "suppressed") return Hidden(row);
    if (status == "bounded" || status == "unavailable") {
      CAIRN_ASSIGN_OR_RETURN(const Range range, RangeOf(row, {0, kNoLimit}));
      return Row{range, false};
    }
    if (status == "not_applicable") return Row();
    return absl::InvalidArgumentError(
        absl::StrCat("status is '", ShortText(status),
                     "'; use published, suppressed, bounded, unavailable or "
                     "not_applicable"));
  }

 private:
  static bool IsMark(const std::string& value) {
    return value.empty() || value == "[c]" || value == "*" || value == "c";
  }

  std::string Text(Column column, size_t row) const {
    return columns_[column].empty() ? "" : columns_[column][row];
  }

  // The columns low and high where they say anything, else `otherwise`.
  absl::StatusOr<Range> RangeOf(size_t row, Range otherwise) const {
    const std::string low = Text(kLow, row), high = Text(kHigh, row);
    if (low.empty() && high.empty()) return otherwise;
    Range range;
    if (!low.empty()) {
      CAIRN_ASSIGN_OR_RETURN(range.low, ReadFigure(low, "low"));
    }
    if (!high.empty()) {
      CAIRN_ASSIGN_OR_RETURN(range.high, ReadFigure(high, "high"));
    }
    if (range.low <= range.high) return range;
    return absl::InvalidArgumentError(
        absl::StrCat("low is ", range.low, " but high is ", range.high));
  }

  absl::StatusOr<Row> Shown(const std::string& value, size_t row) const {
    CAIRN_ASSIGN_OR_RETURN(const int64_t figure, ReadFigure(value, "value"));
    const bool own = !Text(kLow, row).empty() || !Text(kHigh, row).empty();
    if (!own) {
      CAIRN_ASSIGN_OR_RETURN(const Range bin, BinOf(figure));
      return Row{bin, false};
    }
    CAIRN_ASSIGN_OR_RETURN(const Range range, RangeOf(row, Range()));
    if (range.Holds(figure)) return Row{range, false};
    return absl::InvalidArgumentError(absl::StrCat(
        "value is ", figure, ", outside its low ", range.low, " and high ",
        range.high == kNoLimit ? "" : absl::StrCat(range.high)));
  }

  // The counts that the policy shows as `figure`.
  absl::StatusOr<Range> BinOf(int64_t figure) const {
    if (!policy_.has_value()) return Range{figure, figure};
    if (figure == 0 && policy_->zeros_shown) return Range{0, 0};
    const Bin bin = RoundToBin(figure, policy_->rounding_base);
    if (bin.value == figure && bin.low > policy_->largest_hidden_count) {
      return Range{bin.low, bin.high};
    }
    return absl::InvalidArgumentError(
        absl::StrCat("value is ", figure, ", which the policy (",
                     policy_->ToWords(), ") never shows"));
  }

  absl::StatusOr<Row> Hidden(size_t row) const {
    Range range;
    if (policy_.has_value()) {
      range.low = policy_->zeros_shown ? 1 : 0;
      if (no_complements_) range.high = policy_->largest_hidden_count;
    }
    CAIRN_ASSIGN_OR_RETURN(range, RangeOf(row, range));
    return Row{range, true};
  }

  const std::optional<DisclosurePolicy>& policy_;
  const bool no_complements_;
  const std::vector<std::vector<std::string>>& columns_;
};

// What must stay open of a hidden cell. `least`: what the zeros say.
AttackTarget TargetOf(int cell, const Range& mark, int64_t least,
                      const std::optional<DisclosurePolicy>& policy) {
  AttackTarget target;
  target.cell = cell;
  if (mark.high != kNoLimit) {
    const int64_t low = mark.low > 0 ? std::max(mark.low, least) : mark.low;
    target.keep = {std::min(low, mark.high), mark.high};
    target.width = std::max<int64_t>(1, mark.high - target.keep.low);
  } else if (policy.has_value()) {
    const int64_t low = policy->zeros_shown ? std::max<int64_t>(1, least) : 0;
    target.width = std::max<int64_t>(1, policy->largest_hidden_count - low);
  }
  return target;
}

// See AttackFlags::knows_marks. Where zeros are shown, all margins have the
// same mark, and so it says nothing.
void UseMarks(const TidyTable& table, const std::vector<AttackTarget>& hidden,
              int64_t largest_hidden, std::vector<Range>* known) {
  for (const AttackTarget& target : hidden) {
    Range& range = (*known)[target.cell];
    const bool silent = range.low > 0 && !table.is_leaf(target.cell);
    if (range.high == kNoLimit && !silent) {
      range.low = std::max(range.low, largest_hidden + 1);
    }
  }
}

absl::StatusOr<Published> ReadPublished(
    const AttackFlags& flags, const std::optional<DisclosurePolicy>& policy) {
  CAIRN_ASSIGN_OR_RETURN(TableFile file, ReadTableFile(flags.table, flags.dims,
                                                       {{"value"},
                                                        {"status", "", true},
                                                        {"low", "", true},
                                                        {"high", "", true}}));
  CAIRN_ASSIGN_OR_RETURN(const TidyHierarchy hierarchy,
                         ReadHierarchyFile(flags.hierarchy));
  CAIRN_ASSIGN_OR_RETURN(
      TidyTable table,
      TidyTable::Create(std::move(file.rows), hierarchy, kMaxAttackedCells));
  Published made{std::move(table), {}, {}};
  made.known.resize(made.table.system().cells());
  const Reader reader(policy, flags.no_complements, file.columns);
  std::vector<int> hidden;
  for (int row = 0; row < made.table.rows(); ++row) {
    const auto read = reader.Read(row);
    if (!read.ok()) {
      return made.table.Fail(made.table.line(row),
                             std::string(read.status().message()));
    }
    const int cell = made.table.cell_of(row);
    made.known[cell] = read->range;
    if (read->hidden) hidden.push_back(cell);
  }
  const std::vector<int64_t> least =
      LeastByZeros(made.table.system(), made.known);
  for (const int cell : hidden) {
    made.hidden.push_back(
        TargetOf(cell, made.known[cell], least[cell], policy));
  }
  if (flags.knows_marks && !policy.has_value()) {
    return absl::InvalidArgumentError(
        "--knows-marks: needs --policy, which says how large a small cell is");
  }
  if (flags.knows_marks) {
    UseMarks(made.table, made.hidden, policy->largest_hidden_count,
             &made.known);
  }
  return made;
}

const char* VerdictName(AttackVerdict verdict) {
  switch (verdict) {
    case AttackVerdict::kExact:
      return "exact";
    case AttackVerdict::kNarrow:
      return "narrow";
    case AttackVerdict::kOk:
      return "ok";
    case AttackVerdict::kUnresolved:
      break;
  }
  return "unresolved";
}

Listing ListInferences(const Published& in,
                       const std::vector<Inference>& inferences) {
  Listing listing;
  listing.columns = in.table.dims();
  for (const char* name : {"low", "high", "verdict"}) {
    listing.columns.emplace_back(name);
  }
  listing.rows.reserve(inferences.size());
  for (size_t i = 0; i < inferences.size(); ++i) {
    std::vector<std::string> row;
    for (size_t d = 0; d < in.table.dims().size(); ++d) {
      row.push_back(in.table.code(in.hidden[i].cell, d));
    }
    const Range& range = inferences[i].possible;
    row.push_back(absl::StrCat(range.low));
    row.push_back(range.high == kNoLimit ? "" : absl::StrCat(range.high));
    row.emplace_back(VerdictName(inferences[i].verdict));
    listing.rows.push_back(std::move(row));
  }
  return listing;
}

// The exit code that the inferences stand for.
int PrintSummary(const std::vector<Inference>& inferences, double seconds) {
  int exact = 0, narrow = 0, ok = 0, proved = 0, loose = 0;
  for (const Inference& one : inferences) {
    exact += one.verdict == AttackVerdict::kExact;
    narrow += one.verdict == AttackVerdict::kNarrow;
    ok += one.verdict == AttackVerdict::kOk;
    proved += one.verdict == AttackVerdict::kOk && one.proved;
    loose += !one.tight;
  }
  const auto hidden = static_cast<int>(inferences.size());
  absl::FPrintF(stderr,
                "hidden cells: %d\nexact: %d\nnarrow: %d\nok: %d\n"
                "ok by whole tables: %d\nunresolved: %d\nseconds: %.2f\n",
                hidden, exact, narrow, ok, proved, hidden - exact - narrow - ok,
                seconds);
  if (loose > 0) {
    absl::FPrintF(stderr,
                  "cairn: %d intervals may be narrower than printed; --effort "
                  "looks longer\n",
                  loose);
  }
  return exact + narrow > 0 ? kExitRefused : kExitComplete;
}

absl::Status Contradiction(const AttackFlags& flags, const Published& in,
                           int cell) {
  return absl::InvalidArgumentError(absl::StrCat(
      PrintableUtf8(flags.table), ": the figures contradict each other",
      cell < 0 ? "" : absl::StrCat(" at ", in.table.NameOf(cell)),
      "; check --dims, --hierarchy and --policy"));
}

}  // namespace

absl::StatusOr<int> AttackTable(const AttackFlags& flags) {
  CAIRN_ASSIGN_OR_RETURN(const std::string format,
                         ListFormatFor(flags.format, flags.file));
  std::optional<DisclosurePolicy> policy;
  if (!flags.policy.empty()) {
    CAIRN_ASSIGN_OR_RETURN(policy, ReadCountPolicy(flags.policy));
  }
  if (flags.no_complements && !policy.has_value()) {
    return absl::InvalidArgumentError(
        "--no-complements needs --policy, which says what a small count is");
  }
  CAIRN_ASSIGN_OR_RETURN(const Published in, ReadPublished(flags, policy));
  AttackOptions options;
  options.budget *= flags.effort;
  options.tighten_budget *= flags.effort;
  double seconds = 0;
  AttackResult result;
  {
    const Waiting waiting(absl::StrCat(
        "attacking ", Grouped(static_cast<int64_t>(in.hidden.size())),
        " hidden cells"));
    result = Attack(in.table.system(), in.known, in.hidden, options);
    seconds = waiting.seconds();
  }
  if (result.contradictory) {
    return Contradiction(flags, in, result.contradiction);
  }
  CAIRN_ASSIGN_OR_RETURN(
      const std::string text,
      FormatListing(ListInferences(in, result.inferences), format));
  CAIRN_RETURN_IF_ERROR(WriteText(text, flags.file));
  return PrintSummary(result.inferences, seconds);
}

}  // namespace cairn
