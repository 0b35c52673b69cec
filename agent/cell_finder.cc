#include "agent/cell_finder.h"

#include <algorithm>
#include <utility>

#include "core/base/status_macros.h"
#include "core/query/query.h"

namespace cairn {
namespace {

// What a lane adds for a record that is not of the span, and for a code that no
// record can have. Every table has far fewer cells and at most 16 axes, so
// neither is lost in a sum.
constexpr uint32_t kOut = uint32_t{1} << 22;
constexpr uint32_t kBad = uint32_t{1} << 27;
static_assert(kMaxTableCells < kOut && 16 * kOut < kBad);

// What a column's number adds. `adds` has room for every number that a narrow
// column can hold.
template <typename Code>
uint32_t Look(const uint32_t* adds, size_t size, Code code) {
  if constexpr (sizeof(Code) < sizeof(uint32_t)) return adds[code];
  return code < size ? adds[code] : kBad;
}

// Calls `body` with a column's numbers as what they are.
template <typename Body>
void WithCodes(const Snapshot::Column& column, uint64_t first_row,
               const Body& body) {
  const char* const codes = column.data + first_row * column.width;
  switch (column.width) {
    case 1:
      return body(reinterpret_cast<const uint8_t*>(codes));
    case 2:
      return body(reinterpret_cast<const uint16_t*>(codes));
    default:
      return body(reinterpret_cast<const uint32_t*>(codes));
  }
}

// Room for every number that a narrow column can hold, so that no number leads
// out of the table.
void FillUp(uint32_t width, std::vector<uint32_t>* adds) {
  if (width <= 2) adds->resize(size_t{1} << (8 * width), kBad);
}

}  // namespace

bool CellFinder::CanServe(const ScanPlan& scan) {
  const auto single = [](const ScanPlan::Axis& axis) {
    const auto& columns = axis.population.columns;
    return !axis.mask && std::none_of(columns.begin(), columns.end(),
                                      [](const auto& c) { return c.mask; });
  };
  return scan.axes.size() <= 16 &&
         std::all_of(scan.axes.begin(), scan.axes.end(), single);
}

absl::StatusOr<Snapshot::Column> CellFinder::ColumnOf(Snapshot* snapshot,
                                                      const ScanPlan& scan,
                                                      size_t stored) {
  const int at = scan.stored[stored];
  if (at == scan.time) return snapshot->Find(ColumnKind::kEra);
  return snapshot->Find(ColumnKind::kDimension, static_cast<uint32_t>(at));
}

absl::StatusOr<CellFinder> CellFinder::Create(Snapshot* snapshot,
                                              const ScanPlan& scan,
                                              const TableShape& shape) {
  CellFinder finder(static_cast<uint32_t>(shape.cells()));
  for (size_t a = 0; a < scan.axes.size(); ++a) {
    CAIRN_RETURN_IF_ERROR(finder.AddAxis(
        snapshot, scan, scan.axes[a], static_cast<uint32_t>(shape.stride(a))));
  }
  CAIRN_RETURN_IF_ERROR(finder.AddSpan(snapshot, scan));
  return finder;
}

absl::Status CellFinder::AddAxis(Snapshot* snapshot, const ScanPlan& scan,
                                 const ScanPlan::Axis& axis, uint32_t stride) {
  const PopulationMap& population = axis.population;
  if (population.admitted.empty()) {
    Lane lane;
    CAIRN_ASSIGN_OR_RETURN(lane.column, ColumnOf(snapshot, scan, axis.column));
    const bool eras = scan.stored[axis.column] == scan.time;
    for (size_t i = 0; i < axis.position.size(); ++i) {
      const bool out = eras && i < scan.chosen.size() && !scan.chosen[i];
      const int64_t at = axis.position[i];
      lane.adds.push_back(out      ? kOut
                          : at < 0 ? kBad
                                   : static_cast<uint32_t>(at) * stride);
    }
    FillUp(lane.column.width, &lane.adds);
    lanes_.push_back(std::move(lane));
    return absl::OkStatus();
  }
  Joint joint;
  for (const PopulationMap::Column& column : population.columns) {
    Lane lane;
    CAIRN_ASSIGN_OR_RETURN(lane.column, ColumnOf(snapshot, scan, column.at));
    for (const size_t code : column.filter) {
      lane.adds.push_back(static_cast<uint32_t>(code * column.stride));
    }
    FillUp(lane.column.width, &lane.adds);
    joint.lanes.push_back(std::move(lane));
  }
  for (const bool in : population.admitted) {
    joint.adds.push_back(in ? 0 : stride);
  }
  joints_.push_back(std::move(joint));
  return absl::OkStatus();
}

// Where the table's time does not tell already, and not all records are asked.
absl::Status CellFinder::AddSpan(Snapshot* snapshot, const ScanPlan& scan) {
  const bool told = std::any_of(scan.axes.begin(), scan.axes.end(),
                                [&scan](const ScanPlan::Axis& axis) {
                                  return axis.population.admitted.empty() &&
                                         scan.stored[axis.column] == scan.time;
                                });
  const bool all = std::all_of(scan.chosen.begin(), scan.chosen.end(),
                               [](bool chosen) { return chosen; });
  if (told || all) return absl::OkStatus();
  Lane lane;
  CAIRN_ASSIGN_OR_RETURN(lane.column, snapshot->Find(ColumnKind::kEra));
  for (const bool chosen : scan.chosen) lane.adds.push_back(chosen ? 0 : kOut);
  FillUp(lane.column.width, &lane.adds);
  lanes_.push_back(std::move(lane));
  return absl::OkStatus();
}

void CellFinder::AddUp(const std::vector<Lane>& lanes, uint64_t first_row,
                       size_t rows, uint32_t* sums) const {
  // Two at a time: half as much is written and read again.
  size_t l = 0;
  if (lanes.size() % 2 == 1) {
    const Lane& lane = lanes[l++];
    WithCodes(lane.column, first_row, [&](const auto* codes) {
      const uint32_t* const adds = lane.adds.data();
      const size_t size = lane.adds.size();
      for (size_t i = 0; i < rows; ++i) sums[i] = Look(adds, size, codes[i]);
    });
  } else {
    std::fill_n(sums, rows, 0);
  }
  for (; l < lanes.size(); l += 2) {
    AddTwo(lanes[l], lanes[l + 1], first_row, rows, sums);
  }
}

void CellFinder::AddTwo(const Lane& a, const Lane& b, uint64_t first_row,
                        size_t rows, uint32_t* sums) {
  WithCodes(a.column, first_row, [&](const auto* a_codes) {
    WithCodes(b.column, first_row, [&](const auto* b_codes) {
      const uint32_t* const a_adds = a.adds.data();
      const uint32_t* const b_adds = b.adds.data();
      const size_t a_size = a.adds.size(), b_size = b.adds.size();
      for (size_t i = 0; i < rows; ++i) {
        sums[i] +=
            Look(a_adds, a_size, a_codes[i]) + Look(b_adds, b_size, b_codes[i]);
      }
    });
  });
}

bool CellFinder::Find(uint64_t first_row, size_t rows, uint32_t* cells) const {
  AddUp(lanes_, first_row, rows, cells);
  uint32_t offsets[kBlockRows];
  for (const Joint& joint : joints_) {
    AddUp(joint.lanes, first_row, rows, offsets);
    const uint32_t* const adds = joint.adds.data();
    const size_t size = joint.adds.size();
    for (size_t i = 0; i < rows; ++i) cells[i] += Look(adds, size, offsets[i]);
  }
  uint32_t all = 0;  // no cell's number has a bit as high as kOut
  for (size_t i = 0; i < rows; ++i) all |= cells[i];
  if (all < kOut) return true;
  bool bad = false;
  for (size_t i = 0; i < rows; ++i) {
    bad |= cells[i] >= kBad;
    cells[i] = std::min(cells[i], behind_);
  }
  return !bad;
}

}  // namespace cairn
