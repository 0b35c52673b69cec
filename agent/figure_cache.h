#ifndef CAIRN_AGENT_FIGURE_CACHE_H_
#define CAIRN_AGENT_FIGURE_CACHE_H_

#include <list>
#include <memory>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "agent/data_source.h"
#include "core/query/table.h"

namespace cairn {

// The true figures of one extract's tables, so that a new table can be held
// against many earlier ones without a pass over the records for each. They stay
// in this process's memory; what was not used for longest goes first.
class FigureCache {
 public:
  // Both must outlive the cache. `with_keys`: tables carry the sums of record
  // keys (method CELL_KEY).
  FigureCache(const DataSource* source, const DataSet* data_set, bool with_keys)
      : source_(source), data_set_(data_set), with_keys_(with_keys) {}

  using TablePtr = std::shared_ptr<const FrequencyTable>;

  // The figures of a table of this shape (DataSource::Shape, or a coarser
  // form of one) for a measure, of the records in force or of another span.
  // Errors as DataSource::Tabulate.
  absl::StatusOr<TablePtr> Tabulate(const TableShape& shape,
                                    const Measure& measure,
                                    const EraSet* span = nullptr);

 private:
  // Some 30 to 60 bytes a cell.
  static constexpr size_t kMaxCells = 2'000'000;

  struct Entry {
    std::string key;
    TablePtr table;
  };

  const DataSource* const source_;
  const DataSet* const data_set_;
  const bool with_keys_;
  std::list<Entry> entries_;  // the latest used first
  absl::flat_hash_map<std::string, std::list<Entry>::iterator> by_key_;
  size_t cells_ = 0;
};

}  // namespace cairn

#endif  // CAIRN_AGENT_FIGURE_CACHE_H_
