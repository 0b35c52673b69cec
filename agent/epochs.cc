#include "agent/epochs.h"

#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "agent/population_map.h"
#include "core/base/status_macros.h"
#include "core/disclosure/meeting.h"

namespace cairn {

namespace {

// Of dimensions of structural zeros of which no record is without a code, which
// code it is: that an agency tells by what it holds, as if by a table of each.
// Where records may be without one (U), they tell nothing.
absl::StatusOr<std::vector<TableShape>> ToldByHolding(const DataSource& source,
                                                      const DataSet& data_set) {
  std::set<int> dimensions;
  for (const StructuralZero& zero : data_set.structural_zeros) {
    for (const StructuralZero::Part& part : zero.parts) {
      dimensions.insert(part.dimension);
    }
  }
  std::vector<TableShape> told;
  for (const int d : dimensions) {
    const int at = FindStored(source.meta(),
                              data_set.dimensions[static_cast<size_t>(d)].id);
    if (at < 0) continue;
    CAIRN_ASSIGN_OR_RETURN(
        TableShape shape,
        source.MeetingShape({{source.meta().dimension(at).variable()}}));
    const std::vector<std::string>& codes = shape.axes[0].codes;
    if (std::count(codes.begin(), codes.end(), kUnknownCode) > 0) continue;
    told.push_back(std::move(shape));
  }
  return told;
}

// The tables in which those of a request meet, which nobody is told of.
absl::Status AddMeetings(const DataSource& source, FigureCache* figures,
                         ProtectRequest* request) {
  std::vector<const TableShape*> shapes;
  for (const FrequencyTable* table : request->tables) {
    shapes.push_back(&table->shape);
  }
  for (const ProtectedTable* pinned : request->pinned) {
    shapes.push_back(&pinned->shape());
  }
  CAIRN_ASSIGN_OR_RETURN(const std::vector<TableShape> told,
                         ToldByHolding(source, *request->data_set));
  for (const MeetingAxes& axes :
       FindMeetings(*request->data_set, shapes, told)) {
    CAIRN_ASSIGN_OR_RETURN(const TableShape shape, source.MeetingShape(axes));
    CAIRN_ASSIGN_OR_RETURN(ProtectRequest::Figures meeting,
                           figures->Tabulate(shape, request->measure));
    request->meetings.push_back(std::move(meeting));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Earlier> FindEarlier(ReleaseStore* releases,
                                    const DataSource& source,
                                    const Measure& measure) {
  std::vector<const std::map<std::string, ReleaseStore::TablePtr>*> released;
  std::vector<EraSet> spans;
  const std::string& data_set = source.meta().data_set();
  const std::vector<DataSource::Epoch> epochs = source.Epochs();
  for (const DataSource::Epoch& epoch : epochs) {
    CAIRN_ASSIGN_OR_RETURN(const auto* tables,
                           releases->Tables(data_set, epoch.id, measure));
    // An epoch without figures ties no others.
    spans.push_back(tables->empty() ? EraSet() : epoch.span);
    released.push_back(tables);
  }
  Earlier earlier;
  const std::vector<bool> connected = Connected(source.span(), spans);
  for (size_t e = 0; e < epochs.size(); ++e) {
    if (!connected[e]) continue;
    for (const auto& [key, table] : *released[e]) {
      earlier.tables.push_back(table);
      earlier.spans.push_back(epochs[e].span);
    }
  }
  CAIRN_ASSIGN_OR_RETURN(earlier.certificates,
                         releases->certificates()->Find(data_set, measure));
  return earlier;
}

absl::Status HoldAgainst(const Earlier& earlier, const DataSource& source,
                         FigureCache* figures,
                         const std::vector<const ProtectedTable*>& also,
                         ProtectRequest* request) {
  const Measure measure = request->measure;
  Timeline& timeline = request->timeline;
  timeline.eras = source.eras();
  timeline.spans.assign(request->tables.size(), source.span());
  for (size_t i = 0; i < earlier.tables.size(); ++i) {
    request->pinned.push_back(earlier.tables[i].get());
    timeline.spans.push_back(earlier.spans[i]);
  }
  for (const ProtectedTable* table : also) {
    request->pinned.push_back(table);
    timeline.spans.push_back(source.span());
  }
  request->tabulate = [figures, measure](const TableShape& shape) {
    return figures->Tabulate(shape, measure);
  };
  request->tabulate_span = [figures, measure](const TableShape& shape,
                                              const EraSet& span) {
    return figures->Tabulate(shape, measure, &span);
  };
  if (source.gives_records()) {
    request->records =
        [&source](const std::vector<const TableShape*>& shapes,
                  bool held) -> absl::StatusOr<ProtectRequest::Records> {
      CAIRN_ASSIGN_OR_RETURN(Microdata records, source.Records(shapes, held));
      return std::make_shared<const Microdata>(std::move(records));
    };
  }
  return AddMeetings(source, figures, request);
}

}  // namespace cairn
