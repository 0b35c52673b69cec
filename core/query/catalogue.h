#ifndef CAIRN_CORE_QUERY_CATALOGUE_H_
#define CAIRN_CORE_QUERY_CATALOGUE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "core/query/filter.h"

namespace cairn {

// The data dictionary of a partnership: what may be asked, in which codes. It
// is data (policies/catalogue.textproto); a partnership adds a data set without
// touching code. An existing Catalogue has been checked whole.
//
// Words: a *dimension* is one fact about a record (age). It has one or several
// *levels* (age_band, age_core), and each level is a *variable* of a question.
// Level 0 is the finest; a level *nests in* a coarser one when each of its
// codes falls whole into one code there. Every code list has "U", not known.

inline constexpr char kUnknownCode[] = "U";
// A place outside the area an agency declared; only agents give it.
inline constexpr char kOutsideCode[] = "OUT";
// How a margin reads in a result.
inline constexpr char kTotal[] = "Total";

enum class DimensionKind { kCategory, kTime, kWeekday, kHour, kPlace };
enum class TimePrecision { kMonth, kDay, kMinute };
enum class Combination { kDisjoint, kOverlap };

struct Code {
  std::string id;
  std::string label;
  std::vector<std::string> aliases;
  // Ordered lists: the least and greatest value in the code, ends included.
  std::optional<int64_t> at_least;
  std::optional<int64_t> at_most;
};

struct Level {
  std::string variable;
  std::string title;
  // Empty for levels of areas, whose codes come from the places table.
  std::vector<Code> codes;
  // TIME: false for a quarter or year that reaches beyond the data set's
  // period.
  std::vector<bool> whole;
  // Variables of the coarser levels that this one nests in, directly or not.
  std::vector<std::string> nests_in;

  // A named place: its codes are 1 (in any of these areas) and 0. Empty for all
  // other levels.
  struct Area {
    std::string variable;  // a level of the same dimension
    std::string code;
  };
  std::vector<Area> areas;

  // Index of a code by its id or an alias (aliases ignore case); -1 if absent.
  int Find(absl::string_view text) const;
};

struct Dimension {
  std::string id;
  std::string title;
  DimensionKind kind = DimensionKind::kCategory;
  bool multi_valued = false;
  bool sensitive = false;
  std::vector<Level> levels;
  // up[l][i]: index in levels[l].codes of the code that finest code i lies in.
  // Empty for places.
  std::vector<std::vector<int>> up;
  // A population: the saved filter; its one level has codes 1 and 0.
  std::optional<Filter> population;

  // -1 if no level has this variable name.
  int FindLevel(absl::string_view variable) const;
  // True if level `fine` equals `coarse` or nests in it.
  bool Nests(int fine, int coarse) const;
};

struct Quantity {
  std::string variable;
  std::string title;
  std::string unit;
  int decimals = 0;      // kept as whole numbers of 10^-decimals
  int64_t clip_low = 0;  // in those whole numbers
  int64_t clip_high = 0;
};

// What no record can be: one of each part's codes at once. Its cells are worked
// out by core/query/structural_zeros.h.
struct StructuralZero {
  struct Part {
    int dimension = 0;         // a category, not multi-valued
    std::vector<bool> leaves;  // by code of its finest level
  };
  std::vector<Part> parts;  // two or more, each of another dimension
  std::string reason;
};

struct DataSet {
  std::string id;
  std::string title;
  std::string grain;
  std::string unit;
  Combination agencies = Combination::kDisjoint;
  TimePrecision time_precision = TimePrecision::kMonth;
  std::vector<std::string> months;    // the period, "2024-01" and on
  std::vector<Dimension> dimensions;  // populations last
  std::vector<Quantity> quantities;
  bool has_person_key = false;
  std::vector<StructuralZero> structural_zeros;

  struct Variable {
    int dimension;
    int level;
  };
  // Finds a level by its variable name. NOT_FOUND names the nearest.
  absl::StatusOr<Variable> FindVariable(absl::string_view name) const;
  const Quantity* FindQuantity(absl::string_view name) const;
  std::vector<std::string> VariableNames() const;
};

struct Purpose {
  std::string id;
  std::string label;
};

struct Catalogue {
  std::string partnership;
  std::string domain;  // of the names of its ledgers
  int version = 0;
  std::string digest;  // sha256 of the canonical text, hex
  std::vector<DataSet> data_sets;
  std::vector<Purpose> purposes;

  // NOT_FOUND names the nearest.
  absl::StatusOr<const DataSet*> Find(absl::string_view data_set) const;
  bool HasPurpose(absl::string_view id) const;
};

// Checks a data set that came from outside, fills `up`, `whole` and the codes
// of TIME, WEEKDAY and HOUR levels. `within[d]` gives for each CATEGORY level 0
// code, by level variable, the code it lies in. INVALID_ARGUMENT says what is
// wrong where.
using Within = absl::flat_hash_map<std::string, std::string>;
absl::Status CompleteDimension(const std::vector<std::string>& months,
                               const std::vector<Within>& code_within,
                               Dimension* dimension);

// "2024-01".."2024-04" -> the months between, both included. INVALID_ARGUMENT
// for a month that does not exist, an end before the start, or more than 600
// months.
absl::StatusOr<std::vector<std::string>> MonthsBetween(absl::string_view from,
                                                       absl::string_view to);
// The code a month lies in: variable is month, quarter, calendar_year,
// financial_year (from April) or academic_year (from September).
absl::StatusOr<std::string> CalendarCode(absl::string_view month,
                                         absl::string_view variable);
// All months of a calendar code, in order.
std::vector<std::string> MonthsOf(absl::string_view calendar_variable,
                                  absl::string_view code);

// The name in `names` nearest to `text` by edit distance; "" if none is near.
std::string Nearest(absl::string_view text,
                    const std::vector<std::string>& names);

}  // namespace cairn

#endif  // CAIRN_CORE_QUERY_CATALOGUE_H_
