#include "core/disclosure/figures.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"

namespace cairn {
namespace {

// The figures of one table, by its own cells.
struct TableFigures {
  std::vector<int64_t> figure, count, persons, largest, second;
};

const FrequencyTable::Sum* FindSum(const FrequencyTable& table,
                                   const Measure& measure) {
  for (const FrequencyTable::Sum& sum : table.sums) {
    if (sum.quantity == measure.quantity) return &sum;
  }
  return nullptr;
}

absl::StatusOr<TableFigures> Read(const FrequencyTable& table,
                                  const Measure& measure) {
  TableFigures figures;
  figures.count = table.counts;
  figures.persons = table.persons;
  switch (measure.kind) {
    case Measure::Kind::kCount:
      figures.figure = table.counts;
      break;
    case Measure::Kind::kDistinctPersons:
      figures.figure = table.keyed_persons;
      break;
    case Measure::Kind::kSum:
      if (const FrequencyTable::Sum* sum = FindSum(table, measure)) {
        figures.figure = sum->total;
        figures.largest = sum->largest;
        figures.second = sum->second;
      }
      break;
    case Measure::Kind::kMean:
      break;
  }
  const size_t cells = table.shape.cells();
  if (figures.figure.size() != cells || figures.count.size() != cells) {
    return absl::InvalidArgumentError(
        absl::StrCat("the table carries no figures for ", measure.ToString()));
  }
  return figures;
}

// A coarser table by adding up a finer one.
std::vector<int64_t> AddUp(const std::vector<int64_t>& finer,
                           const TableShape& from,
                           const LinkedTables::Unseen& to) {
  std::vector<int64_t> figures(to.shape.cells(), 0);
  if (finer.empty()) return {};
  const size_t stride = from.stride(to.axis);
  const size_t size = from.axes[to.axis].size();
  const size_t coarse_size = to.shape.axes[to.axis].size();
  for (size_t cell = 0; cell < finer.size(); ++cell) {
    const size_t at = (cell / stride) % size;
    const size_t coarse = at + 1 == size ? coarse_size - 1 : to.code_of[at];
    const size_t outer = cell / (stride * size);
    figures[(outer * coarse_size + coarse) * stride + cell % stride] +=
        finer[cell];
  }
  return figures;
}

absl::Status CheckPinned(const ProtectedTable& table,
                         const std::vector<int64_t>& figures) {
  for (size_t cell = 0; cell < figures.size(); ++cell) {
    const Cell& mark = table.cells()[cell];
    if (figures[cell] < mark.low || figures[cell] > mark.high) {
      return absl::DataLossError(
          "what was released of these records is not what they hold now");
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<SystemFigures> FindFigures(const ProtectRequest& request,
                                          const LinkedTables& linked) {
  SystemFigures all;
  const size_t cells = static_cast<size_t>(linked.system().cells());
  all.figure.assign(cells, 0);
  all.count.assign(cells, 0);
  if (!request.tables.empty() && !request.tables[0]->persons.empty()) {
    all.persons.assign(cells, 0);
  }
  if (request.measure.kind == Measure::Kind::kSum) {
    all.largest.assign(cells, 0);
    all.second.assign(cells, 0);
  }
  std::vector<TableFigures> tables;
  const auto take = [&](const FrequencyTable& table) -> absl::Status {
    CAIRN_ASSIGN_OR_RETURN(TableFigures figures, Read(table, request.measure));
    if (const auto* sum = FindSum(table, request.measure)) {
      all.clip_high = sum->clip_high;
      all.decimals = sum->decimals;
    }
    tables.push_back(std::move(figures));
    return absl::OkStatus();
  };
  for (const FrequencyTable* table : request.tables) {
    CAIRN_RETURN_IF_ERROR(take(*table));
  }
  const auto tabulate =
      [&](const TableShape& shape) -> absl::StatusOr<ProtectRequest::Figures> {
    const EraSet& span = linked.span(tables.size());
    const bool has_span = !request.timeline.eras.empty();
    if (has_span ? request.tabulate_span == nullptr
                 : request.tabulate == nullptr) {
      return absl::InvalidArgumentError(
          "there are no figures for a table that others meet in");
    }
    return has_span ? request.tabulate_span(shape, span)
                    : request.tabulate(shape);
  };
  for (const ProtectedTable* pinned : request.pinned) {
    CAIRN_ASSIGN_OR_RETURN(const auto table, tabulate(pinned->shape()));
    CAIRN_RETURN_IF_ERROR(take(*table));
    CAIRN_RETURN_IF_ERROR(CheckPinned(*pinned, tables.back().figure));
  }
  for (const ProtectRequest::Figures& meeting : request.meetings) {
    CAIRN_RETURN_IF_ERROR(take(*meeting));
  }
  for (const LinkedTables::Unseen& unseen : linked.unseen()) {
    const bool adds = unseen.finer != LinkedTables::kNoTable &&
                      request.measure.kind != Measure::Kind::kDistinctPersons &&
                      !unseen.shape.axes[unseen.axis].multi_valued;
    if (!adds) {
      CAIRN_ASSIGN_OR_RETURN(const auto table, tabulate(unseen.shape));
      CAIRN_RETURN_IF_ERROR(take(*table));
      continue;
    }
    const TableShape& from = linked.shape_of(unseen.finer);
    const TableFigures& finer = tables[unseen.finer];
    TableFigures sum;
    sum.figure = AddUp(finer.figure, from, unseen);
    sum.count = AddUp(finer.count, from, unseen);
    tables.push_back(std::move(sum));
  }
  for (size_t t = 0; t < tables.size(); ++t) {
    const std::vector<int>& cells_of = linked.cells_of(t);
    for (size_t cell = 0; cell < cells_of.size(); ++cell) {
      const size_t i = static_cast<size_t>(cells_of[cell]);
      all.figure[i] = tables[t].figure[cell];
      all.count[i] = tables[t].count[cell];
      if (!all.persons.empty() && !tables[t].persons.empty()) {
        all.persons[i] = tables[t].persons[cell];
      }
      if (!all.largest.empty() && !tables[t].largest.empty()) {
        all.largest[i] = tables[t].largest[cell];
        all.second[i] = tables[t].second[cell];
      }
    }
  }
  return all;
}

}  // namespace cairn
