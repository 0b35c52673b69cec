// What an extract says of its epochs: Source by time.

#include <algorithm>
#include <utility>

#include "agent/data_source.h"

namespace cairn {

DataSource::DataSource(std::string path, v1::ExtractMeta meta,
                       const DataSet& data_set)
    : meta_(std::move(meta)), data_set_(data_set), path_(std::move(path)) {
  for (const v1::ExtractEra& told : meta_.era()) {
    Era era;
    for (const auto& in : told.in()) era.code_of[in.variable()] = in.code();
    eras_.push_back(std::move(era));
  }
  span_ = SpanAt(meta_.sequence());
  for (int d = 0; d < meta_.dimension_size() && time_ < 0; ++d) {
    if (IsTime(eras_, meta_.dimension(d).variable())) time_ = d;
  }
}

EraSet DataSource::SpanAt(uint32_t sequence) const {
  EraSet span;
  for (int e = 0; e < meta_.era_size(); ++e) {
    const auto& bounds = meta_.era(e).bound();
    const auto passed =
        std::count_if(bounds.begin(), bounds.end(),
                      [sequence](uint32_t bound) { return bound <= sequence; });
    if (passed % 2 == 1) span.push_back(e);
  }
  return span;
}

std::vector<DataSource::Epoch> DataSource::Epochs() const {
  std::vector<Epoch> epochs = {{meta_.epoch(), span_}};
  for (const v1::PastEpoch& past : meta_.past()) {
    // A load that undoes another has the epoch of the one before that.
    const bool listed = std::any_of(
        epochs.begin(), epochs.end(),
        [&past](const Epoch& epoch) { return epoch.id == past.epoch(); });
    if (!past.apart() && !listed) {
      epochs.push_back({past.epoch(), SpanAt(past.sequence())});
    }
  }
  return epochs;
}

}  // namespace cairn
