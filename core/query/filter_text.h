#ifndef CAIRN_CORE_QUERY_FILTER_TEXT_H_
#define CAIRN_CORE_QUERY_FILTER_TEXT_H_

#include <cstddef>
#include <string>
#include <variant>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "core/query/catalogue.h"
#include "core/query/filter.h"

namespace cairn {

// The language of --where, a subset of SQL's WHERE:
//
//   either    := both (OR both)*
//   both      := condition (AND condition)*          AND binds tighter than OR
//   condition := NOT condition | ( either )
//              | VARIABLE (= | != | <> | < | <= | > | >=) value
//              | VARIABLE [NOT] IN ( value (, value)* )
//              | VARIABLE [NOT] BETWEEN value AND value
//              | VARIABLE IS [NOT] NULL
//   value     := whole number | 'text in single quotes, '' for a quote'
//
// Keywords in any case. A variable is a level of the data set (age_band,
// month), or the id of a dimension of numbers (age < 25) or of time (occurred).
// Values are checked against the catalogue, and codes come out in their
// canonical spelling: 'knife' is KNIFE. Not checked here: codes of places,
// which belong to the agencies, and whether the filter falls on the edges of
// codes.

// What is wrong with a filter, and where.
struct FilterError {
  size_t position = 0;     // byte offset into the text; may be its end
  std::string message;     // one sentence
  std::string suggestion;  // what to write in its place; often empty
};

// For callers that show an error in their own way. Takes any bytes.
std::variant<Filter, FilterError> CheckFilterText(absl::string_view text,
                                                  const DataSet& data_set);

// INVALID_ARGUMENT for whatever is wrong. The message is three lines: the
// sentence, at most 72 characters around the place, and a caret under the
// place.
absl::StatusOr<Filter> ParseFilter(absl::string_view text,
                                   const DataSet& data_set);

// The three lines of ParseFilter's message. Safe for a terminal.
std::string RenderFilterError(absl::string_view text, const FilterError& error);

// Prints a filter within the limits of filter.h, so that ParseFilter gives the
// same filter back, up to grouping (a AND (b AND c) comes back as one AND of
// 3).
std::string FilterToText(const Filter& filter);

// For people: "offence is Knife and age under 25". Variables by their titles,
// codes by their labels; what the data set does not know is printed as it is.
std::string FilterToWords(const Filter& filter, const DataSet& data_set);

}  // namespace cairn

#endif  // CAIRN_CORE_QUERY_FILTER_TEXT_H_
