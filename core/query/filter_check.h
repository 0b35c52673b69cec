#ifndef CAIRN_CORE_QUERY_FILTER_CHECK_H_
#define CAIRN_CORE_QUERY_FILTER_CHECK_H_

#include <optional>
#include <string>

#include "core/query/catalogue.h"
#include "core/query/filter.h"
#include "core/query/filter_text.h"
#include "core/query/filter_token.h"

namespace cairn {

// What a name in a filter stands for. Points into the data set.
struct FilterVariable {
  std::string name;  // as the filter keeps it: a level's, or a dimension's id
  const Dimension* dimension = nullptr;
  const Level* level = nullptr;  // the finest for a dimension's id

  bool IsTime() const { return dimension->kind == DimensionKind::kTime; }
  bool IsPlace() const { return dimension->kind == DimensionKind::kPlace; }
  // True if the codes are bands of numbers.
  bool HasNumbers() const;
};

// Finds the variable a word names; otherwise says which one may have been
// meant.
std::optional<FilterError> FindFilterVariable(const DataSet& data_set,
                                              const FilterToken& word,
                                              FilterVariable* variable);

// `place = 'city_centre'`: the name of a place dimension stands for the places
// the partnership has named, each a variable of its own.
bool StandsForPlaces(const FilterVariable& variable);
// The variable of the place that a token names, by id or title; otherwise says
// which one may have been meant.
std::optional<FilterError> FindPlace(const FilterToken& token,
                                     FilterVariable* variable);

// Refuses < and its kin for what has no order. `position` is the operator's.
std::optional<FilterError> CheckOrdered(const FilterVariable& variable,
                                        size_t position);

// Turns a token (text or number) into the literal that the filter keeps: a
// canonical code, a number, or a date. IN counts as kEqual; the ends of BETWEEN
// as kGreaterOrEqual and kLessOrEqual. In an order, the code of a band stands
// for its edge: age_band <= '18-24' keeps 24; no value means the band has no
// end.
std::optional<FilterError> CheckLiteral(const DataSet& data_set,
                                        const FilterVariable& variable,
                                        Comparison op, const FilterToken& token,
                                        std::optional<Literal>* literal);

}  // namespace cairn

#endif  // CAIRN_CORE_QUERY_FILTER_CHECK_H_
