#include "agent/tabulator.h"

#include <algorithm>
#include <utility>

namespace cairn {

Tabulator::Tabulator(TableShape shape, Options options)
    : persons_(options.persons),
      keys_(options.keys),
      per_cell_(options.persons || !options.sums.empty()) {
  table_.shape = std::move(shape);
  const size_t cells = table_.shape.cells();
  table_.counts.assign(cells, 0);
  if (keys_) table_.keys.assign(cells, 0);
  if (persons_) {
    table_.persons.assign(cells, 0);
    table_.keyed_persons.assign(cells, 0);
    keyless_.assign(cells, false);
  }
  if (per_cell_) last_person_.assign(cells, -1);
  for (FrequencyTable::Sum& sum : options.sums) {
    sum.total.assign(cells, 0);
    sum.largest.assign(cells, 0);
    sum.second.assign(cells, 0);
    shares_.push_back({std::vector<int64_t>(cells, 0), {}, {}});
    shares_.back().largest.assign(cells, 0);
    shares_.back().second.assign(cells, 0);
    table_.sums.push_back(std::move(sum));
  }
  for (size_t a = 0; a < table_.shape.axes.size(); ++a) {
    strides_.push_back(table_.shape.stride(a));
    any_multi_ = any_multi_ || table_.shape.axes[a].multi_valued;
  }
}

void Tabulator::Shares::Close(size_t cell) {
  const int64_t share = std::exchange(current[cell], 0);
  if (share > largest[cell]) {
    second[cell] = largest[cell];
    largest[cell] = share;
  } else if (share > second[cell]) {
    second[cell] = share;
  }
}

// The cells a record falls into. A multi-valued axis always takes in its
// margin: the record counts there once, whatever its codes.
void Tabulator::FindPlaces(const std::vector<int64_t>& codes, bool with_margins,
                           std::vector<size_t>* places) const {
  places->assign(1, 0);
  for (size_t a = 0; a < strides_.size(); ++a) {
    const TableAxis& axis = table_.shape.axes[a];
    const size_t found = places->size();
    const size_t margin = axis.margin() * strides_[a];
    if (axis.multi_valued) {
      for (size_t i = 0; i < found; ++i) {
        for (size_t code = 0; code < axis.codes.size(); ++code) {
          if ((codes[a] >> code & 1) == 0) continue;
          places->push_back((*places)[i] + code * strides_[a]);
        }
        (*places)[i] += margin;
      }
      continue;
    }
    const size_t own = static_cast<size_t>(codes[a]) * strides_[a];
    for (size_t i = 0; i < found; ++i) {
      if (with_margins) places->push_back((*places)[i] + margin);
      (*places)[i] += own;
    }
  }
}

void Tabulator::Add(const std::vector<int64_t>& codes, int64_t person,
                    const std::vector<int64_t>& values, uint64_t key) {
  if (any_multi_) {
    FindPlaces(codes, false, &places_);
    for (const size_t cell : places_) {
      ++table_.counts[cell];
      if (keys_) table_.keys[cell] += key;
    }
  } else {
    size_t cell = 0;
    for (size_t a = 0; a < strides_.size(); ++a) {
      cell += static_cast<size_t>(codes[a]) * strides_[a];
    }
    ++table_.counts[cell];
    if (keys_) table_.keys[cell] += key;
  }
  if (per_cell_) AddPersons(codes, person, values);
}

void Tabulator::AddPersons(const std::vector<int64_t>& codes, int64_t person,
                           const std::vector<int64_t>& values) {
  FindPlaces(codes, true, &places_);
  for (const size_t cell : places_) {
    // Without a key every record is a contributor of its own to a sum.
    const bool same = person >= 0 && last_person_[cell] == person;
    if (!same) {
      for (Shares& shares : shares_) shares.Close(cell);
    }
    last_person_[cell] = person;
    if (persons_ && person >= 0 && !same) {
      ++table_.persons[cell];
      ++table_.keyed_persons[cell];
    } else if (persons_ && person < 0 && !keyless_[cell]) {
      keyless_[cell] = true;
      ++table_.persons[cell];
    }
    for (size_t s = 0; s < shares_.size(); ++s) {
      shares_[s].current[cell] += values[s];
      table_.sums[s].total[cell] += values[s];
    }
  }
}

FrequencyTable Tabulator::Finish() {
  RollUpMargins(table_.shape, &table_.counts);
  RollUpMargins(table_.shape, &table_.keys);  // nothing, where there are none
  for (size_t s = 0; s < shares_.size(); ++s) {
    for (size_t cell = 0; cell < table_.counts.size(); ++cell) {
      shares_[s].Close(cell);
    }
    table_.sums[s].largest = std::move(shares_[s].largest);
    table_.sums[s].second = std::move(shares_[s].second);
  }
  return std::move(table_);
}

}  // namespace cairn
